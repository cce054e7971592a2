//! The one place of both daemons that reads clocks.
//!
//! Decisions use [`now`]: `CLOCK_BOOTTIME`, which never steps and goes on while the machine sleeps. [`wall`] is for people
//! and for fields that other machines read; nothing is decided by comparing it.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use nix::time::{ClockId, clock_gettime};
use patina::time::Instant;

/// Time since boot.
pub fn now() -> Instant {
    let since_boot = read(ClockId::CLOCK_BOOTTIME);
    Instant::from_nanos(u64::try_from(since_boot.as_nanos()).unwrap_or(u64::MAX))
}

/// Time since 1970, as the kernel stamps what it receives.
pub fn since_1970() -> Duration {
    read(ClockId::CLOCK_REALTIME)
}

/// The date.
pub fn wall() -> Timestamp {
    let since_1970 = since_1970();
    let seconds = i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX);
    Timestamp::new(seconds, since_1970.subsec_nanos().cast_signed()).unwrap_or(Timestamp::MAX)
}

/// Waits until `deadline`; not at all when it has passed, for ever when there is none.
///
/// # Cancel safety
/// Nothing is lost by dropping it.
pub async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep(deadline.since(now())).await,
        None => std::future::pending().await,
    }
}

fn read(clock: ClockId) -> Duration {
    clock_gettime(clock).expect("Linux has had this clock since 2.6.39").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_forward() {
        let first = now();
        assert!(now() >= first && first > Instant::ZERO);
    }

    #[test]
    fn the_date_is_that_of_the_kernel() {
        let kernel = read(ClockId::CLOCK_REALTIME);
        assert!(wall().as_second().abs_diff(kernel.as_secs().cast_signed()) <= 1);
    }
}
