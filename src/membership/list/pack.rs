//! A change of a list as one stream of bytes: each entry says only what differs from the entry before it.
//!
//! ```text
//!  entry: tag (1), address if the tag says so, value if the tag says so, how many more if the tag says so
//!
//!  tag bits 0 and 1: 0 the next address · 1 short n: n + 2 further on · 2 IPv4, whole (4) · 3 IPv6, whole (16)
//!           bit 2: it left the list · bit 3: the value of the entry before · bit 4: short n: so does each of the n next addresses
//!  value of an offer: weight (short)
//!  value of a claim:  flags (1: confirmed, differs: 2 epoch, 4 weight, 8 first, 16 second, 32 target), what differs:
//!                     epoch (short), weight (short), ids of line and target
//!  id: short: 0 nobody · n the n-th id of this stream · one more than the last of them: a new one (8)
//! ```
//!
//! "Short" is a number of seven bits to a byte. Pools are runs of addresses and claims name the same few nodes, so most
//! entries take a few bytes, and many none.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Change, Entry, MAX_ENTRIES};
use crate::membership::bytes::{Reader, Unreadable, put_short};
use crate::membership::member::NodeId;

const NEXT: u8 = 0;
const GAP: u8 = 1;
const WHOLE_V4: u8 = 2;
const WHOLE_V6: u8 = 3;
const ADDRESS: u8 = 3;
const LEFT: u8 = 4;
const AS_BEFORE: u8 = 8;
const RUN: u8 = 16;
const KNOWN: u8 = ADDRESS | LEFT | AS_BEFORE | RUN;

/// Writes a change.
pub(super) fn pack<E: Entry>(changes: &[Change<E>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut names, mut before, mut value) = (Written::default(), None, E::default());
    let mut rest = changes.iter().peekable();
    while let Some((address, entry)) = rest.next() {
        let (mut last, mut run) = (*address, 0);
        while let Some((next, _)) = rest.next_if(|(a, e)| e == entry && distance(last, *a) == Some(1)) {
            (last, run) = (*next, run + 1);
        }
        let from = before.and_then(|before| distance(before, *address));
        let differs = entry.as_ref().filter(|entry| **entry != value);
        bytes.push(tag(*address, from, entry.is_none(), differs.is_none(), run));
        put_address(&mut bytes, *address, from);
        if let Some(entry) = differs {
            entry.pack(&value, &mut names, &mut bytes);
            value = entry.clone();
        }
        if run > 0 {
            put_short(&mut bytes, run);
        }
        before = Some(last);
    }
    bytes
}

fn tag(address: IpAddr, from: Option<u64>, left: bool, as_before: bool, run: u64) -> u8 {
    let place = match (from, address) {
        (Some(1), _) => NEXT,
        (Some(_), _) => GAP,
        (None, IpAddr::V4(_)) => WHOLE_V4,
        (None, IpAddr::V6(_)) => WHOLE_V6,
    };
    let left_bit = if left { LEFT } else { 0 };
    let before_bit = if as_before && !left { AS_BEFORE } else { 0 };
    place | left_bit | before_bit | if run > 0 { RUN } else { 0 }
}

fn put_address(bytes: &mut Vec<u8>, address: IpAddr, from: Option<u64>) {
    match (from, address) {
        (Some(1), _) => {}
        (Some(distance), _) => put_short(bytes, distance - 2),
        (None, IpAddr::V4(address)) => bytes.extend(address.octets()),
        (None, IpAddr::V6(address)) => bytes.extend(address.octets()),
    }
}

/// How far `to` lies behind `from`: nothing if it does not, or farther than a number tells.
fn distance(from: IpAddr, to: IpAddr) -> Option<u64> {
    let distance = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => to.to_bits().checked_sub(from.to_bits()).map(u64::from),
        (IpAddr::V6(from), IpAddr::V6(to)) => to.to_bits().checked_sub(from.to_bits())?.try_into().ok(),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    };
    distance.filter(|distance| *distance > 0)
}

fn advance(from: IpAddr, distance: u64) -> Option<IpAddr> {
    match from {
        IpAddr::V4(from) => {
            let to = from.to_bits().checked_add(distance.try_into().ok()?)?;
            Some(Ipv4Addr::from_bits(to).into())
        }
        IpAddr::V6(from) => Some(Ipv6Addr::from_bits(from.to_bits().checked_add(distance.into())?).into()),
    }
}

/// Reads a change.
///
/// # Errors
/// Why it is none: cut short, or what no sender writes, more than [`MAX_ENTRIES`] entries among it.
pub(super) fn unpack<E: Entry>(stream: &[u8]) -> Result<Vec<Change<E>>, Unreadable> {
    let mut bytes = Reader::new(stream);
    let (mut names, mut before, mut value) = (Vec::new(), None, E::default());
    let mut changes = Vec::new();
    while !bytes.is_empty() {
        let tag = bytes.u8()?;
        if tag & !KNOWN != 0 {
            return Err(Unreadable::Absurd);
        }
        let mut address = take_address(tag & ADDRESS, before, &mut bytes)?;
        if tag & (LEFT | AS_BEFORE) == 0 {
            value = E::unpack(&value, &mut names, &mut bytes)?;
        }
        let run = if tag & RUN != 0 { bytes.short()? } else { 0 };
        if run >= (MAX_ENTRIES - changes.len().min(MAX_ENTRIES)) as u64 {
            return Err(Unreadable::Absurd);
        }
        let entry = (tag & LEFT == 0).then_some(&value);
        changes.push((address, entry.cloned()));
        for _ in 0..run {
            address = advance(address, 1).ok_or(Unreadable::Absurd)?;
            changes.push((address, entry.cloned()));
        }
        before = Some(address);
    }
    Ok(changes)
}

fn take_address(place: u8, before: Option<IpAddr>, bytes: &mut Reader<'_>) -> Result<IpAddr, Unreadable> {
    let distance = match place {
        WHOLE_V4 => return Ok(Ipv4Addr::from(bytes.array::<4>()?).into()),
        WHOLE_V6 => return Ok(Ipv6Addr::from(bytes.array::<16>()?).into()),
        NEXT => 1,
        _ => bytes.short()?.checked_add(2).ok_or(Unreadable::Absurd)?,
    };
    before.and_then(|before| advance(before, distance)).ok_or(Unreadable::Absurd)
}

/// The ids that a stream has named so far, as its writer remembers them.
#[derive(Debug, Default)]
pub struct Written(BTreeMap<NodeId, u64>);

impl Written {
    /// Writes an id, in full only the first time.
    pub(in crate::membership) fn put(&mut self, id: Option<NodeId>, bytes: &mut Vec<u8>) {
        let Some(id) = id else { return put_short(bytes, 0) };
        let next = self.0.len() as u64 + 1;
        let number = *self.0.entry(id).or_insert(next);
        put_short(bytes, number);
        if number == next {
            bytes.extend(id.0.to_be_bytes());
        }
    }
}

/// Reads an id, given those that the stream has named so far.
pub(in crate::membership) fn take_id(
    names: &mut Vec<NodeId>,
    bytes: &mut Reader<'_>,
) -> Result<Option<NodeId>, Unreadable> {
    let number = usize::try_from(bytes.short()?).map_err(|_| Unreadable::Absurd)?;
    let Some(index) = number.checked_sub(1) else { return Ok(None) };
    if index == names.len() {
        names.push(NodeId(bytes.u64()?));
    }
    names.get(index).copied().map(Some).ok_or(Unreadable::Absurd)
}

#[cfg(test)]
mod tests;
