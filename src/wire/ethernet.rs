//! The header of a frame (RFC 894, RFC 2464 §3).

use pnet::packet::ethernet::{EthernetPacket, MutableEthernetPacket};
use pnet::util::MacAddr;

use super::Ignored;
use crate::addr::HardwareAddr;

/// Length of the header in bytes.
pub const HEADER: usize = 14;

/// What the payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EtherType {
    /// 0x0800.
    Ipv4,
    /// 0x0806.
    Arp,
    /// 0x86dd.
    Ipv6,
    /// Anything else.
    Other(u16),
}

impl EtherType {
    /// The number on the wire.
    pub const fn number(self) -> u16 {
        match self {
            Self::Ipv4 => 0x0800,
            Self::Arp => 0x0806,
            Self::Ipv6 => 0x86dd,
            Self::Other(number) => number,
        }
    }

    const fn from_number(number: u16) -> Self {
        match number {
            0x0800 => Self::Ipv4,
            0x0806 => Self::Arp,
            0x86dd => Self::Ipv6,
            number => Self::Other(number),
        }
    }
}

/// The header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// To whom.
    pub destination: HardwareAddr,
    /// From whom.
    pub source: HardwareAddr,
    /// What the payload is.
    pub ethertype: EtherType,
}

impl Header {
    /// Splits a frame into its header and its payload, padding included.
    ///
    /// # Errors
    /// [`Ignored::Truncated`].
    pub fn read(frame: &[u8]) -> Result<(Self, &[u8]), Ignored> {
        let packet = EthernetPacket::new(frame).ok_or(Ignored::Truncated)?;
        let header = Self {
            destination: from_pnet(packet.get_destination()),
            source: from_pnet(packet.get_source()),
            ethertype: EtherType::from_number(packet.get_ethertype().0),
        };
        Ok((header, frame.get(HEADER..).unwrap_or_default()))
    }

    /// Writes the header at the start of `frame` and gives what follows it; nothing if the frame is shorter.
    pub(super) fn write<'a>(&self, frame: &'a mut [u8]) -> &'a mut [u8] {
        if let Some(mut packet) = MutableEthernetPacket::new(frame) {
            packet.set_destination(to_pnet(self.destination));
            packet.set_source(to_pnet(self.source));
            packet.set_ethertype(pnet::packet::ethernet::EtherType(self.ethertype.number()));
        }
        frame.get_mut(HEADER..).unwrap_or_default()
    }
}

pub(super) fn from_pnet(address: MacAddr) -> HardwareAddr {
    HardwareAddr(address.octets())
}

pub(super) fn to_pnet(address: HardwareAddr) -> MacAddr {
    let [a, b, c, d, e, f] = address.0;
    MacAddr::new(a, b, c, d, e, f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_shorter_than_its_header_is_truncated() {
        assert_eq!(Header::read(&[0; HEADER - 1]), Err(Ignored::Truncated));
        assert!(Header::read(&[0; HEADER]).is_ok_and(|(_, payload)| payload.is_empty()));
    }
}
