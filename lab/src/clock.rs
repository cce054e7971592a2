//! The one place where the lab reads the time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The monotonic time now.
#[expect(clippy::disallowed_methods, reason = "this is the lab's clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Seconds since 1970 (wall clock), for timestamps in objects.
#[expect(clippy::disallowed_methods, reason = "this is the lab's clock")]
pub fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
