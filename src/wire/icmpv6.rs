//! ICMPv6 directly above the IPv6 header: checks of the header and the checksum over the pseudo-header (RFC 4443 §2.3,
//! RFC 8200 §8.1).
//!
//! Extension headers are refused: nothing that is answered here has them, and fragments of neighbour discovery must be
//! ignored anyway (RFC 6980).

use std::net::Ipv6Addr;

use super::Ignored;

/// Length of the IPv6 header in bytes.
pub const IPV6_HEADER: usize = 40;
/// Next header value of ICMPv6.
pub const NEXT_HEADER: u8 = 58;

const FRAGMENT_HEADER: u8 = 44;
const ICMPV6_HEADER: usize = 4;

/// An ICMPv6 message whose checksum fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// From whom.
    pub source: Ipv6Addr,
    /// To whom.
    pub destination: Ipv6Addr,
    /// As received: 255 has passed no router.
    pub hop_limit: u8,
    /// From the type on, at least four bytes: type, code, checksum.
    pub message: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads the payload of a frame.
    ///
    /// # Errors
    /// Why it means nothing: too short, no IPv6, another protocol, a wrong checksum.
    pub fn read(payload: &'a [u8]) -> Result<Self, Ignored> {
        let (header, rest) = payload.split_first_chunk::<IPV6_HEADER>().ok_or(Ignored::Truncated)?;
        if header[0] >> 4 != 6 {
            return Err(Ignored::IpHeader);
        }
        match header[6] {
            NEXT_HEADER => {}
            FRAGMENT_HEADER => return Err(Ignored::IpFragment),
            _ => return Err(Ignored::ForeignProtocol),
        }
        let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
        let message = rest.get(..length).filter(|m| m.len() >= ICMPV6_HEADER).ok_or(Ignored::Truncated)?;
        let (source, destination) = (address(header, 8), address(header, 24));
        if checksum(source, destination, message) != 0 {
            return Err(Ignored::Checksum);
        }
        Ok(Self { source, destination, hop_limit: header[7], message })
    }
}

/// Writes the IPv6 header of a message that must not pass a router, and the checksum of the message behind it.
///
/// `payload` is header and message together, the message already in place with a checksum of zero.
pub(super) fn write(payload: &mut [u8], source: Ipv6Addr, destination: Ipv6Addr, hop_limit: u8) {
    let Some((header, message)) = payload.split_first_chunk_mut::<IPV6_HEADER>() else { return };
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    header[0] = 6 << 4;
    header[4..6].copy_from_slice(&length.to_be_bytes());
    header[6] = NEXT_HEADER;
    header[7] = hop_limit;
    header[8..24].copy_from_slice(&source.octets());
    header[24..40].copy_from_slice(&destination.octets());
    let sum = checksum(source, destination, message);
    if let Some(field) = message.get_mut(2..4) {
        field.copy_from_slice(&sum.to_be_bytes());
    }
}

/// The checksum of `message` between two addresses: zero when the message carries the right one.
pub fn checksum(source: Ipv6Addr, destination: Ipv6Addr, message: &[u8]) -> u16 {
    let mut sum = Sum::default();
    sum.add(&source.octets());
    sum.add(&destination.octets());
    sum.add(&(message.len() as u64).to_be_bytes());
    sum.add(&[0, NEXT_HEADER]);
    sum.add(message);
    sum.complement()
}

/// The Internet checksum (RFC 1071): ones' complement sum of 16-bit words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum(u64);

impl Sum {
    /// Adds bytes that begin at an even offset; an odd last byte is padded with zero.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let (words, odd) = bytes.as_chunks::<2>();
        self.0 += words.iter().map(|word| u64::from(u16::from_be_bytes(*word))).sum::<u64>();
        self.0 += odd.first().map_or(0, |byte| u64::from(*byte) << 8);
    }

    /// Folds the carries in and complements.
    pub(super) fn complement(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        #[expect(clippy::cast_possible_truncation, reason = "folded to 16 bits above")]
        let folded = sum as u16;
        !folded
    }
}

fn address(header: &[u8; IPV6_HEADER], at: usize) -> Ipv6Addr {
    let mut octets = [0; 16];
    octets.copy_from_slice(&header[at..at + 16]);
    octets.into()
}

#[cfg(test)]
mod tests {
    use pnet::packet::icmpv6::Icmpv6Packet;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_checksum_is_that_of_pnet(
            source: [u8; 16],
            destination: [u8; 16],
            mut message in prop::collection::vec(any::<u8>(), 4..200),
        ) {
            message[2..4].fill(0);
            let (source, destination) = (source.into(), destination.into());
            let theirs = pnet::packet::icmpv6::checksum(&Icmpv6Packet::new(&message).unwrap(), &source, &destination);
            prop_assert_eq!(checksum(source, destination, &message), theirs);
        }
    }
}
