//! Growing pauses between attempts, a little different in each process, so that a cluster does not knock in one beat.

use std::time::Duration;

use kube::runtime::utils::Backoff as Reset;

use crate::clock;

const FIRST: Duration = Duration::from_millis(200);
const FACTOR: u32 = 2;

/// Pauses: 0.2 s, 0.4 s … up to a longest one, each a quarter shorter or longer by chance.
#[derive(Clone, Debug)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
    chance: u64,
}

impl Backoff {
    /// Pauses that grow up to about `longest`.
    pub fn up_to(longest: Duration) -> Self {
        Self { next: FIRST.min(longest), longest, chance: clock::now().as_nanos() | 1 }
    }

    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * FACTOR).min(self.longest);
        pause.mul_f64(0.75 + self.fraction() / 2.0)
    }

    /// Starts again with the shortest pause.
    pub fn reset(&mut self) {
        self.next = FIRST.min(self.longest);
    }

    /// Between 0 and 1, by Marsaglia's xorshift.
    fn fraction(&mut self) -> f64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        f64::from((self.chance >> 32) as u32) / f64::from(u32::MAX)
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(self.pause())
    }
}

impl Reset for Backoff {
    fn reset(&mut self) {
        Self::reset(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_start_again_after_a_success() {
        let longest = Duration::from_secs(3);
        let mut backoff = Backoff::up_to(longest);
        let pauses: Vec<_> = (0..12).map(|_| backoff.pause()).collect();
        assert!(pauses[0] <= FIRST.mul_f64(1.25), "{pauses:?}");
        assert!(pauses[11] >= longest.mul_f64(0.75) && pauses[11] <= longest.mul_f64(1.25), "{pauses:?}");
        backoff.reset();
        assert!(backoff.pause() <= FIRST.mul_f64(1.25));
    }
}
