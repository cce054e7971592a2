//! How fast a speaker beats and how long silence is borne.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A beat of a speaker that is neither owner nor first or second in line for anything.
pub const IDLE_BEAT: Duration = Duration::from_secs(1);

/// A named set of times; speakers of different profiles understand each other, since each announces its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Crash gap of 115 to 165 ms, for machines that are never short of CPU.
    Fast,
    /// Crash gap of 225 to 325 ms.
    #[default]
    Default,
    /// Crash gap of 1.55 to 2.05 s, for oversubscribed hypervisors.
    Calm,
}

/// The times of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Between two beats.
    pub beat: Duration,
    /// So many beats must be missed …
    pub misses: u32,
    /// … and this must pass besides, before silence ends claims.
    pub slack: Duration,
    /// Each place in line waits this much longer than the one before it.
    pub skew: Duration,
}

impl Profile {
    /// The times that it names.
    pub const fn timing(self) -> Timing {
        let (beat, misses, slack, skew) = match self {
            Self::Fast => (50, 3, 15, 15),
            Self::Default => (100, 3, 25, 20),
            Self::Calm => (500, 4, 50, 50),
        };
        Timing {
            beat: Duration::from_millis(beat),
            misses,
            slack: Duration::from_millis(slack),
            skew: Duration::from_millis(skew),
        }
    }
}

impl Timing {
    /// Silence that ends the claims of a speaker that beats at `interval`.
    pub fn patience(&self, interval: Duration) -> Duration {
        interval * self.misses + self.slack
    }

    /// Silence that ends the claims of a speaker that beats at the full rate.
    pub fn dead_time(&self) -> Duration {
        self.patience(self.beat)
    }

    /// Age of the own last beat from which on this node doubts itself: others may be about to take what it holds.
    pub fn doubt_after(&self, interval: Duration) -> Duration {
        interval * self.misses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_profile_doubts_itself_before_others_bury_it() {
        for profile in [Profile::Fast, Profile::Default, Profile::Calm] {
            let timing = profile.timing();
            assert!(timing.doubt_after(timing.beat) < timing.dead_time(), "{profile:?}");
        }
    }

    #[test]
    fn the_default_profile_bears_325_ms() {
        assert_eq!(Profile::Default.timing().dead_time(), Duration::from_millis(325));
    }
}
