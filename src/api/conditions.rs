//! Condition types and their reasons: the one table of the words that statuses use.
//!
//! A reason that a deeper room decides (a refusal, an exclusion, a problem) carries its own word; the rooms convert it, and
//! its words stand there. Here are the types, and the reasons that belong to a type as a whole.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a condition speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConditionType {
    /// On a Service: it holds every address it wants.
    Allocated,
    /// On a Service: some node answers for every address it holds.
    Announced,
    /// On a pool or an advertisement: it is in force.
    Accepted,
}

impl ConditionType {
    /// The text in `type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allocated => "patina.dev/Allocated",
            Self::Announced => "patina.dev/Announced",
            Self::Accepted => "patina.dev/Accepted",
        }
    }
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reasons of [`ConditionType::Accepted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AcceptedReason {
    /// All of the object is in force.
    Accepted,
    /// The object is in force; a younger one, which is not, contradicts it.
    Overlapped,
    /// The object is in force; some fields of it have no meaning yet.
    NotYetSupported,
    /// The object contradicts itself or another one; the last good one stays in force.
    Invalid,
}

impl fmt::Display for AcceptedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "Accepted",
            Self::Overlapped => "Overlapped",
            Self::NotYetSupported => "NotYetSupported",
            Self::Invalid => "Invalid",
        })
    }
}

/// The three values of a condition's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ConditionStatus {
    /// It is so.
    True,
    /// It is not so.
    False,
    /// Nobody knows yet.
    Unknown,
}

impl fmt::Display for ConditionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        })
    }
}
