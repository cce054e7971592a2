//! Bytes as a beat. Whatever the bytes are, this neither panics nor takes more memory than a few times their length.

use std::time::Duration;

use super::{ASKED, CLAIMS, CLUSTER_AT, GONE, HEARD, OFFERS, READY, RECEIVING, Unreadable, WANTS, cluster};
use crate::addr::HardwareAddr;
use crate::membership::beat::{Beat, Heard, Part, Said, Want};
use crate::membership::bytes::Reader;
use crate::membership::list::{Digest, Slice, Stamp};
use crate::membership::member::{Incarnation, NodeId, Sequence, State, Version};

/// Reads a datagram whose seal was proven and taken off.
///
/// # Errors
/// Why it is none; nothing is kept of it.
pub fn decode(datagram: &[u8]) -> Result<Beat, Unreadable> {
    let mut beat = Beat::default();
    decode_into(&mut beat, datagram)?;
    Ok(beat)
}

/// The same in place of what `beat` says, so that nothing is allocated for a beat without parts of lists.
///
/// # Errors
/// Why it is none; what `beat` then says means nothing.
pub fn decode_into(beat: &mut Beat, datagram: &[u8]) -> Result<(), Unreadable> {
    let cluster = cluster(datagram)?;
    let state = state(datagram[5])?;
    let (flags, name_len) = (datagram[6], usize::from(datagram[7]));
    let mut bytes = Reader::new(&datagram[CLUSTER_AT + 8..]);
    let emptied = std::mem::take(beat).emptied();
    *beat = Beat {
        cluster,
        id: NodeId(bytes.u64()?),
        hardware: HardwareAddr(bytes.array()?),
        said: Said {
            state,
            ready: flags & READY != 0,
            receiving: flags & RECEIVING != 0,
            interval: bytes.millis()?,
            patience: bytes.millis()?,
            lateness: bytes.millis()?,
        },
        incarnation: Incarnation(bytes.u64()?),
        sequence: Sequence(bytes.u64()?),
        sent: Duration::from_millis(bytes.u64()?),
        offers: bytes.stamp()?,
        claims: bytes.stamp()?,
        ..emptied
    };
    beat.name.push_str(text(bytes.take(name_len)?)?);
    plausible(beat)?;
    while !bytes.is_empty() {
        let kind = bytes.u8()?;
        let length = usize::from(bytes.u16()?);
        section(beat, kind, Reader::new(bytes.take(length)?))?;
    }
    Ok(())
}

fn state(byte: u8) -> Result<State, Unreadable> {
    match byte {
        0 => Ok(State::Starting),
        1 => Ok(State::Active),
        2 => Ok(State::Doubting),
        3 => Ok(State::Leaving),
        _ => Err(Unreadable::Absurd),
    }
}

fn text(bytes: &[u8]) -> Result<&str, Unreadable> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty()).ok_or(Unreadable::Absurd)
}

/// An interval of nothing, or a patience shorter than an interval, would make a peer die while it beats.
fn plausible(beat: &Beat) -> Result<(), Unreadable> {
    let fits =
        !beat.said.interval.is_zero() && beat.said.patience > beat.said.interval && !beat.hardware.is_group();
    fits.then_some(()).ok_or(Unreadable::Absurd)
}

fn section(beat: &mut Beat, kind: u8, mut bytes: Reader<'_>) -> Result<(), Unreadable> {
    match kind {
        HEARD => bytes.all(|b| b.heard(), &mut beat.heard),
        WANTS => bytes.all(|b| b.want(), &mut beat.wants),
        GONE => bytes.all(|b| b.u64().map(NodeId), &mut beat.gone),
        OFFERS => bytes.slice().map(|slice| beat.parts.push(Part::Offers(slice))),
        CLAIMS => bytes.slice().map(|slice| beat.parts.push(Part::Claims(slice))),
        _ => Ok(()),
    }
}

impl Reader<'_> {
    fn millis(&mut self) -> Result<Duration, Unreadable> {
        Ok(Duration::from_millis(self.u16()?.into()))
    }

    fn stamp(&mut self) -> Result<Stamp, Unreadable> {
        Ok(Stamp { version: Version(self.u32()?), digest: Digest(self.u64()?) })
    }

    fn all<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Unreadable>,
        into: &mut Vec<T>,
    ) -> Result<(), Unreadable> {
        while !self.is_empty() {
            into.push(read(self)?);
        }
        Ok(())
    }

    fn heard(&mut self) -> Result<Heard, Unreadable> {
        Ok(Heard {
            id: NodeId(self.u64()?),
            asked: self.u8()? & ASKED != 0,
            age: self.millis()?,
            incarnation: Incarnation(self.u64()?),
            sequence: Sequence(self.u64()?),
            claims: Version(self.u32()?),
        })
    }

    fn want(&mut self) -> Result<Want, Unreadable> {
        let (id, flags) = (NodeId(self.u64()?), self.u8()?);
        let (offers, claims) = (Version(self.u32()?), Version(self.u32()?));
        Ok(Want {
            id,
            offers: (flags & 1 != 0).then_some(offers),
            claims: (flags & 2 != 0).then_some(claims),
        })
    }

    fn slice(&mut self) -> Result<Slice, Unreadable> {
        let (base, to) = (Version(self.u32()?), self.stamp()?);
        let (index, count) = (self.u16()?, self.u16()?);
        Ok(Slice { base, to, index, count, bytes: self.rest().to_vec() })
    }
}
