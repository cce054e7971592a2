//! The addresses of a pool: ranges in listed order, of which none overlap.
//!
//! Counting, the n-th address and the first free one are arithmetic; nothing walks a range. Only addresses that are
//! taken are ever looked at one by one.

use std::collections::BTreeSet;
use std::net::IpAddr;

use thiserror::Error;

use super::range::{address, number};
use super::{AddressRange, Family};

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
}

impl RangeSet {
    /// A set of `ranges`.
    ///
    /// # Errors
    /// The first pair, in listed order, that overlaps.
    pub fn new(ranges: Vec<AddressRange>, last_octet: LastOctet) -> Result<Self, Overlap> {
        for (i, second) in ranges.iter().enumerate() {
            if let Some(first) = ranges[..i].iter().find(|first| first.overlaps(second)) {
                return Err(Overlap { first: *first, second: *second });
            }
        }
        Ok(Self { ranges, last_octet })
    }

    /// The ranges in listed order.
    pub fn ranges(&self) -> &[AddressRange] {
        &self.ranges
    }

    /// Whether `address` lies in a range, usable or not.
    pub fn covers(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address))
    }

    /// Whether `address` lies in a range and its last octet may be used.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.covers(address) && !(self.last_octet == LastOctet::AvoidBuggy && is_buggy(address))
    }

    /// Number of usable addresses of `family`; saturates at `u128::MAX`.
    pub fn count(&self, family: Family) -> u128 {
        self.of(family).fold(0, |sum, usable| sum.saturating_add(usable.count()))
    }

    /// The `index`-th usable address of `family`, counted from 0 through the ranges in listed order.
    pub fn nth(&self, family: Family, mut index: u128) -> Option<IpAddr> {
        for usable in self.of(family) {
            if index < usable.count() {
                return usable.nth(index);
            }
            index -= usable.count();
        }
        None
    }

    /// The first pair of ranges that overlap, one of each set.
    pub fn overlap(&self, other: &Self) -> Option<Overlap> {
        self.ranges.iter().find_map(|first| {
            let second = other.ranges.iter().find(|second| first.overlaps(second))?;
            Some(Overlap { first: *first, second: *second })
        })
    }

    /// The first usable address of `family` that is not `taken`: lowest first within a range, ranges in listed order.
    ///
    /// Takes as many steps as there are taken addresses in the way.
    pub fn first_not_in(&self, family: Family, taken: &BTreeSet<IpAddr>) -> Option<IpAddr> {
        self.of(family).find_map(|usable| usable.first_not_in(taken))
    }

    /// Every usable address of `family`, in the order in which they are given out. Lazy: ask for few.
    pub fn addresses(&self, family: Family) -> impl Iterator<Item = IpAddr> {
        self.of(family).flat_map(|usable| (0..usable.count()).map_while(move |index| usable.nth(index)))
    }

    fn of(&self, family: Family) -> impl Iterator<Item = Usable> {
        let last_octet = match family {
            Family::V4 => self.last_octet,
            Family::V6 => LastOctet::Any,
        };
        let ranges = self.ranges.iter().filter(move |range| range.family() == family);
        ranges.map(move |range| Usable { range: *range, last_octet })
    }
}

/// The usable addresses of one range.
#[derive(Clone, Copy)]
struct Usable {
    range: AddressRange,
    last_octet: LastOctet,
}

impl Usable {
    fn count(self) -> u128 {
        match self.last_octet {
            LastOctet::Any => self.range.count(),
            LastOctet::AvoidBuggy => sound_below(self.range.ends().1 + 1) - sound_below(self.range.ends().0),
        }
    }

    fn nth(self, index: u128) -> Option<IpAddr> {
        match self.last_octet {
            LastOctet::Any => self.range.nth(index),
            LastOctet::AvoidBuggy if index < self.count() => {
                Some(address(self.range.family(), sound(sound_below(self.range.ends().0) + index)))
            }
            LastOctet::AvoidBuggy => None,
        }
    }

    fn first_not_in(self, taken: &BTreeSet<IpAddr>) -> Option<IpAddr> {
        let mut index = 0;
        let mut free = self.nth(index)?;
        for held in taken.range(free..=self.range.last()) {
            if *held > free {
                break;
            }
            if *held == free {
                index += 1;
                free = self.nth(index)?;
            }
        }
        Some(free)
    }
}

/// Addresses of a /24 whose last octet is neither 0 nor 255.
const SOUND: u128 = 254;

/// How many IPv4 addresses below `number` have a last octet other than 0 and 255.
fn sound_below(number: u128) -> u128 {
    number / 256 * SOUND + (number % 256).saturating_sub(1).min(SOUND)
}

/// The IPv4 address, as a number, that has `index` such addresses below it.
fn sound(index: u128) -> u128 {
    index / SOUND * 256 + index % SOUND + 1
}

fn is_buggy(address: IpAddr) -> bool {
    Family::of(address) == Family::V4 && matches!(number(address) % 256, 0 | 255)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(texts: &[&str], last_octet: LastOctet) -> RangeSet {
        RangeSet::new(texts.iter().map(|t| t.parse().unwrap()).collect(), last_octet).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_come_lowest_first_in_the_order_of_the_list() {
        let pool = set(&["192.0.2.8/30", "2001:db8::/127", "192.0.2.0/31"], LastOctet::Any);
        let v4: Vec<_> = pool.addresses(Family::V4).map(|a| a.to_string()).collect();
        assert_eq!(v4, ["192.0.2.8", "192.0.2.9", "192.0.2.10", "192.0.2.11", "192.0.2.0", "192.0.2.1"]);
        assert_eq!(pool.addresses(Family::V6).count(), 2);
    }

    #[test]
    fn the_first_free_address_of_a_slash_64_is_found_at_once() {
        let pool = set(&["2001:db8::/64"], LastOctet::Any);
        let taken = [ip("2001:db8::"), ip("2001:db8::1"), ip("2001:db8::3")].into();
        assert_eq!(pool.first_not_in(Family::V6, &taken), Some(ip("2001:db8::2")));
        assert_eq!(pool.first_not_in(Family::V4, &taken), None);
        assert_eq!(pool.nth(Family::V6, (1 << 64) - 1), Some(ip("2001:db8::ffff:ffff:ffff:ffff")));
    }

    #[test]
    fn a_full_range_gives_way_to_the_next_and_a_full_pool_to_nothing() {
        let pool = set(&["192.0.2.8/31", "192.0.2.0/31"], LastOctet::Any);
        let mut taken = BTreeSet::from([ip("192.0.2.8"), ip("192.0.2.9")]);
        assert_eq!(pool.first_not_in(Family::V4, &taken), Some(ip("192.0.2.0")));
        taken.extend([ip("192.0.2.0"), ip("192.0.2.1")]);
        assert_eq!(pool.first_not_in(Family::V4, &taken), None);
    }

    #[test]
    fn buggy_last_octets_are_skipped_in_ipv4_only() {
        let pool = set(&["192.0.2.254-192.0.3.1", "2001:db8::/120"], LastOctet::AvoidBuggy);
        let v4: Vec<_> = pool.addresses(Family::V4).collect();
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
        let (a, b) = (set(&["192.0.2.0/25"], LastOctet::Any), set(&["192.0.2.128/25"], LastOctet::Any));
        assert_eq!(a.overlap(&b), None);
        assert!(a.overlap(&a).is_some());
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
            prop_assert_eq!(set.addresses(Family::V4).collect::<Vec<_>>(), expected.clone());
            for (index, address) in expected.iter().enumerate().step_by(37) {
                prop_assert_eq!(set.nth(Family::V4, index as u128), Some(*address));
            }
            prop_assert_eq!(set.nth(Family::V4, expected.len() as u128), None);
        }

        #[test]
        fn the_first_free_address_is_the_first_of_the_naive_walk(
            set in small_set(),
            holes in prop::collection::btree_set(0usize..1800, 0..5),
        ) {
            let every = naive(&set);
            let taken = every.iter().enumerate().filter(|(i, _)| !holes.contains(i)).map(|(_, a)| *a).collect();
            let expected = holes.iter().find_map(|hole| every.get(*hole)).copied();
            prop_assert_eq!(set.first_not_in(Family::V4, &taken), expected);
        }
    }
}
