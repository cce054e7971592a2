//! The date: for what outlives a process.

use std::fmt;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A date: whole seconds since 1970, UTC.
///
/// The clock behind it may step, and those of two machines differ: nothing that must be exact is decided by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WallTime(pub i64);

impl WallTime {
    /// Reads a date as the API writes it (RFC 3339).
    pub fn read(text: &str) -> Option<Self> {
        text.parse::<Timestamp>().ok().map(Self::from)
    }

    /// How far both are apart, whichever comes first.
    pub const fn distance(self, other: Self) -> Duration {
        Duration::from_secs(self.0.abs_diff(other.0))
    }

    /// The date after `span`; saturates.
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_secs()).unwrap_or(i64::MAX)))
    }
}

impl From<Timestamp> for WallTime {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_second())
    }
}

impl fmt::Display for WallTime {
    /// As the API writes it (RFC 3339); a date that no calendar has is told in seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0) {
            Ok(date) => write!(f, "{}", date.strftime("%Y-%m-%dT%H:%M:%SZ")),
            Err(_) => write!(f, "{} s", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_as_it_is_written() {
        let date = WallTime(1_700_000_000);
        assert_eq!(date.to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(WallTime::read(&date.to_string()), Some(date));
        assert_eq!(WallTime::read("2023-11-14T23:13:20+01:00"), Some(date));
        assert_eq!(WallTime::read("yesterday"), None);
    }

    #[test]
    fn dates_saturate() {
        assert_eq!(WallTime(i64::MAX).after(Duration::from_secs(1)), WallTime(i64::MAX));
        assert_eq!(WallTime(i64::MIN).distance(WallTime(i64::MAX)).as_secs(), u64::MAX);
    }
}
