//! Bytes as a beat. Whatever the bytes are, this neither panics nor takes more memory than a few times their length.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::{
    ASKED, CLAIMS, CLUSTER_AT, GONE, HEARD, LEFT, OFFERS, READY, RECEIVING, Unreadable, WANTS, cluster,
};
use crate::addr::HardwareAddr;
use crate::membership::beat::{Beat, Heard, Part, Want};
use crate::membership::list::{Digest, Slice, Stamp};
use crate::membership::member::{Incarnation, NodeId, Sequence, State, Version};
use crate::membership::offers::{CONFIRMED, Claim, Epoch, FIRST, SECOND, TARGET, Weight};
use crate::name::NodeName;

/// Reads a datagram whose seal was proven and taken off.
///
/// # Errors
/// Why it is none; nothing is kept of it.
pub fn decode(datagram: &[u8]) -> Result<Beat, Unreadable> {
    let cluster = cluster(datagram)?;
    let state = state(datagram[5])?;
    let (flags, name_len) = (datagram[6], usize::from(datagram[7]));
    let mut bytes = Reader { bytes: &datagram[CLUSTER_AT + 8..] };
    let mut beat = Beat {
        cluster,
        id: NodeId(bytes.u64()?),
        hardware: HardwareAddr(bytes.array()?),
        interval: bytes.millis()?,
        patience: bytes.millis()?,
        lateness: bytes.millis()?,
        incarnation: Incarnation(bytes.u64()?),
        sequence: Sequence(bytes.u64()?),
        sent: Duration::from_millis(bytes.u64()?),
        offers: bytes.stamp()?,
        claims: bytes.stamp()?,
        name: name(bytes.take(name_len)?)?,
        state,
        ready: flags & READY != 0,
        receiving: flags & RECEIVING != 0,
        heard: Vec::new(),
        wants: Vec::new(),
        gone: Vec::new(),
        parts: Vec::new(),
    };
    plausible(&beat)?;
    while !bytes.is_empty() {
        let kind = bytes.u8()?;
        let length = usize::from(bytes.u16()?);
        section(&mut beat, kind, Reader { bytes: bytes.take(length)? })?;
    }
    Ok(beat)
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

fn name(bytes: &[u8]) -> Result<NodeName, Unreadable> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty()).ok_or(Unreadable::Absurd)?;
    Ok(NodeName::from(text))
}

/// An interval of nothing, or a patience shorter than an interval, would make a peer die while it beats.
fn plausible(beat: &Beat) -> Result<(), Unreadable> {
    let fits = !beat.interval.is_zero() && beat.patience > beat.interval && !beat.hardware.is_group();
    fits.then_some(()).ok_or(Unreadable::Absurd)
}

fn section(beat: &mut Beat, kind: u8, mut bytes: Reader<'_>) -> Result<(), Unreadable> {
    match kind {
        HEARD => bytes.all(|b| b.heard(), &mut beat.heard),
        WANTS => bytes.all(|b| b.want(), &mut beat.wants),
        GONE => bytes.all(|b| b.u64().map(NodeId), &mut beat.gone),
        OFFERS => bytes.slice(|b| b.u32().map(Weight)).map(|slice| beat.parts.push(Part::Offers(slice))),
        CLAIMS => bytes.slice(|b| b.claim()).map(|slice| beat.parts.push(Part::Claims(slice))),
        _ => Ok(()),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(Unreadable::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        self.take(N)?.try_into().map_err(|_| Unreadable::Truncated)
    }

    fn u8(&mut self) -> Result<u8, Unreadable> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, Unreadable> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Unreadable> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, Unreadable> {
        self.array().map(u64::from_be_bytes)
    }

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

    fn slice<E>(
        &mut self,
        mut entry: impl FnMut(&mut Self) -> Result<E, Unreadable>,
    ) -> Result<Slice<E>, Unreadable> {
        let (base, to) = (Version(self.u32()?), self.stamp()?);
        let (index, count) = (self.u16()?, self.u16()?);
        let mut entries = Vec::new();
        while !self.is_empty() {
            let tag = self.u8()?;
            let address = self.address(tag & !LEFT)?;
            let left = tag & LEFT != 0;
            entries.push((address, if left { None } else { Some(entry(self)?) }));
        }
        Ok(Slice { base, to, index, count, entries })
    }

    fn address(&mut self, family: u8) -> Result<IpAddr, Unreadable> {
        match family {
            4 => Ok(Ipv4Addr::from(self.array::<4>()?).into()),
            6 => Ok(Ipv6Addr::from(self.array::<16>()?).into()),
            _ => Err(Unreadable::Absurd),
        }
    }

    fn claim(&mut self) -> Result<Claim, Unreadable> {
        let flags = self.u8()?;
        let (epoch, weight) = (Epoch(self.u32()?), Weight(self.u32()?));
        let mut id = |flag| (flags & flag != 0).then(|| self.u64().map(NodeId)).transpose();
        let line = [id(FIRST)?, id(SECOND)?];
        Ok(Claim { epoch, confirmed: flags & CONFIRMED != 0, weight, line, target: id(TARGET)? })
    }
}
