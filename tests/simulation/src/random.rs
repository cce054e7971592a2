//! Seeded randomness: one stream for each purpose and pair of stations.
//!
//! A stream depends on the seed, the purpose and the names of those it serves, never on what other streams have
//! drawn. So one more node in a history leaves every other node's luck as it was.

use std::time::Duration;

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Delay, loss, repetition of frames between two stations.
    Lan,
    /// Rate and origin of a node's clock, seed of its jitter.
    Clock,
    /// How late a node's loop is woken.
    Scheduler,
    /// When a host asks.
    Host,
    /// When a node's driver hears of a change.
    Driver,
    /// The steps of a history.
    History,
}

/// A stream of numbers (SplitMix64: one addition and two multiplications a number, any seed is good).
#[derive(Clone, Debug)]
pub struct Stream(u64);

impl Stream {
    /// The stream of `purpose` between `a` and `b`.
    pub fn new(seed: u64, purpose: Purpose, a: u64, b: u64) -> Self {
        let mut stream = Self(seed);
        for word in [purpose as u64 + 1, a, b] {
            stream.0 = stream.draw() ^ word.wrapping_mul(0xd6e8_feb8_6659_fd93);
        }
        stream
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.draw()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A span of `low` or more, below `high`.
    pub fn span(&mut self, low: Duration, high: Duration) -> Duration {
        let width = u64::try_from(high.saturating_sub(low).as_nanos()).unwrap_or(u64::MAX);
        low + Duration::from_nanos(self.below(width))
    }

    /// Whether something happens that happens `per_mille` times in a thousand.
    pub fn chance(&mut self, per_mille: u16) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    /// One of the items.
    ///
    /// # Panics
    /// If there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let index = self.below(items.len() as u64);
        &items[usize::try_from(index).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_its_purpose_and_its_pair_and_on_nothing_else() {
        let draw = |purpose, a, b| Stream::new(7, purpose, a, b).draw();
        assert_eq!(draw(Purpose::Lan, 1, 2), draw(Purpose::Lan, 1, 2));
        assert_ne!(draw(Purpose::Lan, 1, 2), draw(Purpose::Lan, 2, 1));
        assert_ne!(draw(Purpose::Lan, 1, 2), draw(Purpose::Clock, 1, 2));
    }

    #[test]
    fn a_chance_of_a_tenth_happens_a_tenth_of_the_time() {
        let mut stream = Stream::new(1, Purpose::Lan, 0, 0);
        let hits = (0..10_000).filter(|_| stream.chance(100)).count();
        assert!((900..1100).contains(&hits), "{hits}");
    }
}
