use proptest::prelude::*;

use super::*;

fn range(text: &str) -> AddressRange {
    text.parse().unwrap()
}

fn refused(text: &str) -> RangeError {
    text.parse::<AddressRange>().unwrap_err()
}

#[test]
fn a_cidr_loses_its_host_bits() {
    assert_eq!(range("192.0.2.77/24"), range("192.0.2.0-192.0.2.255"));
    assert_eq!(range("2001:db8::77/64").first(), "2001:db8::".parse::<IpAddr>().unwrap());
}

#[test]
fn a_range_may_have_blanks_around_its_dash_and_a_cidr_none() {
    assert_eq!(range(" 192.0.2.1 - 192.0.2.9 "), range("192.0.2.1-192.0.2.9"));
    for text in [" 192.0.2.0/24", "192.0.2.0/24 ", "192.0.2.0 /24", "192.0.2.0/ 24"] {
        assert_eq!(refused(text), RangeError::Blank(text.to_owned()));
    }
}

#[test]
fn each_mistake_has_its_own_name() {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    assert_eq!(refused("192.0.2.1"), RangeError::Shape("192.0.2.1".into()));
    assert_eq!(refused(""), RangeError::Shape(String::new()));
    assert_eq!(refused("192.0.2.256/24"), RangeError::Address("192.0.2.256".into()));
    assert_eq!(refused("192.0.2.1-"), RangeError::Address(String::new()));
    assert_eq!(refused("192.0.2.1-192.0.2.2-192.0.2.3"), RangeError::Address("192.0.2.2-192.0.2.3".into()));
    assert_eq!(refused("192.0.2.0/"), RangeError::Prefix(String::new()));
    assert_eq!(refused("192.0.2.0/+8"), RangeError::Prefix("+8".into()));
    assert_eq!(refused("192.0.2.0/33"), RangeError::PrefixTooLong { length: 33, family: Family::V4 });
    assert_eq!(refused("2001:db8::/129"), RangeError::PrefixTooLong { length: 129, family: Family::V6 });
    assert_eq!(refused("::ffff:192.0.2.1/128"), RangeError::Mapped("::ffff:192.0.2.1".parse().unwrap()));
    assert_eq!(
        refused("192.0.2.9-192.0.2.1"),
        RangeError::Backwards { first: address("192.0.2.9"), last: address("192.0.2.1") }
    );
    assert_eq!(
        refused("192.0.2.9-2001:db8::1"),
        RangeError::MixedFamilies { first: address("192.0.2.9"), last: address("2001:db8::1") }
    );
}

#[test]
fn the_message_names_the_limit() {
    assert_eq!(refused("192.0.2.0/33").to_string(), "the prefix length 33 is above 32 of IPv4");
}

#[test]
fn a_range_is_summarised_into_the_fewest_prefixes() {
    let nets = |text| range(text).prefixes().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(nets("192.0.2.1-192.0.2.6"), ["192.0.2.1/32", "192.0.2.2/31", "192.0.2.4/31", "192.0.2.6/32"]);
    assert_eq!(nets("192.0.2.0-192.0.2.255"), ["192.0.2.0/24"]);
    assert_eq!(nets("0.0.0.0-255.255.255.255"), ["0.0.0.0/0"]);
    assert_eq!(nets("::/0"), ["::/0"]);
    assert_eq!(nets("255.255.255.254-255.255.255.255"), ["255.255.255.254/31"]);
}

#[test]
fn a_count_beyond_all_bounds_saturates() {
    assert_eq!(range("::/0").count(), u128::MAX);
    assert_eq!(range("2001:db8::/64").count(), 1 << 64);
    assert_eq!(range("0.0.0.0/0").count(), 1 << 32);
    assert_eq!(
        range("::/0").nth(u128::MAX),
        Some("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap())
    );
}

prop_compose! {
    fn any_range()(v6: bool, a: u128, b: u128) -> AddressRange {
        let family = if v6 { Family::V6 } else { Family::V4 };
        let cut = |n: u128| if v6 { n } else { n & 0xffff_ffff };
        let (a, b) = (address(family, cut(a)), address(family, cut(b)));
        AddressRange::new(a.min(b), a.max(b)).unwrap()
    }
}

proptest! {
    #[test]
    fn text_and_range_agree(range in any_range()) {
        prop_assert_eq!(range.to_string().parse(), Ok(range));
    }

    #[test]
    fn count_and_nth_and_contains_agree(range in any_range(), index: u128) {
        let inside = index % range.count();
        let at = range.nth(inside).unwrap();
        prop_assert!(range.contains(at));
        prop_assert_eq!(number(at) - number(range.first()), inside);
        prop_assert_eq!(range.nth(range.count() - 1), Some(range.last()));
        if range.count() < u128::MAX {
            prop_assert_eq!(range.nth(range.count()), None);
        }
    }

    #[test]
    fn prefixes_cover_the_range_and_nothing_else(range in any_range()) {
        let parts: Vec<_> = range.prefixes().into_iter().map(AddressRange::from).collect();
        prop_assert_eq!(parts[0].first(), range.first());
        prop_assert_eq!(parts[parts.len() - 1].last(), range.last());
        for pair in parts.windows(2) {
            prop_assert_eq!(number(pair[0].last()) + 1, number(pair[1].first()));
        }
    }

    #[test]
    fn overlap_is_a_shared_end(a in any_range(), b in any_range()) {
        let shared = a.contains(b.first()) || b.contains(a.first());
        prop_assert_eq!(a.overlaps(&b), shared);
        prop_assert_eq!(b.overlaps(&a), shared);
    }
}
