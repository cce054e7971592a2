//! The one virtual clock, the agenda that drives it, and the clocks of the nodes, which are off.
//!
//! Virtual time is a plain [`Duration`] since the start of the history. A node sees it through a [`Clock`]: its own
//! origin, its own rate, and a wall clock that may be set.

use std::collections::BTreeMap;
use std::time::Duration;

use patina::time::Instant;

use crate::random::{Purpose, Stream};

/// What is going to happen, in order of time; what was entered first comes first at the same time.
#[derive(Debug)]
pub struct Agenda<E> {
    entries: BTreeMap<(Duration, u64), E>,
    entered: u64,
}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), entered: 0 }
    }
}

impl<E> Agenda<E> {
    /// Enters `event` for `at`.
    pub fn enter(&mut self, at: Duration, event: E) {
        self.entered += 1;
        self.entries.insert((at, self.entered), event);
    }

    /// The next event, with its time.
    pub fn take(&mut self) -> Option<(Duration, E)> {
        let ((at, _), event) = self.entries.pop_first()?;
        Some((at, event))
    }
}

/// Parts per million by which a clock may run fast or slow: the crystal of a broken board.
pub const DRIFT_PPM: u64 = 100_000;

/// A node's clock.
#[derive(Clone, Debug)]
pub struct Clock {
    booted: Duration,
    origin: u64,
    rate_ppm: u64,
}

impl Clock {
    /// The clock of `node`, booted at `at`; a `drifting` one runs up to 10 % fast or slow.
    pub fn boot(seed: u64, node: u16, drifting: bool, at: Duration) -> Self {
        let mut stream = Stream::new(seed, Purpose::Clock, u64::from(node), 0);
        let origin = 1_000_000_000 + stream.below(1_000_000_000_000);
        let drift = stream.below(2 * DRIFT_PPM + 1);
        let rate_ppm = if drifting { 1_000_000 - DRIFT_PPM + drift } else { 1_000_000 };
        Self { booted: at, origin, rate_ppm }
    }

    /// What the node's monotonic clock shows at the virtual time `at`.
    pub fn local(&self, at: Duration) -> Instant {
        let elapsed = at.saturating_sub(self.booted).as_nanos() * u128::from(self.rate_ppm) / 1_000_000;
        Instant::from_nanos(self.origin + u64::try_from(elapsed).unwrap_or(u64::MAX / 2))
    }

    /// The virtual time at which the node's clock shows `local` or a little more.
    pub fn global(&self, local: Instant) -> Duration {
        let elapsed = u128::from(local.as_nanos().saturating_sub(self.origin)) * 1_000_000;
        let nanos = elapsed.div_ceil(u128::from(self.rate_ppm));
        self.booted + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_the_same_time_happen_in_the_order_they_were_entered() {
        let mut agenda = Agenda::default();
        for (at, name) in [(2, "c"), (1, "a"), (1, "b")] {
            agenda.enter(Duration::from_secs(at), name);
        }
        let order: Vec<_> = std::iter::from_fn(|| agenda.take()).map(|(_, name)| name).collect();
        assert_eq!(order, ["a", "b", "c"]);
    }

    #[test]
    fn a_clock_that_drifts_still_finds_the_time_of_its_own_deadlines() {
        for node in 0..20 {
            let clock = Clock::boot(3, node, true, Duration::from_secs(4));
            let deadline = clock.local(Duration::from_secs(9));
            let at = clock.global(deadline);
            assert!(clock.local(at) >= deadline);
            assert!(at.abs_diff(Duration::from_secs(9)) < Duration::from_micros(1));
        }
    }
}
