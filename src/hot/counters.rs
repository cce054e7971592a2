//! What the packet thread counts; frames that are ignored, by one word out of a closed list.

use std::collections::BTreeMap;
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

impl Ignored {
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
    ignored: BTreeMap<&'static str, u64>,
}

impl Counters {
    pub(super) fn ignore(&mut self, ignored: Ignored) {
        *self.ignored.entry(ignored.word()).or_default() += 1;
    }

    /// Frames ignored, by reason.
    pub fn frames_ignored(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.ignored.iter().map(|(word, count)| (*word, *count))
    }
}
