//! Why a datagram does not count, by one word out of a closed list.

/// Why a datagram was ignored: a closed list, the word in the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ignored {
    /// It ends before it is complete.
    Truncated,
    /// Another protocol or version.
    Version,
    /// Values that no sender writes.
    Absurd,
    /// Of another cluster.
    ForeignCluster,
    /// No valid key made its seal.
    Seal,
    /// Sent by this node.
    Own,
    /// Heard before.
    Replayed,
    /// Of a life that is over.
    OldIncarnation,
    /// Sent long before it arrived.
    Late,
}

impl Ignored {
    /// Every reason, in order of declaration, for counters.
    pub const ALL: [Self; 9] = [
        Self::Truncated,
        Self::Version,
        Self::Absurd,
        Self::ForeignCluster,
        Self::Seal,
        Self::Own,
        Self::Replayed,
        Self::OldIncarnation,
        Self::Late,
    ];

    /// The word in metric and log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Truncated => "beatTruncated",
            Self::Version => "beatVersion",
            Self::Absurd => "beatAbsurd",
            Self::ForeignCluster => "foreignCluster",
            Self::Seal => "seal",
            Self::Own => "ownBeat",
            Self::Replayed => "replayed",
            Self::OldIncarnation => "oldIncarnation",
            Self::Late => "late",
        }
    }
}
