//! The datagrams that carry beats: UDP in IPv4 to the all-hosts group (RFC 768, RFC 791, RFC 1112 §6.4).
//!
//! The group is never pruned by a snooping switch and needs no membership; hop limit 1 keeps the datagram on its link;
//! the source may be 0.0.0.0, so that a link without an IPv4 address can speak too.
//!
//! ```text
//!  Ethernet 14 │ IPv4 20 │ UDP 8 │ payload
//! ```

use std::net::Ipv4Addr;

use super::Ignored;
use super::ethernet::{EtherType, HEADER, Header};
use super::icmpv6::Sum;
use crate::addr::HardwareAddr;

/// Source and destination port of every beat.
pub const PORT: u16 = 7947;
/// All hosts of the link.
pub const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
/// Hardware address of [`GROUP`].
pub const GROUP_HARDWARE: HardwareAddr = HardwareAddr::multicast_v4(GROUP);
/// Longest payload that fits the 1500 bytes of an Ethernet link without fragments.
pub const MAX_PAYLOAD: usize = 1500 - IPV4_HEADER - UDP_HEADER;

const IPV4_HEADER: usize = 20;
const UDP_HEADER: usize = 8;
const PROTOCOL_UDP: u8 = 17;
const HOP_LIMIT: u8 = 1;
const DONT_FRAGMENT: u8 = 0x40;
const FRAGMENT_BITS: u16 = 0x3fff;

/// A datagram whose checksums fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// From whom; 0.0.0.0 from a link without an IPv4 address.
    pub source: Ipv4Addr,
    /// What it carries.
    pub payload: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// Reads the payload of a frame.
    ///
    /// # Errors
    /// Why it means nothing: too short, no IPv4, a fragment, another protocol, group or port, a wrong or missing checksum.
    pub fn read(payload: &'a [u8]) -> Result<Self, Ignored> {
        let (header, datagram) = split_ipv4(payload)?;
        let source = address(header, 12);
        if address(header, 16) != GROUP {
            return Err(Ignored::ForeignPort);
        }
        let udp = datagram.first_chunk::<UDP_HEADER>().ok_or(Ignored::Truncated)?;
        let [_, _, port_high, port_low, length_high, length_low, sum_high, sum_low] = *udp;
        if u16::from_be_bytes([port_high, port_low]) != PORT {
            return Err(Ignored::ForeignPort);
        }
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        let datagram = datagram.get(..length).ok_or(Ignored::Truncated)?;
        let payload = datagram.get(UDP_HEADER..).ok_or(Ignored::Truncated)?;
        if (sum_high, sum_low) == (0, 0) || udp_checksum(source, GROUP, datagram) != 0 {
            return Err(Ignored::Checksum);
        }
        Ok(Self { source, payload })
    }

    /// Appends the frame that carries this datagram from `hardware` to the group.
    ///
    /// # Panics
    /// If the payload is longer than [`MAX_PAYLOAD`]: whoever encodes beats cuts them into pieces that fit.
    pub fn write(&self, hardware: HardwareAddr, frames: &mut Vec<u8>) {
        assert!(self.payload.len() <= MAX_PAYLOAD, "a beat fits one frame");
        let start = frames.len();
        frames.resize(start + HEADER + IPV4_HEADER + UDP_HEADER, 0);
        frames.extend_from_slice(self.payload);
        let frame = &mut frames[start..];
        let header = Header { destination: GROUP_HARDWARE, source: hardware, ethertype: EtherType::Ipv4 };
        let packet = header.write(frame);
        write_ipv4(packet, self.source);
        write_udp(&mut packet[IPV4_HEADER..], self.source);
    }
}

/// The header, options included, and what follows it up to the total length.
fn split_ipv4(payload: &[u8]) -> Result<(&[u8], &[u8]), Ignored> {
    let fixed = payload.first_chunk::<IPV4_HEADER>().ok_or(Ignored::Truncated)?;
    let header_length = usize::from(fixed[0] & 0x0f) * 4;
    if fixed[0] >> 4 != 4 || header_length < IPV4_HEADER {
        return Err(Ignored::IpHeader);
    }
    if fixed[9] != PROTOCOL_UDP {
        return Err(Ignored::ForeignProtocol);
    }
    if u16::from_be_bytes([fixed[6], fixed[7]]) & FRAGMENT_BITS != 0 {
        return Err(Ignored::IpFragment);
    }
    let total = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    let packet = payload.get(..total).ok_or(Ignored::Truncated)?;
    let (header, datagram) = packet.split_at_checked(header_length).ok_or(Ignored::Truncated)?;
    if header_checksum(header) != 0 {
        return Err(Ignored::Checksum);
    }
    Ok((header, datagram))
}

fn write_ipv4(packet: &mut [u8], source: Ipv4Addr) {
    let total = length_field(packet.len());
    packet[0] = 4 << 4 | 5;
    packet[2..4].copy_from_slice(&total);
    packet[6] = DONT_FRAGMENT;
    packet[8] = HOP_LIMIT;
    packet[9] = PROTOCOL_UDP;
    packet[12..16].copy_from_slice(&source.octets());
    packet[16..20].copy_from_slice(&GROUP.octets());
    let sum = header_checksum(&packet[..IPV4_HEADER]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
}

fn write_udp(datagram: &mut [u8], source: Ipv4Addr) {
    let length = length_field(datagram.len());
    datagram[0..2].copy_from_slice(&PORT.to_be_bytes());
    datagram[2..4].copy_from_slice(&PORT.to_be_bytes());
    datagram[4..6].copy_from_slice(&length);
    // A sum of zero would say that there is none; its other notation is all ones (RFC 768).
    let sum = match udp_checksum(source, GROUP, datagram) {
        0 => u16::MAX,
        sum => sum,
    };
    datagram[6..8].copy_from_slice(&sum.to_be_bytes());
}

/// The length as it stands on the wire; [`Datagram::write`] has bounded it.
fn length_field(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

fn header_checksum(header: &[u8]) -> u16 {
    let mut sum = Sum::default();
    sum.add(header);
    sum.complement()
}

fn udp_checksum(source: Ipv4Addr, destination: Ipv4Addr, datagram: &[u8]) -> u16 {
    let mut sum = Sum::default();
    sum.add(&source.octets());
    sum.add(&destination.octets());
    sum.add(&[0, PROTOCOL_UDP]);
    sum.add(&(datagram.len() as u64).to_be_bytes());
    sum.add(datagram);
    sum.complement()
}

/// The address at an offset within the fixed part of a header.
fn address(header: &[u8], at: usize) -> Ipv4Addr {
    let octets = header.get(at..).and_then(<[u8]>::first_chunk::<4>);
    octets.map_or(Ipv4Addr::UNSPECIFIED, |octets| Ipv4Addr::from(*octets))
}
