//! Who a member is, and the numbers that order what it says.

use std::fmt;

use ring::digest;
use serde::{Deserialize, Serialize};

use crate::addr::HardwareAddr;
use crate::name::NodeName;

/// One speaker on one link: told apart from a second node of the same name by its hardware address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u64);

impl NodeId {
    /// The id of `name` behind `hardware`: the first eight bytes of SHA-256 over `name#hardware`.
    pub fn of(name: &NodeName, hardware: HardwareAddr) -> Self {
        let hash = digest::digest(&digest::SHA256, format!("{name}#{hardware}").as_bytes());
        Self(hash.as_ref().iter().take(8).fold(0, |id, byte| id << 8 | u64::from(*byte)))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Which life of a speaker: wall-clock seconds at its start, or one more than the highest that a peer remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Incarnation(pub u64);

/// Counts the datagrams of one incarnation, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(pub u64);

/// How often a list has changed; 0 is a list of which nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u32);

/// Which cluster a datagram belongs to; two clusters may share a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClusterId(pub u64);

/// What a speaker says of itself on a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum State {
    #[default]
    /// Listens, and takes nothing yet.
    Starting,
    /// A candidate.
    Active,
    /// Its own loop stalled: says nothing about its claims, answers nothing.
    Doubting,
    /// Gives everything away and takes nothing.
    Leaving,
}
