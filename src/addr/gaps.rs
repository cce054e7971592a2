//! Addresses that are left out of a set of ranges: ranges again, so that it does not matter how large they are.

use std::net::IpAddr;

use super::AddressRange;

/// Ranges of which no two overlap, lowest first, IPv4 before IPv6.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps(Vec<AddressRange>);

impl Gaps {
    /// Whether nothing is left out.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges.
    pub fn ranges(&self) -> &[AddressRange] {
        &self.0
    }

    /// Whether `address` is left out.
    pub fn contains(&self, address: IpAddr) -> bool {
        let above = self.0.partition_point(|gap| gap.first() <= address);
        above.checked_sub(1).is_some_and(|place| self.0[place].contains(address))
    }

    /// What is left of `range`, lowest first.
    pub fn rest_of(&self, range: &AddressRange) -> Vec<AddressRange> {
        let (mut from, last) = range.ends();
        let mut rest = Vec::new();
        let below = self.0.partition_point(|gap| gap.last() < range.first());
        for gap in self.0[below..].iter().take_while(|gap| gap.first() <= range.last()) {
            let (first, end) = gap.ends();
            if from < first {
                rest.push(AddressRange::between(range.family(), from, first - 1));
            }
            let Some(next) = end.checked_add(1) else { return rest };
            from = next;
        }
        if from <= last {
            rest.push(AddressRange::between(range.family(), from, last));
        }
        rest
    }
}

impl FromIterator<AddressRange> for Gaps {
    /// Ranges that overlap become one.
    fn from_iter<I: IntoIterator<Item = AddressRange>>(ranges: I) -> Self {
        let mut sorted: Vec<_> = ranges.into_iter().collect();
        sorted.sort_unstable();
        let mut gaps: Vec<AddressRange> = Vec::with_capacity(sorted.len());
        for range in sorted {
            match gaps.last_mut().filter(|gap| gap.overlaps(&range)) {
                Some(gap) => *gap = gap.through(&range),
                None => gaps.push(range),
            }
        }
        Self(gaps)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn any_range() -> impl Strategy<Value = AddressRange> {
        (0..40u8, 0..6u8, any::<bool>()).prop_map(|(first, more, six)| {
            let address = |n: u8| match six {
                true => IpAddr::V6(Ipv6Addr::from_bits(n.into())),
                false => IpAddr::V4(Ipv4Addr::new(192, 0, 2, n)),
            };
            AddressRange::new(address(first), address(first + more)).unwrap()
        })
    }

    fn members(ranges: &[AddressRange]) -> Vec<IpAddr> {
        ranges.iter().flat_map(|range| (0..range.count()).filter_map(|n| range.nth(n))).collect()
    }

    #[test]
    fn the_ends_of_all_addresses_can_be_left_out() {
        let all: AddressRange = "::/0".parse().unwrap();
        let upper: AddressRange = "8000::/1".parse().unwrap();
        let rest = Gaps::from_iter([upper]).rest_of(&all);
        assert_eq!(rest, ["::/1".parse::<AddressRange>().unwrap()]);
        assert_eq!(Gaps::from_iter([all]).rest_of(&upper), []);
    }

    proptest! {
        #[test]
        fn what_is_left_is_what_is_not_left_out(gaps in prop::collection::vec(any_range(), 0..8), range in any_range()) {
            let out = members(&gaps);
            let gaps: Gaps = gaps.into_iter().collect();
            let rest = gaps.rest_of(&range);
            let expected: Vec<_> = members(&[range]).into_iter().filter(|a| !out.contains(a)).collect();
            prop_assert_eq!(members(&rest), expected);
            for address in members(&[range]) {
                prop_assert_eq!(gaps.contains(address), out.contains(&address));
            }
        }
    }
}
