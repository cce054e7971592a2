//! Hardware addresses of links.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A 48-bit IEEE 802 address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HardwareAddr(pub [u8; 6]);

impl HardwareAddr {
    /// All ones: every station of the segment.
    pub const BROADCAST: Self = Self([0xff; 6]);
    /// All zero: unknown.
    pub const ZERO: Self = Self([0; 6]);

    /// The group address that carries an IPv4 multicast group (RFC 1112 §6.4): its low 23 bits.
    pub const fn multicast_v4(group: Ipv4Addr) -> Self {
        let [_, b, c, d] = group.octets();
        Self([0x01, 0x00, 0x5e, b & 0x7f, c, d])
    }

    /// The group address that carries an IPv6 multicast group (RFC 2464 §7): its low 32 bits.
    pub const fn multicast_v6(group: Ipv6Addr) -> Self {
        let o = group.octets();
        Self([0x33, 0x33, o[12], o[13], o[14], o[15]])
    }

    /// Whether the group bit is set (multicast and broadcast).
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// Whether one station can have this address: no group, and not zero.
    pub fn is_station(self) -> bool {
        !self.is_group() && self != Self::ZERO
    }
}

impl fmt::Display for HardwareAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for HardwareAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The text is not six pairs of hexadecimal digits joined by colons. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a hardware address such as 02:00:00:00:00:01")]
pub struct HardwareAddrError(String);

impl FromStr for HardwareAddr {
    type Err = HardwareAddrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || HardwareAddrError(text.to_owned());
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().filter(|p| p.len() == 2 && !p.starts_with('+')).ok_or_else(refuse)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| refuse())?;
        }
        parts.next().is_none().then_some(Self(bytes)).ok_or_else(refuse)
    }
}

impl Serialize for HardwareAddr {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HardwareAddr {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_agree() {
        let address = HardwareAddr([2, 0, 0xab, 0, 0, 0x1f]);
        assert_eq!(address.to_string(), "02:00:ab:00:00:1f");
        assert_eq!("02:00:ab:00:00:1f".parse(), Ok(address));
    }

    #[test]
    fn text_of_another_shape_is_refused() {
        for text in [
            "",
            "02:00:00:00:00",
            "02:00:00:00:00:01:02",
            "2:0:0:0:0:1",
            "+2:00:00:00:00:01",
            "zz:00:00:00:00:01",
        ] {
            assert!(text.parse::<HardwareAddr>().is_err(), "{text}");
        }
    }

    #[test]
    fn groups_map_as_the_rfcs_say() {
        assert_eq!(HardwareAddr::multicast_v4(Ipv4Addr::new(224, 0, 0, 1)).to_string(), "01:00:5e:00:00:01");
        assert_eq!(
            HardwareAddr::multicast_v4(Ipv4Addr::new(239, 255, 1, 2)).to_string(),
            "01:00:5e:7f:01:02"
        );
        let group = "ff02::1:ff12:3456".parse().unwrap();
        assert_eq!(HardwareAddr::multicast_v6(group).to_string(), "33:33:ff:12:34:56");
    }
}
