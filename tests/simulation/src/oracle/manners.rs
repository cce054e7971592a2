//! Frames stay below their bounds (bytes: [`super::budget`]), have the right form, and every takeover has its burst.
//!
//! The forms are those that repair a cache of any age (see [`crate::host`]): the request first, then the reply with its
//! own target hardware address; advertisements always with override.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use patina::addr::HardwareAddr;
use patina::hot::Report;

use super::Finding;
use super::budget::Budget;
use crate::frame::{Kind, Seen};
use crate::lan::Station;
use crate::node::{address, address_number};
use crate::world::World;

/// The longest frame without its check sequence.
const FRAME: usize = 1514;
/// Beats of one link in a second: ten at the default rate, five times as many while somebody is asked about, and some for
/// claims that came or went.
const BEATS: usize = 5 * 10 + 20;
/// The same in the fast profile.
const BEATS_FAST: usize = 5 * 20 + 20;
/// Gratuitous frames of one link for one address in a second: a burst has six in its first second, restarts at most once
/// in 300 ms to assert, and for each newcomer.
const GRATUITOUS: usize = 40;
/// By then the first frames of a burst are out.
const FIRST: Duration = Duration::from_millis(5);
/// By then so many rounds of a burst are out, if the node still owns: 0, 50, 200 ms, 1.1 s.
const SCHEDULE: [(Duration, usize); 3] =
    [(Duration::from_millis(70), 2), (Duration::from_millis(230), 3), (Duration::from_millis(1_150), 4)];
/// With more addresses than this the bursts are paced, and come later than their schedule.
const PACED: usize = 50;

/// The burst of a takeover, as far as it has come.
#[derive(Clone, Debug)]
struct Burst {
    since: Duration,
    rounds: usize,
    checked: usize,
}

/// What was sent of late.
#[derive(Debug, Default)]
pub struct Manners {
    budget: Budget,
    beats: BTreeMap<Station, VecDeque<Duration>>,
    gratuitous: BTreeMap<(Station, u16), VecDeque<Duration>>,
    bursts: BTreeMap<(u16, u16), Burst>,
}

impl Manners {
    /// A node has reported.
    pub fn report(&mut self, node: u16, report: &Report, at: Duration) {
        match report {
            Report::Took { address, .. } => {
                let burst = Burst { since: at, rounds: 0, checked: 0 };
                self.bursts.insert((node, address_number(*address)), burst);
            }
            Report::Dropped { address, .. } => {
                self.bursts.remove(&(node, address_number(*address)));
            }
            // Its bursts begin anew when it knows that it still owns.
            Report::Doubt { .. } => self.bursts.retain(|(doubter, _), _| *doubter != node),
            Report::Peer { .. } | Report::Conflict { .. } | Report::Twins { .. } | Report::Left => {}
        }
    }

    /// A node has sent a frame.
    pub fn sent(
        &mut self,
        world: &World,
        from: Station,
        seen: &Seen,
        length: usize,
        at: Duration,
    ) -> Finding {
        if length > FRAME {
            return Some(format!("{from} sends a frame of {length} bytes"));
        }
        let Station::Link { node, .. } = from else { return None };
        if let Kind::Beat(_) = seen.kind {
            let bound = if world.fastest.beat < Duration::from_millis(90) { BEATS_FAST } else { BEATS };
            // A list of ten thousand addresses travels in some fifty datagrams, to each that lacks it.
            let bound = bound + world.services.len() / 5;
            let sent = count(self.beats.entry(from).or_default(), at);
            if sent > bound {
                return Some(format!("{from} sends {sent} beats in a second"));
            }
            return self.budget.sent(world, from, length, at);
        }
        let number = address_number(seen.kind.claims()?);
        self.form(node, number, from, seen).or_else(|| self.often(from, number, seen, at))
    }

    fn often(&mut self, from: Station, number: u16, seen: &Seen, at: Duration) -> Finding {
        if !seen.kind.gratuitous() {
            return None;
        }
        let sent = count(self.gratuitous.entry((from, number)).or_default(), at);
        (sent > GRATUITOUS)
            .then(|| format!("{from} sends {sent} gratuitous frames for address {number} in a second"))
    }

    /// Whether a frame has the form that repairs caches; counts the rounds of a burst.
    fn form(&mut self, node: u16, number: u16, from: Station, seen: &Seen) -> Finding {
        let burst = self.bursts.get_mut(&(node, number));
        match seen.kind {
            Kind::Advertisement(advertisement) if !advertisement.overriding => {
                return Some(format!("{from} advertises address {number} without override"));
            }
            Kind::Advertisement(advertisement) if !advertisement.solicited => {
                burst.into_iter().for_each(|burst| burst.rounds += 1);
            }
            Kind::Arp(arp) if arp.sender == arp.target && seen.to != HardwareAddr::BROADCAST => {
                return Some(format!("{from} sends a gratuitous frame to {}", seen.to));
            }
            Kind::Arp(arp) if arp.sender == arp.target && !arp.reply => {
                burst.into_iter().for_each(|burst| burst.rounds += 1);
            }
            Kind::Arp(arp) if arp.sender == arp.target => {
                if arp.target_hw != arp.sender_hw {
                    return Some(format!(
                        "{from} sends a gratuitous reply with a target that is not its own"
                    ));
                }
                if burst.is_some_and(|burst| burst.rounds == 0) {
                    return Some(format!("{from} begins its burst for address {number} with the reply form"));
                }
            }
            Kind::Advertisement(_) | Kind::Arp(_) => {}
            Kind::Solicitation { .. } | Kind::Beat(_) | Kind::Other => {}
        }
        None
    }

    /// Looks whether bursts keep their schedule.
    pub fn tick(&mut self, world: &World, at: Duration) -> Finding {
        if world.services.len() > PACED {
            return None;
        }
        let owner = |node: u16, number: u16| {
            let this = &world.nodes[usize::from(node)];
            this.awake(at) && this.owns(address(number)).is_some()
        };
        self.bursts.retain(|(node, number), _| owner(*node, *number));
        self.bursts.iter_mut().find_map(|(&(node, number), burst)| {
            let quiet = at.saturating_sub(burst.since.max(world.quiet_since(node)));
            if burst.rounds == 0 && quiet > FIRST {
                return Some(format!("n{node} has taken address {number} and sends no burst"));
            }
            let (due, rounds) = *SCHEDULE.get(burst.checked)?;
            let due = if world.setup.drifting { due * 10 / 9 } else { due };
            if quiet <= due {
                return None;
            }
            burst.checked += 1;
            (burst.rounds < rounds).then(|| {
                format!("n{node} has repeated its burst for address {number} {} times", burst.rounds)
            })
        })
    }
}

/// Counts one more at `at`; how many there were within the last second.
fn count(times: &mut VecDeque<Duration>, at: Duration) -> usize {
    times.push_back(at);
    while times.front().is_some_and(|&first| first + Duration::from_secs(1) < at) {
        times.pop_front();
    }
    times.len()
}
