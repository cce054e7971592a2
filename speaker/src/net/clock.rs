//! The one place of this room that reads clocks.
//!
//! Time is that of `CLOCK_BOOTTIME`: it never steps, and it goes on while the machine sleeps, so that a speaker that wakes
//! from suspend knows that it is late.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use patina::time::Instant;

/// A frame stamped longer ago than this means that the wall clock was set meanwhile; its stamp is not believed.
const OLDEST_STAMP: Duration = Duration::from_secs(60);

/// Nanoseconds since boot.
pub fn now() -> Instant {
    Instant::from_nanos(nanos(read(ClockId::CLOCK_BOOTTIME)))
}

/// Both clocks at one moment, to place the kernel's receive stamps, which are wall time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// The moment.
    pub(super) now: Instant,
    wall: Duration,
}

impl Reading {
    pub(super) fn take() -> Self {
        Self { now: now(), wall: read(ClockId::CLOCK_REALTIME) }
    }

    /// The instant of a wall-clock stamp; this moment, if the stamp lies in the future or too far back.
    pub(super) fn place(&self, stamp: Duration) -> Instant {
        match self.wall.checked_sub(stamp) {
            Some(age) if age <= OLDEST_STAMP => self.now - age,
            Some(_) | None => self.now,
        }
    }
}

fn read(clock: ClockId) -> Duration {
    clock_gettime(clock).expect("Linux has had this clock since 2.6.39").into()
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READING: Reading =
        Reading { now: Instant::from_nanos(90_000_000_000), wall: Duration::from_secs(1_000) };

    #[test]
    fn a_stamp_is_as_old_on_one_clock_as_on_the_other() {
        assert_eq!(READING.place(Duration::from_millis(999_990)), READING.now - Duration::from_millis(10));
    }

    #[test]
    fn a_stamp_from_before_the_wall_clock_was_set_counts_as_now() {
        assert_eq!(READING.place(Duration::from_secs(1_001)), READING.now);
        assert_eq!(READING.place(Duration::from_secs(1)), READING.now);
    }

    #[test]
    fn time_goes_forward() {
        let first = now();
        assert!(now() >= first && first > Instant::ZERO);
    }
}
