//! Which datagrams of one life have been heard: a sliding window over their numbers (RFC 4303 §3.4.3), kept as a ring of
//! words so that moving it costs nothing (RFC 6479).
//!
//! A wire may let one datagram overtake another. What a beat says of this moment is void once a later one was heard; the
//! parts of lists that ride in it are not. So each number counts once, and late ones within the window still count for that.

use super::member::Sequence;

const WORD: u64 = u64::BITS as u64;
const WORDS: usize = 16;
/// Numbers this far below the highest are told apart; one word of the ring is always being filled.
pub const REACH: u64 = (WORDS as u64 - 1) * WORD;

/// What a number means, among those heard before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Higher than any before.
    Latest,
    /// Not heard before, but a later one was.
    Overtaken,
    /// Heard before, or so old that nobody knows.
    Replayed,
}

/// The numbers heard.
#[derive(Clone, Debug)]
pub struct Window {
    latest: Sequence,
    heard: [u64; WORDS],
}

impl Window {
    /// A window in which only `first` was heard.
    pub fn new(first: Sequence) -> Self {
        let mut window = Self { latest: first, heard: [0; WORDS] };
        window.mark(first);
        window
    }

    /// The highest number heard.
    pub fn latest(&self) -> Sequence {
        self.latest
    }

    /// What `sequence` would mean.
    pub fn judge(&self, sequence: Sequence) -> Arrival {
        if sequence > self.latest {
            return Arrival::Latest;
        }
        let (word, bit) = place(sequence);
        let forgotten = self.latest.0 - sequence.0 >= REACH;
        if forgotten || self.heard[word] & bit != 0 { Arrival::Replayed } else { Arrival::Overtaken }
    }

    /// Notes that `sequence` was heard.
    pub fn note(&mut self, sequence: Sequence) {
        if sequence > self.latest {
            self.advance(sequence);
        }
        self.mark(sequence);
    }

    /// Empties the words between the old highest number and the new one.
    fn advance(&mut self, to: Sequence) {
        let (from, until) = (self.latest.0 / WORD, to.0 / WORD);
        for word in (from + 1..=until).take(WORDS) {
            self.heard[ring(word)] = 0;
        }
        self.latest = to;
    }

    fn mark(&mut self, sequence: Sequence) {
        let (word, bit) = place(sequence);
        self.heard[word] |= bit;
    }
}

fn place(sequence: Sequence) -> (usize, u64) {
    (ring(sequence.0 / WORD), 1 << (sequence.0 % WORD))
}

fn ring(word: u64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "below the number of words")]
    let index = (word % WORDS as u64) as usize;
    index
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_number_counts_once_and_a_late_one_still_counts() {
        let mut window = Window::new(Sequence(10));
        window.note(Sequence(12));
        assert_eq!(window.judge(Sequence(13)), Arrival::Latest);
        assert_eq!(window.judge(Sequence(11)), Arrival::Overtaken);
        window.note(Sequence(11));
        for heard in [10, 11, 12] {
            assert_eq!(window.judge(Sequence(heard)), Arrival::Replayed, "{heard}");
        }
        assert_eq!(window.latest(), Sequence(12));
    }

    #[test]
    fn what_lies_below_the_window_is_taken_for_a_replay() {
        let mut window = Window::new(Sequence(1));
        window.note(Sequence(2 * REACH));
        assert_eq!(window.judge(Sequence(REACH)), Arrival::Replayed);
        assert_eq!(window.judge(Sequence(REACH + 1)), Arrival::Overtaken);
    }

    #[test]
    fn the_last_number_of_all_is_a_number_too() {
        let mut window = Window::new(Sequence(0));
        window.note(Sequence(u64::MAX));
        assert_eq!(window.judge(Sequence(u64::MAX)), Arrival::Replayed);
        assert_eq!(window.judge(Sequence(u64::MAX - 1)), Arrival::Overtaken);
    }

    proptest! {
        /// The ring agrees with a plain set of everything ever heard.
        #[test]
        fn nothing_counts_twice(
            first in 0u64..5000,
            steps in prop::collection::vec((0u64..3000, any::<bool>()), 1..200),
        ) {
            let (mut window, mut heard) = (Window::new(Sequence(first)), BTreeSet::from([first]));
            for (step, back) in steps {
                let latest = window.latest().0;
                let number = if back { latest.saturating_sub(step) } else { latest + step / 8 };
                let expected = match number {
                    _ if number > latest => Arrival::Latest,
                    _ if latest - number >= REACH || heard.contains(&number) => Arrival::Replayed,
                    _ => Arrival::Overtaken,
                };
                prop_assert_eq!(window.judge(Sequence(number)), expected);
                if expected != Arrival::Replayed {
                    window.note(Sequence(number));
                    heard.insert(number);
                }
            }
        }
    }
}
