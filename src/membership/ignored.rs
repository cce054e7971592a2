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
    /// The word in metric and log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Truncated => "beatTruncated",
            Self::Version => "beatVersion",
            Self::Absurd => "beatAbsurd",
            Self::ForeignCluster => "foreignCluster",
            Self::Seal => "seal",
            Self::Own => "own",
            Self::Replayed => "replayed",
            Self::OldIncarnation => "oldIncarnation",
            Self::Late => "late",
        }
    }
}
