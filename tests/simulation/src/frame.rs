//! Frames as a person with a packet capture reads them.
//!
//! Written apart from the core's codecs on purpose: an oracle that shared them would believe their mistakes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use patina::addr::HardwareAddr;

/// UDP port of beats.
const BEAT_PORT: u16 = 7947;
const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_ARP: u16 = 0x0806;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ICMPV6_SOLICITATION: u8 = 135;
const ICMPV6_ADVERTISEMENT: u8 = 136;
/// Ethernet header, IPv6 header.
const ICMPV6_AT: usize = 14 + 40;

/// One frame, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Ethernet destination.
    pub to: HardwareAddr,
    /// Ethernet source.
    pub from: HardwareAddr,
    /// What it says.
    pub kind: Kind,
}

/// What a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ARP (RFC 826).
    Arp(Arp),
    /// Neighbour solicitation (RFC 4861 §4.3).
    Solicitation {
        /// The address asked for.
        target: Ipv6Addr,
        /// Source is unspecified: duplicate address detection (RFC 4862 §5.4).
        probe: bool,
    },
    /// Neighbour advertisement (RFC 4861 §4.4).
    Advertisement(Advertisement),
    /// A datagram between speakers, with the length of the frame.
    Beat(usize),
    /// Anything else.
    Other,
}

/// An ARP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    /// Operation 2.
    pub reply: bool,
    /// Sender hardware address.
    pub sender_hw: HardwareAddr,
    /// Sender protocol address.
    pub sender: Ipv4Addr,
    /// Target hardware address.
    pub target_hw: HardwareAddr,
    /// Target protocol address.
    pub target: Ipv4Addr,
}

/// A neighbour advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertisement {
    /// The address it speaks of.
    pub target: Ipv6Addr,
    /// Flag S.
    pub solicited: bool,
    /// Flag O.
    pub overriding: bool,
    /// Target link-layer address option.
    pub target_hw: Option<HardwareAddr>,
}

/// Reads a frame; what is cut short is [`Kind::Other`].
pub fn read(frame: &[u8]) -> Option<Seen> {
    let to = hardware(frame, 0)?;
    let from = hardware(frame, 6)?;
    let kind = match u16_at(frame, 12)? {
        ETHERTYPE_ARP => read_arp(frame),
        ETHERTYPE_IPV4 => read_beat(frame),
        ETHERTYPE_IPV6 => read_ndp(frame),
        _ => None,
    };
    Some(Seen { to, from, kind: kind.unwrap_or(Kind::Other) })
}

fn read_arp(frame: &[u8]) -> Option<Kind> {
    Some(Kind::Arp(Arp {
        reply: u16_at(frame, 20)? == 2,
        sender_hw: hardware(frame, 22)?,
        sender: v4(frame, 28)?,
        target_hw: hardware(frame, 32)?,
        target: v4(frame, 38)?,
    }))
}

fn read_beat(frame: &[u8]) -> Option<Kind> {
    let header = usize::from(frame.get(14)? & 0x0f) * 4;
    let udp = *frame.get(23)? == 17;
    let port = u16_at(frame, 14 + header + 2)?;
    (udp && port == BEAT_PORT).then_some(Kind::Beat(frame.len()))
}

fn read_ndp(frame: &[u8]) -> Option<Kind> {
    let source = v6(frame, 14 + 8)?;
    let target = v6(frame, ICMPV6_AT + 8)?;
    match *frame.get(ICMPV6_AT)? {
        ICMPV6_SOLICITATION => Some(Kind::Solicitation { target, probe: source.is_unspecified() }),
        ICMPV6_ADVERTISEMENT => {
            let flags = *frame.get(ICMPV6_AT + 4)?;
            let option = frame.get(ICMPV6_AT + 24) == Some(&2);
            Some(Kind::Advertisement(Advertisement {
                target,
                solicited: flags & 0x40 != 0,
                overriding: flags & 0x20 != 0,
                target_hw: hardware(frame, ICMPV6_AT + 26).filter(|_| option),
            }))
        }
        _ => None,
    }
}

impl Kind {
    /// The external address that the sender says is at its own hardware address, if that is what the frame says.
    pub fn claims(&self) -> Option<IpAddr> {
        match self {
            Self::Arp(arp) if !arp.sender.is_unspecified() => Some(arp.sender.into()),
            Self::Advertisement(advertisement) => Some(advertisement.target.into()),
            Self::Arp(_) | Self::Solicitation { .. } | Self::Beat(_) | Self::Other => None,
        }
    }

    /// Whether nobody asked for it: a gratuitous ARP frame, or an advertisement that is not solicited.
    pub fn gratuitous(&self) -> bool {
        match self {
            Self::Arp(arp) => arp.sender == arp.target,
            Self::Advertisement(advertisement) => !advertisement.solicited,
            Self::Solicitation { .. } | Self::Beat(_) | Self::Other => false,
        }
    }
}

/// An ARP frame.
pub fn arp(to: HardwareAddr, from: HardwareAddr, arp: Arp) -> Vec<u8> {
    let mut frame = ethernet(to, from, ETHERTYPE_ARP);
    frame.extend([0, 1, 8, 0, 6, 4, 0, if arp.reply { 2 } else { 1 }]);
    frame.extend(arp.sender_hw.0);
    frame.extend(arp.sender.octets());
    frame.extend(arp.target_hw.0);
    frame.extend(arp.target.octets());
    frame.resize(60, 0);
    frame
}

/// A neighbour solicitation with the sender's hardware address; to `unicast`, or else to the group of the target.
pub fn solicitation(
    unicast: Option<HardwareAddr>,
    from: HardwareAddr,
    source: Ipv6Addr,
    target: Ipv6Addr,
) -> Vec<u8> {
    let group = solicited_node(target);
    let destination = if unicast.is_some() { target } else { group };
    let to = unicast.unwrap_or(HardwareAddr::multicast_v6(group));
    let mut body = vec![ICMPV6_SOLICITATION, 0, 0, 0, 0, 0, 0, 0];
    body.extend(target.octets());
    body.extend([1, 1]);
    body.extend(from.0);
    icmpv6(to, from, source, destination, body)
}

/// An unsolicited neighbour advertisement to all nodes, with override.
pub fn advertisement(from: HardwareAddr, source: Ipv6Addr, target: Ipv6Addr) -> Vec<u8> {
    let all_nodes = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
    let mut body = vec![ICMPV6_ADVERTISEMENT, 0, 0, 0, 0x20, 0, 0, 0];
    body.extend(target.octets());
    body.extend([2, 1]);
    body.extend(from.0);
    icmpv6(HardwareAddr::multicast_v6(all_nodes), from, source, all_nodes, body)
}

fn icmpv6(
    to: HardwareAddr,
    from: HardwareAddr,
    source: Ipv6Addr,
    target: Ipv6Addr,
    body: Vec<u8>,
) -> Vec<u8> {
    let mut frame = ethernet(to, from, ETHERTYPE_IPV6);
    frame.extend([0x60, 0, 0, 0, 0, u8::try_from(body.len()).unwrap_or(0), 58, 255]);
    frame.extend(source.octets());
    frame.extend(target.octets());
    frame.extend(body);
    seal_checksum(&mut frame);
    frame
}

/// Writes the ICMPv6 checksum of an IPv6 frame (RFC 4443 §2.3).
pub fn seal_checksum(frame: &mut [u8]) {
    let (header, body) = frame.split_at_mut(ICMPV6_AT);
    body[2..4].fill(0);
    let pseudo = header[22..54].chunks(2).chain(body.chunks(2));
    let words = pseudo.map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum = words.sum::<u32>() + u32::try_from(body.len()).unwrap_or(0) + 58;
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    let checksum = !u16::try_from(sum).unwrap_or(0);
    body[2..4].copy_from_slice(&checksum.to_be_bytes());
}

/// Clears the override flag of an advertisement and mends its checksum; leaves any other frame alone.
pub fn without_override(frame: &mut [u8]) {
    let Some(Seen { kind: Kind::Advertisement(_), .. }) = read(frame) else { return };
    frame[ICMPV6_AT + 4] &= !0x20;
    seal_checksum(frame);
}

fn ethernet(to: HardwareAddr, from: HardwareAddr, ethertype: u16) -> Vec<u8> {
    let mut frame = Vec::with_capacity(90);
    frame.extend(to.0);
    frame.extend(from.0);
    frame.extend(ethertype.to_be_bytes());
    frame
}

/// The solicited-node group of an address (RFC 4291 §2.7.1).
fn solicited_node(target: Ipv6Addr) -> Ipv6Addr {
    let o = target.octets();
    Ipv6Addr::from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, o[13], o[14], o[15]])
}

fn u16_at(frame: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(frame.get(at..at + 2)?.try_into().ok()?))
}

fn hardware(frame: &[u8], at: usize) -> Option<HardwareAddr> {
    Some(HardwareAddr(frame.get(at..at + 6)?.try_into().ok()?))
}

fn v4(frame: &[u8], at: usize) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = frame.get(at..at + 4)?.try_into().ok()?;
    Some(octets.into())
}

fn v6(frame: &[u8], at: usize) -> Option<Ipv6Addr> {
    let octets: [u8; 16] = frame.get(at..at + 16)?.try_into().ok()?;
    Some(octets.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HW: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 9]);

    #[test]
    fn what_is_written_is_read_back() {
        let packet = Arp {
            reply: false,
            sender_hw: HW,
            sender: Ipv4Addr::new(10, 0, 0, 1),
            target_hw: HardwareAddr::ZERO,
            target: Ipv4Addr::new(10, 0, 0, 2),
        };
        let seen = read(&arp(HardwareAddr::BROADCAST, HW, packet)).expect("a whole frame");
        assert_eq!(seen, Seen { to: HardwareAddr::BROADCAST, from: HW, kind: Kind::Arp(packet) });
    }

    #[test]
    fn an_advertisement_without_override_has_a_sound_checksum() {
        let target = "2001:db8::5".parse().expect("an address");
        let mut frame = advertisement(HW, "fe80::9".parse().expect("an address"), target);
        without_override(&mut frame);
        let mended = frame.clone();
        seal_checksum(&mut frame);
        assert_eq!(frame, mended);
        let seen = read(&frame).expect("a whole frame");
        let expected = Advertisement { target, solicited: false, overriding: false, target_hw: Some(HW) };
        assert_eq!(seen.kind, Kind::Advertisement(expected));
    }
}
