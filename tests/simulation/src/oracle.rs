//! Oracles: what must hold after every step, each with its bound written down.

use std::fmt;
use std::time::Duration;

use patina::hot::Report;

use crate::fault::Step;
use crate::lan::Station;
use crate::world::World;

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
    /// Nobody answers for what it does not offer; released means silent.
    Law,
    /// A late wake-up answers nothing as owner before it knows better.
    Waking,
    /// Somebody answers at every instant of a hand-over.
    HandOver,
    /// The same seed gives the same trace.
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

/// All oracles of one run.
#[derive(Debug, Default)]
pub struct Oracles {
    violations: Vec<Violation>,
}

impl Oracles {
    /// A step is about to happen.
    pub fn step(&mut self, _world: &World, _step: &Step, _at: Duration) {}

    /// A node has sent a frame.
    pub fn sent(&mut self, _world: &World, _station: Station, _frame: &[u8], _at: Duration) {}

    /// A node has reported.
    pub fn report(&mut self, _world: &World, _node: u16, _report: &Report, _at: Duration) {}

    /// Time has passed.
    pub fn tick(&mut self, _world: &World, _at: Duration) {}

    /// The first broken promise.
    pub fn verdict(&self) -> Option<&Violation> {
        self.violations.first()
    }
}
