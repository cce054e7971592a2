//! The kernel's receive stamps, which are wall time, on the clock by which everything is decided.

use std::time::Duration;

use patina::time::Instant;
use patina_daemon::clock;

/// A frame stamped longer ago than this means that the wall clock was set meanwhile; its stamp is not believed.
const OLDEST_STAMP: Duration = Duration::from_secs(60);

/// Both clocks at one moment, to place the kernel's receive stamps, which are wall time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// The moment.
    pub(super) now: Instant,
    wall: Duration,
}

impl Reading {
    pub(super) fn take() -> Self {
        Self { now: clock::now(), wall: clock::since_1970() }
    }

    /// The instant of a wall-clock stamp; this moment, if the stamp lies in the future or too far back.
    pub(super) fn place(&self, stamp: Duration) -> Instant {
        match self.wall.checked_sub(stamp) {
            Some(age) if age <= OLDEST_STAMP => self.now - age,
            Some(_) | None => self.now,
        }
    }
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
}
