//! Growing pauses, each a quarter shorter or longer by chance.

use std::time::Duration;

/// How long to wait before something that failed is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pauses {
    /// After the first failure, on average.
    pub first: Duration,
    /// However often it fails, on average.
    pub longest: Duration,
}

impl Pauses {
    /// The pause after so many earlier ones; each is twice the last. `chance` is any number that differs from one case to
    /// the next.
    pub fn after(self, earlier: u32, chance: u64) -> Duration {
        let pause = self.first.saturating_mul(2_u32.saturating_pow(earlier)).min(self.longest);
        pause.mul_f64(0.75 + fraction(chance) / 2.0)
    }
}

/// Between 0 and 1: the mixing step of Steele's SplitMix64.
fn fraction(chance: u64) -> f64 {
    let mixed = (chance ^ (chance >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    f64::from((mixed >> 32) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_differ_by_a_quarter_at_most() {
        let pauses = Pauses { first: Duration::from_millis(200), longest: Duration::from_secs(10) };
        for (earlier, milliseconds) in [(0, 200), (1, 400), (5, 6_400), (6, 10_000), (40, 10_000)] {
            let middle = Duration::from_millis(milliseconds);
            let drawn: Vec<_> = (1..100).map(|chance| pauses.after(earlier, chance * 1_000_003)).collect();
            assert!(drawn.iter().all(|p| *p >= middle * 3 / 4 && *p <= middle * 5 / 4), "{drawn:?}");
            assert!(drawn.iter().any(|p| *p < middle) && drawn.iter().any(|p| *p > middle), "{drawn:?}");
        }
    }
}
