//! The addresses of one Service: at most one of each family.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::addr::Family;

/// At most one address of each family; always told IPv4 first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Addresses {
    v4: Option<Ipv4Addr>,
    v6: Option<Ipv6Addr>,
}

impl Addresses {
    /// No address.
    pub const NONE: Self = Self { v4: None, v6: None };

    /// The first of each family in `list`.
    pub fn first_of_each(list: &[IpAddr]) -> Self {
        list.iter().rev().copied().collect()
    }

    /// The address of `family`.
    pub fn get(self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.v4.map(IpAddr::V4),
            Family::V6 => self.v6.map(IpAddr::V6),
        }
    }

    /// These, with `address` for its family.
    pub const fn with(mut self, address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => self.v4 = Some(v4),
            IpAddr::V6(v6) => self.v6 = Some(v6),
        }
        self
    }

    /// These, without an address of `family`.
    pub const fn without(mut self, family: Family) -> Self {
        match family {
            Family::V4 => self.v4 = None,
            Family::V6 => self.v6 = None,
        }
        self
    }

    /// IPv4, then IPv6.
    pub fn iter(self) -> impl Iterator<Item = IpAddr> {
        [self.get(Family::V4), self.get(Family::V6)].into_iter().flatten()
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.v4.is_none() && self.v6.is_none()
    }

    /// Whether there is one of each family.
    pub const fn is_dual(self) -> bool {
        self.v4.is_some() && self.v6.is_some()
    }
}

impl FromIterator<IpAddr> for Addresses {
    /// Of two addresses of one family the later stays.
    fn from_iter<I: IntoIterator<Item = IpAddr>>(list: I) -> Self {
        list.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.v4, self.v6) {
            (Some(v4), Some(v6)) => write!(f, "{v4} and {v6}"),
            (Some(v4), None) => v4.fmt(f),
            (None, Some(v6)) => v6.fmt(f),
            (None, None) => f.write_str("no address"),
        }
    }
}
