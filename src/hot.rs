//! Everything the packet thread of one node decides: who is alive, who owns which address, what to answer and to send.
//!
//! One machine, sans-IO, fed by frames, by the driver's [`Control`] and by the clock; the same machine and the same
//! bytes run in the speaker's packet thread and in the simulation.
//!
//! ```text
//!   Control (links, offers, nodes, leave) ─┐                ┌─► poll_transmit: frames to send
//!   frames, with their receive time ───────┼─► Hot machine ─┼─► poll_report: transitions, for people and status
//!   now ───────────────────────────────────┘                └─► poll_timeout: when to be called next
//! ```
//!
//! The shell's turn, in this order (a late reader must not look like a dead peer):
//! read every queued frame → `handle_timeout(now)` → send what `poll_transmit` gives → hand out `poll_report` → wait
//! until `poll_timeout` or the next frame.
//!
//! Calm turns allocate nothing: what is read, what is written and what waits to be sent has its room from turns before.
//!
//! Inside, each link has its own membership, ownership and announcer; what concerns the whole node (the keys, doubt after
//! a stall, leaving, two links on one segment) is decided here.
//!
//! ```text
//!   frame ─► wire ─┬─ beat ───────► membership ── changes ──► ownership ─┬─ took, dropped ─► announcer ─► frames
//!                  ├─ question ───► responder ── answer ─► frame         └─ the own claims ─► membership ─► beats
//!                  └─ says "mine" ► conflict: of a member, or of a stranger
//! ```

mod control;
mod counters;
mod driver;
mod link;
mod receive;
mod report;
mod snapshot;
mod stall;

pub use control::{Control, LinkFacts, NodeFacts, Settings};
pub use counters::{Counters, Ignored, Traffic};
pub use report::Report;
pub use snapshot::{LinkState, PeerState, Snapshot};

pub use crate::announce::desired::Offer;
pub use crate::ownership::{Cause, FailBack};

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use crate::addr::HardwareAddr;
use crate::membership::Surroundings;
use crate::membership::beat::Beat;
use crate::membership::member::Incarnation;
use crate::membership::seal::Keyring;
use crate::name::LinkIndex;
use crate::time::Instant;
use crate::wire::Spool;
use link::Link;
use stall::Stalls;

/// The process lingers so long after it gave something away: its node forwards while clients learn.
const LINGER: Duration = Duration::from_secs(1);

/// A frame to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit<'a> {
    /// The link to send it on.
    pub link: LinkIndex,
    /// The whole Ethernet frame, without FCS; short frames are padded by the driver of the link.
    pub frame: &'a [u8],
}

/// The machine. See the module's documentation.
#[derive(Debug)]
pub struct Hot {
    settings: Settings,
    keys: Keyring,
    incarnation: Incarnation,
    links: BTreeMap<LinkIndex, Link>,
    offers: Vec<Offer>,
    surroundings: Surroundings,
    /// Hardware addresses of speakers and of own links, on whatever link they were heard; silence does not forget them.
    known: BTreeSet<HardwareAddr>,
    stalls: Stalls,
    leaving: Leaving,
    transmits: Spool<LinkIndex>,
    /// The last beat read; the next one is read in its place.
    heard: Beat,
    reports: VecDeque<Report>,
    counters: Counters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    /// Whether anything was there to give away.
    Giving(bool),
    Lingering(Instant),
    Left,
}

impl Hot {
    /// A machine that has just started: no links, no offers, state *starting*.
    pub fn new(settings: Settings, now: Instant) -> Self {
        Self {
            keys: Keyring::new(settings.key.as_deref().unwrap_or_default(), None),
            incarnation: Incarnation(settings.started_at),
            settings,
            links: BTreeMap::new(),
            offers: Vec::new(),
            surroundings: Surroundings::default(),
            known: BTreeSet::new(),
            stalls: Stalls::new(now),
            leaving: Leaving::No,
            transmits: Spool::default(),
            heard: Beat::default(),
            reports: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// Takes one received frame. `received` is the kernel's receive timestamp, `now` the time of this turn.
    pub fn handle_frame(&mut self, link: LinkIndex, frame: &[u8], received: Instant, now: Instant) {
        self.wake(now);
        if let Err(ignored) = self.receive(link, frame, received.min(now), now) {
            self.counters.ignore(ignored);
        }
    }

    /// Takes a word from the driver.
    pub fn handle_control(&mut self, control: Control, now: Instant) {
        self.wake(now);
        self.obey(control, now);
        self.stalls.expect(self.poll_timeout(), now);
    }

    /// Does what is due at `now`. Called on every turn, after the frames.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.wake(now);
        let unwell = self.stalls.unwell(now);
        self.end_shadows(now);
        for link in self.links.values_mut() {
            link.turn(unwell, self.settings.fail_back, &mut self.reports, now);
        }
        self.bury_gone(now);
        for link in self.links.values_mut() {
            link.speak(&self.keys, &mut self.transmits, &mut self.counters, now);
        }
        self.leave_when_done(now);
        self.stalls.expect(self.poll_timeout(), now);
    }

    /// The next frame to send, oldest first.
    pub fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        self.transmits.pop().map(|(link, frame)| Transmit { link, frame })
    }

    /// The next transition to tell people about, oldest first.
    pub fn poll_report(&mut self) -> Option<Report> {
        self.reports.pop_front()
    }

    /// When `handle_timeout` wants to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let lingering = match self.leaving {
            Leaving::Lingering(until) => Some(until),
            Leaving::No | Leaving::Giving(_) | Leaving::Left => None,
        };
        let links = self.links.values().filter_map(Link::poll_timeout);
        links.chain(lingering).chain(self.stalls.poll_timeout()).min()
    }

    /// What was ignored, answered and announced since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Frames for each address that this node answers for, by link and address.
    pub fn traffic(&self) -> impl Iterator<Item = (IpAddr, Traffic)> {
        self.links
            .values()
            .flat_map(|link| link.traffic.iter().map(|(address, traffic)| (*address, *traffic)))
    }

    /// Everything that is known at `now`, in order: for state dumps and for the simulation.
    pub fn snapshot(&self, now: Instant) -> Snapshot {
        Snapshot::of(self, now)
    }

    /// Links that peers said to have lost their carrier: whoever is on them is gone everywhere.
    fn bury_gone(&mut self, now: Instant) {
        let gone: Vec<_> = self.links.values_mut().flat_map(|link| std::mem::take(&mut link.gone)).collect();
        for id in gone {
            for link in self.links.values_mut() {
                link.membership.bury(id, now);
                link.decide(&mut self.reports, now);
            }
        }
    }

    fn leave_when_done(&mut self, now: Instant) {
        match self.leaving {
            Leaving::Giving(gave) if self.links.values().all(Link::holds_nothing) => {
                let until = if gave { now + LINGER } else { now };
                self.leaving = Leaving::Lingering(until);
                self.leave_when_done(now);
            }
            Leaving::Lingering(until) if until <= now => {
                self.leaving = Leaving::Left;
                self.reports.push_back(Report::Left);
            }
            Leaving::No | Leaving::Giving(_) | Leaving::Lingering(_) | Leaving::Left => {}
        }
    }
}

#[cfg(test)]
mod tests;
