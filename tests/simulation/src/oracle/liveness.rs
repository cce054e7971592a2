//! Somebody answers, as long as somebody can.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Finding, slack};
use crate::world::World;

/// A node that was left alone for so long before the owner went is settled, and takes over within the failover bound.
const QUIET: Duration = Duration::from_secs(5);
/// Otherwise it takes as long as settling does (3 s at most), and a bit of everything else.
const RECOVERY: Duration = Duration::from_secs(6);
/// A node that hears nobody, while the API server names others, waits for a spanning tree: 35 s.
const RECOVERY_ALONE: Duration = Duration::from_secs(40);
/// Whoever hears no speaker waits for a frame of another station, and hosts ask by multicast every other time: so long
/// a host may ask by unicast alone. Two beats more pass until an owner that lives would have been heard.
const PROOF: Duration = Duration::from_millis(400);
/// Who hears only speakers that do not offer the address waits for their beat: they may be idle.
const IDLE: Duration = Duration::from_secs(1);
/// Beyond dead-time and skew (promise 2), without the beat by which the last beat may precede the crash.
const MARGIN: Duration = Duration::from_millis(10);

/// Since when which candidate could answer and hears nobody who does.
#[derive(Debug, Default)]
pub struct Liveness {
    orphans: BTreeMap<(u16, u16), Duration>,
}

impl Liveness {
    /// Looks.
    pub fn tick(&mut self, world: &World, at: Duration) -> Finding {
        let mut orphans = BTreeMap::new();
        for &number in &world.services {
            let answerers = world.sure_answerers(number, at);
            for node in (0..world.setup.nodes).filter(|&node| could(world, node, number, at)) {
                let answered = |&other: &u16| other == node || world.hears(node, other, number, at);
                if !answerers.iter().any(answered) && world.hears_anything(node, number, at) {
                    let since = self.orphans.get(&(number, node)).copied().unwrap_or(at);
                    orphans.insert((number, node), since);
                }
            }
        }
        self.orphans = orphans;
        let mut orphans = self.orphans.iter();
        orphans.find_map(|(&(number, node), &since)| overdue(world, number, node, since, at))
    }
}

/// Whether a node could answer for an address, as far as anybody outside can tell.
fn could(world: &World, node: u16, number: u16, at: Duration) -> bool {
    let this = &world.nodes[usize::from(node)];
    let stays = this.speaker.as_ref().is_some_and(|speaker| speaker.leaving.is_none());
    stays
        && this.awake(at)
        && this.offers.contains_key(&number)
        && world.lan.carrier(world.station(node, number))
        && !world.contested(number)
}

fn overdue(world: &World, number: u16, node: u16, since: Duration, at: Duration) -> Finding {
    let times = world.times;
    let lost = since;
    let since = since.max(world.disturbed.removal).max(world.latest_start());
    let quiet = world.quiet_since(node).max(world.disturbed.wiring);
    let company = world.company(node, number, at).next().is_some();
    let (from, bound) = if quiet + QUIET <= lost {
        let place = u32::from(world.setup.nodes);
        let proof = proof(world, node, number, at);
        (since, times.beat + times.dead + times.skew * place + MARGIN + proof)
    } else {
        (since.max(quiet), if company { RECOVERY } else { RECOVERY_ALONE })
    };
    let bound = bound + slack(&world.lan.weather, &times);
    let lasted = at.saturating_sub(from);
    // Whatever cuts or joins a part of the segment begins the span anew: it is enough to look at its end.
    (lasted > bound && world.clean(node, number, at))
        .then(|| format!("n{node} offers address {number} and hears nobody answer for it, for {lasted:?}"))
}

/// How long it may take until a frame of another station arrives. Who offers the address, too, beats as soon as nobody
/// owns it.
fn proof(world: &World, node: u16, number: u16, at: Duration) -> Duration {
    let until_resumed = 2 * world.times.beat;
    let offers = |other: u16| world.nodes[usize::from(other)].offers.contains_key(&number);
    match world.company(node, number, at).map(offers).max() {
        None => PROOF + until_resumed,
        Some(false) => IDLE + until_resumed,
        Some(true) => Duration::ZERO,
    }
}
