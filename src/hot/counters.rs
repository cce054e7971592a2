//! What the packet thread counts; frames that are ignored, by one word out of a closed list.

use std::fmt;

use crate::announce::responder::Reason;
use crate::{membership, wire};

/// Why a frame was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// It came on a link that is not worked on, or that has no carrier.
    Link,
    /// This node sent it.
    Own,
    /// Its bytes mean nothing here.
    Wire(wire::Ignored),
    /// Its beat does not count.
    Beat(membership::Ignored),
    /// Nothing is to be answered.
    Question(Reason),
}

impl From<wire::Ignored> for Ignored {
    fn from(ignored: wire::Ignored) -> Self {
        Self::Wire(ignored)
    }
}

impl From<membership::Ignored> for Ignored {
    fn from(ignored: membership::Ignored) -> Self {
        Self::Beat(ignored)
    }
}

impl From<Reason> for Ignored {
    fn from(reason: Reason) -> Self {
        Self::Question(reason)
    }
}

const WIRE_AT: usize = 2;
const BEAT_AT: usize = WIRE_AT + wire::Ignored::ALL.len();
const QUESTION_AT: usize = BEAT_AT + membership::Ignored::ALL.len();

impl Ignored {
    /// How many reasons there are.
    pub const COUNT: usize = QUESTION_AT + Reason::ALL.len();

    /// Every reason; each has a word of its own.
    pub fn all() -> impl Iterator<Item = Self> {
        let wire = wire::Ignored::ALL.into_iter().map(Self::Wire);
        let beats = membership::Ignored::ALL.into_iter().map(Self::Beat);
        let questions = Reason::ALL.into_iter().map(Self::Question);
        [Self::Link, Self::Own].into_iter().chain(wire).chain(beats).chain(questions)
    }

    /// The word in metric and log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Own => "own",
            Self::Wire(ignored) => ignored.word(),
            Self::Beat(ignored) => ignored.word(),
            Self::Question(reason) => reason.word(),
        }
    }

    /// Its place among [`Ignored::all`].
    fn index(self) -> usize {
        match self {
            Self::Link => 0,
            Self::Own => 1,
            Self::Wire(ignored) => WIRE_AT + ignored as usize,
            Self::Beat(ignored) => BEAT_AT + ignored as usize,
            Self::Question(reason) => QUESTION_AT + reason as usize,
        }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Counts since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Questions answered.
    pub answers: u64,
    /// Answers to stations that asked whether an address is free.
    pub defences: u64,
    /// Gratuitous ARP frames and unsolicited advertisements sent.
    pub gratuitous: u64,
    /// Probes sent.
    pub probes: u64,
    /// Datagrams sent, slices of lists included.
    pub beats: u64,
    /// Wake-ups that came a tenth of a beat late, or later.
    pub late: u64,
    ignored: [u64; Ignored::COUNT],
}

impl Counters {
    pub(super) fn ignore(&mut self, ignored: Ignored) {
        self.ignored[ignored.index()] += 1;
    }

    /// Frames ignored, by reason, in the order of [`Ignored::all`].
    pub fn frames_ignored(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Ignored::all().map(|ignored| (ignored.word(), self.ignored[ignored.index()]))
    }
}

/// Frames for one address that this node answers for, since it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Questions received.
    pub requests: u64,
    /// Answers sent.
    pub responses: u64,
    /// Gratuitous frames sent.
    pub gratuitous: u64,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_reason_has_a_place_and_a_word_of_its_own() {
        let places: Vec<usize> = Ignored::all().map(Ignored::index).collect();
        assert_eq!(places, (0..Ignored::COUNT).collect::<Vec<_>>());
        let words: BTreeSet<_> = Ignored::all().map(Ignored::word).collect();
        assert_eq!(words.len(), Ignored::COUNT);
    }

    #[test]
    fn a_reason_is_counted_under_its_own_word() {
        let mut counters = Counters::default();
        counters.ignore(membership::Ignored::Seal.into());
        let counted: Vec<_> = counters.frames_ignored().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [("seal", 1)]);
    }
}
