//! Oracles: what must hold after every step, each with its bound written down.
//!
//! They read the [`World`] and what the nodes emit; they never ask a machine what it thinks, except through the
//! transitions it reports, and those are held against its frames.
//!
//! | oracle | promise (protocol.md section 7) |
//! | --- | --- |
//! | [`safety`] | 1, 3: one owner among speakers that hear each other |
//! | [`liveness`] | 2: somebody answers, within the failover bound where all was quiet before |
//! | [`caches`] | 2, 3: clients use the owner's hardware address |
//! | [`calm`] | 4: moves have causes |
//! | [`waking`] | 5: a late wake-up answers nothing |
//! | [`handover`] | 6: somebody answers at every instant |
//! | [`manners`], [`budget`] | 7: frames and bytes below their bounds, every takeover with its burst |
//! | [`law`] | nobody speaks for what it does not own |

pub mod budget;
pub mod caches;
pub mod calm;
pub mod handover;
pub mod law;
pub mod liveness;
pub mod manners;
pub mod safety;
pub mod waking;

use std::fmt;
use std::time::Duration;

use patina::hot::Report;

use crate::fault::Step;
use crate::frame;
use crate::lan::{Station, Weather};
use crate::world::{Times, World};

/// Which promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// At most one answers, where speakers hear each other.
    Safety,
    /// Somebody answers.
    Liveness,
    /// Clients' caches point to who answers.
    Caches,
    /// Moves have causes.
    Calm,
    /// Frames stay below their bounds; every takeover has its burst.
    Manners,
    /// Nobody answers for what it does not own or offer; released means silent.
    Law,
    /// A late wake-up answers nothing as owner before it knows better.
    Waking,
    /// Somebody answers at every instant of a hand-over.
    HandOver,
    /// The same history gives the same trace.
    Repeatability,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub promise: Promise,
    /// When it was noticed.
    pub at: Duration,
    /// What a person needs to know.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:.6}: {}", self.promise, self.at.as_secs_f64(), self.what)
    }
}

/// What an oracle finds wrong.
pub type Finding = Option<String>;

/// How much longer everything may take on wires that lose, delay or repeat frames.
///
/// So many beats that losing all of them is a matter of one in ten million, and as long as a late frame is late.
pub fn slack(weather: &Weather, times: &Times) -> Duration {
    let beats = match weather.loss {
        0 => 0,
        1..=100 => 7,
        101..=200 => 10,
        201..=300 => 14,
        301.. => 40,
    };
    let bursts = if weather.bursts > 0 { 10 } else { 0 };
    let late = if weather.late > 0 { Duration::from_millis(400) } else { Duration::ZERO };
    times.beat * (beats + bursts) + late
}

/// All oracles of one run.
#[derive(Debug, Default)]
pub struct Oracles {
    safety: safety::Safety,
    liveness: liveness::Liveness,
    caches: caches::Caches,
    calm: calm::Calm,
    waking: waking::Waking,
    handover: handover::HandOver,
    manners: manners::Manners,
    law: law::Law,
    verdict: Option<Violation>,
}

impl Oracles {
    /// A step is about to happen.
    pub fn step(&mut self, world: &World, step: &Step, at: Duration) {
        self.calm.step(world, step, at);
        self.waking.step(world, step, at);
        self.handover.step(world, step, at);
        self.law.step(world, step, at);
    }

    /// A node has sent a frame.
    pub fn sent(&mut self, world: &World, station: Station, bytes: &[u8], at: Duration) {
        let Station::Link { node, .. } = station else { return };
        let Some(seen) = frame::read(bytes) else {
            return self.note(Promise::Manners, at, Some(format!("n{node} sends {} bytes", bytes.len())));
        };
        let found = self.law.sent(world, node, station, &seen, at);
        self.note(Promise::Law, at, found);
        let found = self.waking.sent(world, node, &seen, at);
        self.note(Promise::Waking, at, found);
        let found = self.manners.sent(world, station, &seen, bytes.len(), at);
        self.note(Promise::Manners, at, found);
    }

    /// A node has reported.
    pub fn report(&mut self, world: &World, node: u16, report: &Report, at: Duration) {
        let found = self.calm.report(world, node, report, at);
        self.note(Promise::Calm, at, found);
        let found = self.handover.report(world, report, at);
        self.note(Promise::HandOver, at, found);
        self.waking.report(node, report, at);
        self.caches.report(node, report, at);
        self.manners.report(node, report, at);
        self.law.report(node, report, at);
    }

    /// Time has passed.
    pub fn tick(&mut self, world: &World, at: Duration) {
        let found = self.safety.tick(world, at);
        self.note(Promise::Safety, at, found);
        let found = self.liveness.tick(world, at);
        self.note(Promise::Liveness, at, found);
        let found = self.caches.tick(world, at);
        self.note(Promise::Caches, at, found);
        let found = self.handover.tick(world, at);
        self.note(Promise::HandOver, at, found);
        let found = self.manners.tick(world, at);
        self.note(Promise::Manners, at, found);
    }

    /// The first broken promise.
    pub fn verdict(&self) -> Option<&Violation> {
        self.verdict.as_ref()
    }

    /// How many times any address was taken so far, the first time included.
    pub fn takes(&self) -> u32 {
        self.calm.takes()
    }

    fn note(&mut self, promise: Promise, at: Duration, found: Finding) {
        let Some(what) = found else { return };
        self.verdict.get_or_insert(Violation { promise, at, what });
    }
}
