//! How long a write that failed waits before it is tried again.

use std::time::Duration;

use patina::time::Pauses;

const PAUSES: Pauses = Pauses { first: Duration::from_millis(200), longest: Duration::from_secs(10) };

/// The pause after so many earlier ones. `chance` is any number that differs from one case to the next.
pub(super) fn pause(earlier: u32, chance: u64) -> Duration {
    PAUSES.after(earlier, chance)
}
