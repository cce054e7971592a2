//! Lists that travel only when they change: what this node publishes, and what it holds of a peer.
//!
//! ```text
//!   Published ── set, remove ──► version, digest (in every beat)
//!       │                              │
//!       └── change since a version ──► one stream of bytes ──► Slice, Slice, …
//!                                                              Held: applied whole, and only if the digest then agrees
//! ```
//!
//! *Guarantees*: a held list is always one that its owner has published as a whole; slices that are lost, late, twice or
//! out of order never leave half of a change behind. What cannot be matched leaves the last known list standing.

mod held;
mod pack;
mod published;

use std::net::IpAddr;

use ring::digest;
use serde::Serialize;

pub use held::Held;
pub use published::Published;

pub use pack::Written;
pub(super) use pack::take_id;

use super::bytes::{Reader, Unreadable};
use super::member::{NodeId, Version};

/// At most so many slices make one change; more is absurd and refused.
pub const MAX_SLICES: u16 = 4096;
/// Bytes of a change in one slice: with the head of a beat, the longest name and the seal it stays below 1,500.
pub const SLICE_BYTES: usize = 1_050;
/// At most so many entries make one change; a longer list is never known to others as a whole.
pub const MAX_ENTRIES: usize = 1 << 16;

/// What an address has from now on; nothing when it left the list.
pub(super) type Change<E> = (IpAddr, Option<E>);

/// What can be put in a list.
pub trait Entry: Clone + PartialEq + Default {
    /// Appends the bytes that are its identity: the digest covers them.
    fn write(&self, bytes: &mut Vec<u8>);

    /// Appends the bytes that travel: what differs from the entry before.
    fn pack(&self, before: &Self, names: &mut Written, bytes: &mut Vec<u8>);

    /// Reads what [`Entry::pack`] wrote; `names` are the ids that the stream has named so far.
    ///
    /// # Errors
    /// When it is cut short, or says what no sender writes.
    fn unpack(before: &Self, names: &mut Vec<NodeId>, bytes: &mut Reader<'_>) -> Result<Self, Unreadable>;
}

/// A sum over the entries, so that one change costs one entry; agreement means the same list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Digest(pub u64);

/// Version and digest of a list, as a beat carries them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stamp {
    /// How often the list has changed.
    pub version: Version,
    /// What it holds.
    pub digest: Digest,
}

/// One of the parts that take a list from `base` (0: from nothing) to `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The reader must hold this version or a later one; 0 makes the list new.
    pub base: Version,
    /// What the list is after all slices.
    pub to: Stamp,
    /// Which part, from 0.
    pub index: u16,
    /// Of how many.
    pub count: u16,
    /// This part of the change as a stream of bytes; it means nothing without the others.
    pub bytes: Vec<u8>,
}

impl Digest {
    fn of<E: Entry>(address: IpAddr, entry: &E) -> Self {
        let mut bytes = Vec::with_capacity(64);
        match address {
            IpAddr::V4(a) => bytes.extend(a.octets()),
            IpAddr::V6(a) => bytes.extend(a.octets()),
        }
        entry.write(&mut bytes);
        let hash = digest::digest(&digest::SHA256, &bytes);
        Self(hash.as_ref().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn with(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    fn without(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }
}

#[cfg(test)]
mod tests;
