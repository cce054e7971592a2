//! The addresses of one Service: a set, mostly of one address or of one of each family.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::addr::Family;

/// Some addresses; always told IPv4 first, and of each family the lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Addresses {
    /// The lowest IPv4 address.
    v4: Option<Ipv4Addr>,
    /// The lowest IPv6 address.
    v6: Option<Ipv6Addr>,
    /// All others, sorted; `None` if there are none, as with nearly every Service.
    others: Option<Arc<[IpAddr]>>,
}

impl Addresses {
    /// No address.
    pub const NONE: Self = Self { v4: None, v6: None, others: None };

    /// The lowest address of `family`.
    pub fn first(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.v4.map(IpAddr::V4),
            Family::V6 => self.v6.map(IpAddr::V6),
        }
    }

    /// Those of `family`.
    pub fn of(&self, family: Family) -> impl Iterator<Item = IpAddr> + '_ {
        let others = self.others().iter().copied().filter(move |other| Family::of(*other) == family);
        self.first(family).into_iter().chain(others)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> + '_ {
        Family::ALL.into_iter().flat_map(|family| self.of(family))
    }

    /// How many there are of `family`.
    pub fn count(&self, family: Family) -> usize {
        self.of(family).count()
    }

    /// Whether `address` is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.first(Family::of(address)) == Some(address) || self.others().contains(&address)
    }

    /// These and `address`.
    pub fn with(mut self, address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) if self.v4.is_none() => self.v4 = Some(v4),
            IpAddr::V6(v6) if self.v6.is_none() => self.v6 = Some(v6),
            IpAddr::V4(_) | IpAddr::V6(_) if self.contains(address) => {}
            IpAddr::V4(_) | IpAddr::V6(_) => return self.with_another(address),
        }
        self
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.v4.is_none() && self.v6.is_none()
    }

    /// Whether there are addresses of both families.
    pub const fn is_dual(&self) -> bool {
        self.v4.is_some() && self.v6.is_some()
    }

    fn others(&self) -> &[IpAddr] {
        self.others.as_deref().unwrap_or_default()
    }

    /// These and `address`, of whose family there is one already.
    fn with_another(self, address: IpAddr) -> Self {
        let mut sorted: Vec<_> = self.iter().chain([address]).collect();
        sorted.sort_unstable();
        let mut first = Self::NONE;
        let is_other = |address: &IpAddr| match (*address, first.v4, first.v6) {
            (IpAddr::V4(v4), None, _) => {
                first.v4 = Some(v4);
                false
            }
            (IpAddr::V6(v6), _, None) => {
                first.v6 = Some(v6);
                false
            }
            _ => true,
        };
        let others = sorted.into_iter().filter(is_other).collect();
        Self { others: Some(others), ..first }
    }
}

impl FromIterator<IpAddr> for Addresses {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(list: I) -> Self {
        list.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Addresses {
    /// `a`, `a and b`, `a, b and c`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.iter().peekable();
        let Some(first) = rest.next() else { return f.write_str("no address") };
        first.fmt(f)?;
        while let Some(next) = rest.next() {
            f.write_str(if rest.peek().is_some() { ", " } else { " and " })?;
            next.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn any_address() -> impl Strategy<Value = IpAddr> {
        let v6 = |n: u8| IpAddr::V6(Ipv6Addr::from_bits(n.into()));
        prop_oneof![(0..9u8).prop_map(|n| IpAddr::from([192, 0, 2, n])), (0..9u8).prop_map(v6)]
    }

    #[test]
    fn they_are_told_as_a_list_of_words() {
        let told = |texts: &[&str]| {
            texts.iter().map(|t| t.parse::<IpAddr>().unwrap()).collect::<Addresses>().to_string()
        };
        assert_eq!(told(&[]), "no address");
        assert_eq!(told(&["2001:db8::1", "192.0.2.1"]), "192.0.2.1 and 2001:db8::1");
        assert_eq!(told(&["2001:db8::1", "192.0.2.2", "192.0.2.1"]), "192.0.2.1, 192.0.2.2 and 2001:db8::1");
    }

    proptest! {
        #[test]
        fn they_are_a_sorted_set(list in prop::collection::vec(any_address(), 0..12)) {
            let set: BTreeSet<IpAddr> = list.iter().copied().collect();
            let addresses: Addresses = list.iter().copied().collect();
            prop_assert_eq!(addresses.iter().collect::<Vec<_>>(), set.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(&addresses, &list.iter().rev().copied().collect());
            prop_assert!(list.iter().all(|address| addresses.contains(*address)));
            let counted: usize = Family::ALL.into_iter().map(|family| addresses.count(family)).sum();
            prop_assert_eq!(counted, set.len());
        }
    }
}
