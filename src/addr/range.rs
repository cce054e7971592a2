//! One contiguous range of addresses, written as a CIDR or by its two ends.
//!
//! Everything here is arithmetic on the two ends: a /64 costs no more than a /32.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets, Ipv6Net, Ipv6Subnets};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Family;

/// Contiguous addresses of one family, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    family: Family,
    first: u128,
    last: u128,
}

/// Why a text is no range. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RangeError {
    /// Neither a slash nor a dash.
    #[error("{0:?} is neither a CIDR such as 192.0.2.0/24 nor a range such as 192.0.2.1-192.0.2.9")]
    Shape(String),
    /// Blanks at the ends of a CIDR or inside it; only the dash of a range may have them.
    #[error("{0:?} has blanks, which a CIDR may not have")]
    Blank(String),
    /// Not an address.
    #[error("{0:?} is not an IP address")]
    Address(String),
    /// An IPv4 address in IPv6 clothes (RFC 4291 §2.5.5.2).
    #[error("{0} is an IPv4-mapped address: write it as IPv4")]
    Mapped(Ipv6Addr),
    /// What follows the slash is no number.
    #[error("{0:?} is not a prefix length")]
    Prefix(String),
    /// More bits than the family has.
    #[error("the prefix length {length} is above {} of {family}", family.bits())]
    PrefixTooLong {
        /// As written.
        length: u32,
        /// The family of the address before it.
        family: Family,
    },
    /// The first address lies above the last.
    #[error("the range is backwards: {first} is above {last}")]
    Backwards {
        /// As written before the dash.
        first: IpAddr,
        /// As written after the dash.
        last: IpAddr,
    },
    /// One end is IPv4, the other IPv6.
    #[error("the range mixes families: {first} and {last}")]
    MixedFamilies {
        /// As written before the dash.
        first: IpAddr,
        /// As written after the dash.
        last: IpAddr,
    },
}

impl AddressRange {
    /// The range from `first` to `last`, both included.
    ///
    /// # Errors
    /// [`RangeError::Backwards`] or [`RangeError::MixedFamilies`].
    pub fn new(first: IpAddr, last: IpAddr) -> Result<Self, RangeError> {
        let family = Family::of(first);
        if family != Family::of(last) {
            return Err(RangeError::MixedFamilies { first, last });
        }
        if first > last {
            return Err(RangeError::Backwards { first, last });
        }
        Ok(Self { family, first: number(first), last: number(last) })
    }

    /// The range that holds nothing but `address`.
    pub fn single(address: IpAddr) -> Self {
        Self { family: Family::of(address), first: number(address), last: number(address) }
    }

    /// The family of both ends.
    pub const fn family(&self) -> Family {
        self.family
    }

    /// The lowest address.
    pub fn first(&self) -> IpAddr {
        address(self.family, self.first)
    }

    /// The highest address.
    pub fn last(&self) -> IpAddr {
        address(self.family, self.last)
    }

    /// Number of addresses; saturates at `u128::MAX`, which only `::/0` reaches.
    pub const fn count(&self) -> u128 {
        (self.last - self.first).saturating_add(1)
    }

    /// The `index`-th address, counted from 0 upwards.
    pub fn nth(&self, index: u128) -> Option<IpAddr> {
        let at = self.first.checked_add(index).filter(|at| *at <= self.last)?;
        Some(address(self.family, at))
    }

    /// Whether `address` lies between the ends.
    pub fn contains(&self, address: IpAddr) -> bool {
        Family::of(address) == self.family && (self.first..=self.last).contains(&number(address))
    }

    /// Whether some address lies in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.family == other.family && self.first <= other.last && other.first <= self.last
    }

    /// The fewest prefixes that hold exactly these addresses, lowest first; at most two for each bit of an address.
    pub fn prefixes(&self) -> Vec<IpNet> {
        match self.family {
            Family::V4 => Ipv4Subnets::new(ipv4(self.first), ipv4(self.last), 0).map(IpNet::V4).collect(),
            Family::V6 => Ipv6Subnets::new(self.first.into(), self.last.into(), 0).map(IpNet::V6).collect(),
        }
    }

    /// The addresses that lie in both.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let both = || Self::between(self.family, self.first.max(other.first), self.last.min(other.last));
        self.overlaps(other).then(both)
    }

    /// The range from the lowest to the highest address of both, which are of one family.
    pub fn through(&self, other: &Self) -> Self {
        Self::between(self.family, self.first.min(other.first), self.last.max(other.last))
    }

    /// The narrowest prefix that holds all of it.
    pub const fn enclosing_prefix(&self) -> Self {
        let host = match (self.first ^ self.last).leading_zeros() {
            0 => u128::MAX,
            zeros => (1 << (128 - zeros)) - 1,
        };
        Self::between(self.family, self.first & !host, self.last | host)
    }

    pub(super) const fn between(family: Family, first: u128, last: u128) -> Self {
        Self { family, first, last }
    }

    pub(super) const fn ends(&self) -> (u128, u128) {
        (self.first, self.last)
    }

    fn from_cidr(text: &str, slash: usize) -> Result<Self, RangeError> {
        if text.contains(char::is_whitespace) {
            return Err(RangeError::Blank(text.to_owned()));
        }
        let base = parse_address(&text[..slash])?;
        let length = parse_prefix_length(&text[slash + 1..])?;
        let family = Family::of(base);
        let too_long = || RangeError::PrefixTooLong { length, family };
        let length = u8::try_from(length).ok().filter(|l| *l <= family.bits()).ok_or_else(too_long)?;
        let net = IpNet::new(base, length).map_err(|_| too_long())?;
        Ok(Self::from(net))
    }

    fn from_ends(text: &str, dash: usize) -> Result<Self, RangeError> {
        Self::new(parse_address(text[..dash].trim())?, parse_address(text[dash + 1..].trim())?)
    }
}

impl From<IpNet> for AddressRange {
    /// Host bits are masked.
    fn from(net: IpNet) -> Self {
        let (first, last) = match net {
            IpNet::V4(net) => first_and_last_v4(net),
            IpNet::V6(net) => first_and_last_v6(net),
        };
        Self { family: Family::of(net.addr()), first, last }
    }
}

impl FromStr for AddressRange {
    type Err = RangeError;

    /// Reads `address/length` or `first-last`; the dash may have blanks around it.
    fn from_str(text: &str) -> Result<Self, RangeError> {
        if let Some(dash) = text.find('-') {
            return Self::from_ends(text, dash);
        }
        let Some(slash) = text.find('/') else { return Err(RangeError::Shape(text.to_owned())) };
        Self::from_cidr(text, slash)
    }
}

impl fmt::Display for AddressRange {
    /// A CIDR where the range is one, otherwise `first-last`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefixes().as_slice() {
            [net] => write!(f, "{net}"),
            _ => write!(f, "{}-{}", self.first(), self.last()),
        }
    }
}

impl fmt::Debug for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for AddressRange {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AddressRange {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

fn parse_address(text: &str) -> Result<IpAddr, RangeError> {
    let address: IpAddr = text.parse().map_err(|_| RangeError::Address(text.to_owned()))?;
    match address {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => Err(RangeError::Mapped(v6)),
        IpAddr::V4(_) | IpAddr::V6(_) => Ok(address),
    }
}

fn parse_prefix_length(text: &str) -> Result<u32, RangeError> {
    let refuse = || RangeError::Prefix(text.to_owned());
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refuse());
    }
    text.parse().map_err(|_| refuse())
}

fn first_and_last_v4(net: Ipv4Net) -> (u128, u128) {
    (net.network().to_bits().into(), net.broadcast().to_bits().into())
}

fn first_and_last_v6(net: Ipv6Net) -> (u128, u128) {
    (net.network().to_bits(), net.broadcast().to_bits())
}

/// The address as a number: 32 bits for IPv4, 128 for IPv6.
pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Undoes [`number`].
pub(super) fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(ipv4(number)),
        Family::V6 => IpAddr::V6(Ipv6Addr::from_bits(number)),
    }
}

/// The low 32 bits: the numbers of an IPv4 range have no others.
fn ipv4(number: u128) -> Ipv4Addr {
    let [.., a, b, c, d] = number.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests;
