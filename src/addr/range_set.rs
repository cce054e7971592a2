//! The addresses of a pool: ranges in listed order, of which none overlap.
//!
//! Counting and the n-th address are arithmetic, and a range is found by bisection: neither the size of a range nor the
//! number of ranges matters to who asks for one address.

mod usable;

use std::collections::BTreeMap;
use std::net::IpAddr;

use thiserror::Error;

use super::{AddressRange, Family, Gaps};
use usable::{Usable, is_buggy};

/// Which last octets of IPv4 addresses may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LastOctet {
    /// All 256.
    #[default]
    Any,
    /// Neither 0 nor 255, which some old equipment takes for network and broadcast addresses (`avoidBuggyIPs`).
    AvoidBuggy,
}

/// Two ranges that share addresses. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{first} and {second} overlap")]
pub struct Overlap {
    /// The one listed earlier.
    pub first: AddressRange,
    /// The one listed later.
    pub second: AddressRange,
}

/// Ranges in listed order, both families mixed as they come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeSet {
    ranges: Vec<AddressRange>,
    last_octet: LastOctet,
    gaps: Gaps,
    /// Places in `ranges`, by the first address.
    places: BTreeMap<IpAddr, usize>,
    v4: Line,
    v6: Line,
}

/// The usable addresses of one family, range by range in listed order, each with the number of those before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Line(Vec<(u128, Usable)>);

impl RangeSet {
    /// A set of `ranges`.
    ///
    /// # Errors
    /// The first pair, in listed order, that overlaps.
    pub fn new(ranges: Vec<AddressRange>, last_octet: LastOctet) -> Result<Self, Overlap> {
        let mut set = Self { last_octet, ..Self::default() };
        for range in ranges {
            set.push(range)?;
        }
        Ok(set)
    }

    fn push(&mut self, range: AddressRange) -> Result<(), Overlap> {
        // No two of the earlier ones overlap: those that overlap this one are the last that begin before it ends.
        let before = self.places.range(..=range.last()).rev().map(|(_, place)| *place);
        let overlapping = before.take_while(|place| self.ranges[*place].overlaps(&range));
        if let Some(place) = overlapping.min() {
            return Err(Overlap { first: self.ranges[place], second: range });
        }
        self.places.insert(range.first(), self.ranges.len());
        self.ranges.push(range);
        self.enter(range);
        Ok(())
    }

    /// The same ranges, of which these addresses are not usable, and no others.
    #[must_use]
    pub fn without(mut self, gaps: Gaps) -> Self {
        self.gaps = gaps;
        (self.v4, self.v6) = Default::default();
        for range in self.ranges.clone() {
            self.enter(range);
        }
        self
    }

    fn enter(&mut self, range: AddressRange) {
        let line = match range.family() {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        };
        for piece in self.gaps.rest_of(&range) {
            line.0.push((line.count(), Usable::of(piece, self.last_octet)));
        }
    }

    /// What is left out of the ranges.
    pub const fn gaps(&self) -> &Gaps {
        &self.gaps
    }

    /// The ranges in listed order.
    pub fn ranges(&self) -> &[AddressRange] {
        &self.ranges
    }

    /// Which of the ranges `address` lies in, usable or not: its place in the list.
    pub fn place(&self, address: IpAddr) -> Option<usize> {
        let (_, place) = self.places.range(..=address).next_back()?;
        self.ranges[*place].contains(address).then_some(*place)
    }

    /// Whether `address` lies in a range, usable or not.
    pub fn covers(&self, address: IpAddr) -> bool {
        self.place(address).is_some()
    }

    /// Whether `address` lies in a range and is usable.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.covers(address) && !self.bars_last_octet(address) && !self.gaps.contains(address)
    }

    /// Whether its last octet keeps `address` from being used.
    pub fn bars_last_octet(&self, address: IpAddr) -> bool {
        self.last_octet == LastOctet::AvoidBuggy && is_buggy(address)
    }

    /// Number of usable addresses of `family`; saturates at `u128::MAX`.
    pub fn count(&self, family: Family) -> u128 {
        self.line(family).count()
    }

    /// The `index`-th usable address of `family`, counted from 0 through the ranges in listed order.
    pub fn nth(&self, family: Family, index: u128) -> Option<IpAddr> {
        self.line(family).nth(index)
    }

    /// The index of the first usable address behind `last`, an address not below the `index`-th: in the same range, or else
    /// that of the next one. One step at least.
    pub fn index_behind(&self, family: Family, index: u128, last: IpAddr) -> u128 {
        self.line(family).index_behind(index, last)
    }

    fn line(&self, family: Family) -> &Line {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }
}

impl Line {
    fn count(&self) -> u128 {
        self.0.last().map_or(0, |(before, usable)| before.saturating_add(usable.count()))
    }

    fn nth(&self, index: u128) -> Option<IpAddr> {
        let (before, usable) = self.at(index)?;
        usable.nth(index - before)
    }

    fn index_behind(&self, index: u128, last: IpAddr) -> u128 {
        let behind =
            self.at(index).map_or(0, |(before, usable)| before.saturating_add(usable.count_to(last)));
        behind.max(index.saturating_add(1))
    }

    /// The range that the `index`-th address is in, if it is in any.
    fn at(&self, index: u128) -> Option<(u128, Usable)> {
        let after = self.0.partition_point(|(before, _)| *before <= index);
        self.0.get(after.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn set(texts: &[&str], last_octet: LastOctet) -> RangeSet {
        RangeSet::new(texts.iter().map(|t| t.parse().unwrap()).collect(), last_octet).unwrap()
    }

    fn all(pool: &RangeSet, family: Family) -> impl Iterator<Item = IpAddr> {
        (0..pool.count(family)).filter_map(move |index| pool.nth(family, index))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_come_lowest_first_in_the_order_of_the_list() {
        let pool = set(&["192.0.2.8/30", "2001:db8::/127", "192.0.2.0/31"], LastOctet::Any);
        let v4: Vec<_> = all(&pool, Family::V4).map(|a| a.to_string()).collect();
        assert_eq!(v4, ["192.0.2.8", "192.0.2.9", "192.0.2.10", "192.0.2.11", "192.0.2.0", "192.0.2.1"]);
        assert_eq!(pool.count(Family::V6), 2);
    }

    #[test]
    fn the_last_address_of_a_slash_64_is_found_at_once() {
        let pool = set(&["2001:db8::/64"], LastOctet::Any);
        assert_eq!(pool.nth(Family::V6, (1 << 64) - 1), Some(ip("2001:db8::ffff:ffff:ffff:ffff")));
        assert_eq!(pool.nth(Family::V6, 1 << 64), None);
        assert_eq!(pool.nth(Family::V4, 0), None);
    }

    #[test]
    fn buggy_last_octets_are_skipped_in_ipv4_only() {
        let pool = set(&["192.0.2.254-192.0.3.1", "2001:db8::/120"], LastOctet::AvoidBuggy);
        let v4: Vec<_> = all(&pool, Family::V4).collect();
        assert_eq!(v4, [ip("192.0.2.254"), ip("192.0.3.1")]);
        assert_eq!(pool.count(Family::V4), 2);
        assert!(pool.covers(ip("192.0.2.255")) && !pool.contains(ip("192.0.2.255")));
        assert_eq!(pool.count(Family::V6), 256);
        assert_eq!(set(&["192.0.2.255/32", "192.0.3.0/32"], LastOctet::AvoidBuggy).count(Family::V4), 0);
        assert_eq!(
            set(&["0.0.0.0/0"], LastOctet::AvoidBuggy).nth(Family::V4, 254 << 24),
            None,
            "one beyond the last"
        );
    }

    #[test]
    fn counts_saturate() {
        assert_eq!(set(&["::/1", "8000::/1"], LastOctet::Any).count(Family::V6), u128::MAX);
    }

    #[test]
    fn overlapping_ranges_are_refused_by_name() {
        let ranges = ["192.0.2.0/24", "2001:db8::/64", "192.0.2.255-192.0.3.1"];
        let error = RangeSet::new(ranges.iter().map(|t| t.parse().unwrap()).collect(), LastOctet::Any);
        assert_eq!(error.unwrap_err().to_string(), "192.0.2.0/24 and 192.0.2.255-192.0.3.1 overlap");
        let ranges = ["192.0.2.9/32", "192.0.2.1/32", "192.0.2.0/28"];
        let error = RangeSet::new(ranges.iter().map(|t| t.parse().unwrap()).collect(), LastOctet::Any);
        assert_eq!(error.unwrap_err().first.to_string(), "192.0.2.9/32", "the one listed first");
    }

    #[test]
    fn a_place_is_that_in_the_list_and_not_in_the_order_of_addresses() {
        let pool = set(&["192.0.2.8/30", "2001:db8::/127", "192.0.2.0/31"], LastOctet::Any);
        let places = ["192.0.2.1", "192.0.2.2", "192.0.2.11", "2001:db8::1", "2001:db8::2"];
        assert_eq!(places.map(|a| pool.place(ip(a))), [Some(2), None, Some(0), Some(1), None]);
    }

    prop_compose! {
        /// Small ranges around the edges of a /24, so that a naive walk can check the arithmetic.
        fn small_set()(starts in prop::collection::vec(0u32..2000, 1..4), length in 1u32..600, buggy: bool) -> RangeSet {
            let base = 0xc000_0200u32;
            let ranges = starts.iter().enumerate().map(|(i, start)| {
                let first = base + u32::try_from(i).unwrap() * 4096 + start;
                AddressRange::new(
                    IpAddr::V4(first.into()),
                    IpAddr::V4((first + length - 1).into()),
                ).unwrap()
            });
            let last_octet = if buggy { LastOctet::AvoidBuggy } else { LastOctet::Any };
            RangeSet::new(ranges.collect(), last_octet).unwrap()
        }
    }

    fn naive(set: &RangeSet) -> Vec<IpAddr> {
        let every = set.ranges().iter().flat_map(|range| (0..range.count()).filter_map(|i| range.nth(i)));
        every.filter(|a| set.contains(*a)).collect()
    }

    proptest! {
        #[test]
        fn count_and_nth_and_contains_agree(set in small_set()) {
            let expected = naive(&set);
            prop_assert_eq!(set.count(Family::V4), expected.len() as u128);
            prop_assert_eq!(all(&set, Family::V4).collect::<Vec<_>>(), expected.clone());
            for (index, address) in expected.iter().enumerate().step_by(37) {
                prop_assert_eq!(set.nth(Family::V4, index as u128), Some(*address));
            }
            prop_assert_eq!(set.nth(Family::V4, expected.len() as u128), None);
        }

        #[test]
        fn behind_an_address_is_the_first_usable_one_above_it_in_its_range(
            set in small_set(),
            index in 0usize..1800,
            beyond in 0u32..700,
        ) {
            let expected = naive(&set);
            let Some(IpAddr::V4(from)) = expected.get(index) else { return Ok(()) };
            let last = IpAddr::from(Ipv4Addr::from_bits(from.to_bits() + beyond));
            let behind = set.index_behind(Family::V4, index as u128, last);
            let place = set.place(IpAddr::V4(*from));
            let same = |address: &IpAddr| set.place(*address) == place && *address <= last;
            let stepped = expected[index..].iter().take_while(|a| same(a)).count();
            prop_assert_eq!(behind, (index + stepped) as u128);
        }
    }
}
