//! Neighbour solicitation and advertisement (RFC 4861 §4.3, §4.4, checks of §7.1; RFC 4862 §5.4 for probes).
//!
//! Options are walked here, not by the packet crate, whose arithmetic on their length overflows.

use std::net::Ipv6Addr;

use super::ethernet::{EtherType, HEADER, Header};
use super::icmpv6::{self, IPV6_HEADER, Packet};
use super::{Frame, Ignored};
use crate::addr::HardwareAddr;

/// Hop limit of every packet of neighbour discovery: proof that no router was passed.
pub const HOP_LIMIT: u8 = 255;
/// How many low bits of an address choose its solicited-node group (RFC 4291 §2.7.1).
pub const SOLICITED_NODE_BITS: u32 = 24;
/// All nodes of the link.
pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

const SOLICITED_NODE_PREFIX: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 0);
const TYPE_SOLICITATION: u8 = 135;
const TYPE_ADVERTISEMENT: u8 = 136;
const FIXED: usize = 24;
const OPTION_UNIT: usize = 8;
const OPTION_SOURCE: u8 = 1;
const OPTION_TARGET: u8 = 2;
const FLAG_ROUTER: u8 = 0x80;
const FLAG_SOLICITED: u8 = 0x40;
const FLAG_OVERRIDE: u8 = 0x20;

/// The multicast group in which the owner of `address` listens for solicitations.
pub const fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let low = address.to_bits() & ((1 << SOLICITED_NODE_BITS) - 1);
    Ipv6Addr::from_bits(SOLICITED_NODE_PREFIX.to_bits() | low)
}

/// One of the two messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbor {
    /// The question.
    Solicitation(Solicitation),
    /// The answer, or the unasked statement.
    Advertisement(Advertisement),
}

/// Asks for the hardware address of `target`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Solicitation {
    /// The asker; `::` in duplicate address detection.
    pub source: Ipv6Addr,
    /// The target's solicited-node group, or the target itself when its reachability is checked.
    pub destination: Ipv6Addr,
    /// The address asked for.
    pub target: Ipv6Addr,
    /// Where the asker wants the answer.
    pub source_hardware: Option<HardwareAddr>,
}

/// Says where `target` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertisement {
    /// An address of the sender.
    pub source: Ipv6Addr,
    /// The asker, or all nodes.
    pub destination: Ipv6Addr,
    /// The address spoken of.
    pub target: Ipv6Addr,
    /// The three flags.
    pub flags: Flags,
    /// Where it is.
    pub target_hardware: Option<HardwareAddr>,
}

/// Flags of an advertisement. The names are those of the RFC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// R: the sender is a router.
    pub router: bool,
    /// S: this answers a solicitation.
    pub solicited: bool,
    /// O: replaces what a cache holds.
    pub overriding: bool,
}

impl Solicitation {
    /// The question whether `target` is free, as of duplicate address detection.
    pub const fn probe(target: Ipv6Addr) -> Self {
        let destination = solicited_node(target);
        Self { source: Ipv6Addr::UNSPECIFIED, destination, target, source_hardware: None }
    }

    /// The question to `target` itself whether it is there (RFC 4861 §7.3), from `source` at `hardware`.
    pub const fn reachability(source: Ipv6Addr, hardware: HardwareAddr, target: Ipv6Addr) -> Self {
        Self { source, destination: target, target, source_hardware: Some(hardware) }
    }

    /// Whether a host asks before it uses the address itself (RFC 4862 §5.4.3).
    pub const fn is_duplicate_address_detection(&self) -> bool {
        self.source.is_unspecified()
    }

    /// The answer from `source`: the target is at `hardware`. Override is always set, so that a wrong entry is
    /// replaced. A probe is answered to all nodes, unsolicited (RFC 4861 §7.2.4).
    pub const fn answer(&self, source: Ipv6Addr, hardware: HardwareAddr) -> Advertisement {
        if self.is_duplicate_address_detection() {
            return Advertisement::unsolicited(source, self.target, hardware);
        }
        Advertisement {
            source,
            destination: self.source,
            target: self.target,
            flags: Flags { router: false, solicited: true, overriding: true },
            target_hardware: Some(hardware),
        }
    }

    /// The frame from `hardware` to the group or station of the destination; `station` is the hardware address of a
    /// destination that is no group.
    pub fn frame(&self, hardware: HardwareAddr, station: HardwareAddr) -> Frame {
        let option = self.source_hardware.map(|address| (OPTION_SOURCE, address));
        let message = Fields { kind: TYPE_SOLICITATION, flags: 0, target: self.target, option };
        message.frame(self.source, self.destination, hardware, station)
    }
}

impl Advertisement {
    /// The unasked statement to all nodes, override set: `target` is at `hardware`.
    pub const fn unsolicited(source: Ipv6Addr, target: Ipv6Addr, hardware: HardwareAddr) -> Self {
        Self {
            source,
            destination: ALL_NODES,
            target,
            flags: Flags { router: false, solicited: false, overriding: true },
            target_hardware: Some(hardware),
        }
    }

    /// The frame from `hardware` to the group or station of the destination; `station` is the hardware address of a
    /// destination that is no group.
    pub fn frame(&self, hardware: HardwareAddr, station: HardwareAddr) -> Frame {
        let option = self.target_hardware.map(|address| (OPTION_TARGET, address));
        let flags = self.flags.to_byte();
        let message = Fields { kind: TYPE_ADVERTISEMENT, flags, target: self.target, option };
        message.frame(self.source, self.destination, hardware, station)
    }
}

impl Flags {
    const fn from_byte(byte: u8) -> Self {
        Self {
            router: byte & FLAG_ROUTER != 0,
            solicited: byte & FLAG_SOLICITED != 0,
            overriding: byte & FLAG_OVERRIDE != 0,
        }
    }

    const fn to_byte(self) -> u8 {
        (if self.router { FLAG_ROUTER } else { 0 })
            | (if self.solicited { FLAG_SOLICITED } else { 0 })
            | (if self.overriding { FLAG_OVERRIDE } else { 0 })
    }
}

/// Reads a message of neighbour discovery.
///
/// # Errors
/// Why it must be discarded, by the checks of RFC 4861 §7.1.1 and §7.1.2.
pub fn read(packet: &Packet<'_>) -> Result<Neighbor, Ignored> {
    if packet.hop_limit != HOP_LIMIT {
        return Err(Ignored::HopLimit);
    }
    let (&kind, rest) = packet.message.split_first().ok_or(Ignored::Truncated)?;
    if !matches!(kind, TYPE_SOLICITATION | TYPE_ADVERTISEMENT) {
        return Err(Ignored::Icmpv6Type);
    }
    if rest.first() != Some(&0) {
        return Err(Ignored::Icmpv6Code);
    }
    let (fixed, options) = packet.message.split_first_chunk::<FIXED>().ok_or(Ignored::Truncated)?;
    let target = target_of(fixed);
    if target.is_multicast() {
        return Err(Ignored::MulticastTarget);
    }
    match kind {
        TYPE_SOLICITATION => read_solicitation(packet, target, options).map(Neighbor::Solicitation),
        _ => read_advertisement(packet, target, fixed[4], options).map(Neighbor::Advertisement),
    }
}

fn read_solicitation(packet: &Packet<'_>, target: Ipv6Addr, options: &[u8]) -> Result<Solicitation, Ignored> {
    let source_hardware = link_layer_address(options, OPTION_SOURCE)?;
    let (source, destination) = (packet.source, packet.destination);
    let is_group = solicited_node(destination) == destination;
    if source.is_unspecified() && (source_hardware.is_some() || !is_group) {
        return Err(Ignored::UnspecifiedSource);
    }
    Ok(Solicitation { source, destination, target, source_hardware })
}

fn read_advertisement(
    packet: &Packet<'_>,
    target: Ipv6Addr,
    flags: u8,
    options: &[u8],
) -> Result<Advertisement, Ignored> {
    let target_hardware = link_layer_address(options, OPTION_TARGET)?;
    let (source, destination, flags) = (packet.source, packet.destination, Flags::from_byte(flags));
    if destination.is_multicast() && flags.solicited {
        return Err(Ignored::SolicitedMulticast);
    }
    Ok(Advertisement { source, destination, target, flags, target_hardware })
}

fn target_of(fixed: &[u8; FIXED]) -> Ipv6Addr {
    let mut octets = [0; 16];
    octets.copy_from_slice(&fixed[8..]);
    octets.into()
}

/// Walks all options to the end, and gives the last link-layer address of `kind`.
///
/// Each option is type, length in units of eight bytes with type and length included, value. Unknown types are passed
/// over; a length of zero or beyond the end condemns the packet (RFC 4861 §4.6).
fn link_layer_address(mut options: &[u8], kind: u8) -> Result<Option<HardwareAddr>, Ignored> {
    let mut found = None;
    while let [option, units, ..] = *options {
        let length = usize::from(units) * OPTION_UNIT;
        let (this, rest) = options.split_at_checked(length).ok_or(Ignored::OptionLength)?;
        let Some(value) = this.get(2..) else { return Err(Ignored::OptionLength) };
        if option == kind {
            found = value.first_chunk::<6>().copied().map(HardwareAddr);
        }
        if found.is_some_and(|address| !address.is_station()) {
            return Err(Ignored::SenderHardware);
        }
        options = rest;
    }
    if options.is_empty() { Ok(found) } else { Err(Ignored::OptionLength) }
}

/// What both messages have in common on the wire.
struct Fields {
    kind: u8,
    flags: u8,
    target: Ipv6Addr,
    option: Option<(u8, HardwareAddr)>,
}

impl Fields {
    fn frame(
        &self,
        source: Ipv6Addr,
        destination: Ipv6Addr,
        hardware: HardwareAddr,
        station: HardwareAddr,
    ) -> Frame {
        let options = if self.option.is_some() { OPTION_UNIT } else { 0 };
        let mut frame = Frame::zeroed(HEADER + IPV6_HEADER + FIXED + options);
        let to = if destination.is_multicast() { HardwareAddr::multicast_v6(destination) } else { station };
        let header = Header { destination: to, source: hardware, ethertype: EtherType::Ipv6 };
        let payload = header.write(frame.as_mut_bytes());
        self.write(&mut payload[IPV6_HEADER..]);
        icmpv6::write(payload, source, destination, HOP_LIMIT);
        frame
    }

    fn write(&self, message: &mut [u8]) {
        message[0] = self.kind;
        message[4] = self.flags;
        message[8..FIXED].copy_from_slice(&self.target.octets());
        if let Some((option, address)) = self.option {
            message[FIXED] = option;
            message[FIXED + 1] = 1;
            message[FIXED + 2..].copy_from_slice(&address.0);
        }
    }
}
