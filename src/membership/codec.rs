//! The bytes of a datagram, without the seal. All numbers are big-endian.
//!
//! ```text
//!   0  "PTNA"      4  version 1   5  state      6  flags (1 ready, 2 receiving)   7  length of the name
//!   8  cluster (8)              16  node id (8)                24  hardware address (6)
//!  30  interval ms (2)          32  patience ms (2)            34  lateness ms (2)
//!  36  incarnation (8)          44  sequence (8)               52  sender's clock ms (8)
//!  60  offers: version (4), digest (8)                         72  claims: version (4), digest (8)
//!  84  name …, then sections until the end: kind (1), length (2), body
//!
//!  kind 1 heard:  id (8), flags (1: 1 asked), age ms (2), incarnation (8), sequence (8), claims version (4)   …
//!  kind 2 wants:  id (8), flags (1: 1 offers, 2 claims), offers version (4), claims version (4)               …
//!  kind 3 gone:   id (8)                                                                                      …
//!  kind 6 offers, 7 claims: base (4), version (4), digest (8), index (2), count (2), a part of the change (see `list`)
//! ```
//!
//! A section of another kind is skipped, so that a later version may add some; anything else that is not understood
//! refuses the whole datagram. Kinds 4 and 5 were lists in another form and are not used again.

mod reader;
mod writer;

pub use reader::{decode, decode_into};
pub use writer::{encode, encode_into};

pub use super::bytes::Unreadable;
use super::member::ClusterId;

const MAGIC: [u8; 4] = *b"PTNA";
const VERSION: u8 = 1;
const CLUSTER_AT: usize = 8;
const READY: u8 = 1;
const RECEIVING: u8 = 2;
const ASKED: u8 = 1;

const HEARD: u8 = 1;
const WANTS: u8 = 2;
const GONE: u8 = 3;
const OFFERS: u8 = 6;
const CLAIMS: u8 = 7;

/// Which cluster a datagram says it is of, before anything is proven.
///
/// # Errors
/// When it is too short, or of another protocol or version.
pub fn cluster(datagram: &[u8]) -> Result<ClusterId, Unreadable> {
    let head = datagram.get(..CLUSTER_AT + 8).ok_or(Unreadable::Truncated)?;
    let (start, id) = head.split_at(CLUSTER_AT);
    if !start.starts_with(&MAGIC) || start[4] != VERSION {
        return Err(Unreadable::Version);
    }
    Ok(ClusterId(id.iter().fold(0, |id, byte| id << 8 | u64::from(*byte))))
}

#[cfg(test)]
pub(super) mod tests;
