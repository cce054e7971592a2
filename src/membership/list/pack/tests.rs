use proptest::prelude::*;

use super::*;
use crate::membership::list::Published;
use crate::membership::member::Version;
use crate::membership::offers::{Claim, Epoch, Weight};

/// A number of addresses in a pool, `span` of them apart at most, and the same sequence each time.
fn pool(count: u32, span: u32) -> Vec<IpAddr> {
    let mut at = Ipv4Addr::new(10, 0, 0, 0).to_bits();
    let address = |n| {
        at += 1 + scattered(n) % span;
        Ipv4Addr::from_bits(at).into()
    };
    (0..count).map(address).collect()
}

/// A number without a pattern (a round of splitmix).
fn scattered(n: u32) -> u32 {
    let mixed = u64::from(n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32) as u32
}

/// A claim whose line is drawn among `nodes`.
fn claim(n: u32, nodes: u32) -> Claim {
    let id = |n| Some(NodeId(u64::from(scattered(n)) << 32 | 7));
    let first = scattered(n) % nodes;
    let second = (first + 1 + scattered(n + 77) % (nodes - 1)) % nodes;
    Claim { epoch: Epoch(1), confirmed: true, weight: Weight(0), line: [id(first), id(second)], target: None }
}

fn offers(addresses: &[IpAddr]) -> usize {
    packed(addresses.iter().map(|address| (*address, Weight(0))))
}

fn claims(addresses: &[IpAddr], nodes: u32) -> usize {
    packed((0..).zip(addresses).map(|(n, address)| (*address, claim(n, nodes))))
}

fn packed<E: Entry>(entries: impl Iterator<Item = (IpAddr, E)>) -> usize {
    let mut list = Published::new();
    entries.for_each(|(address, entry)| list.set(address, entry));
    list.slices(Version(0)).iter().map(|slice| slice.bytes.len()).sum()
}

/// The same scattered over an IPv6 prefix of 64 bits.
fn sparse(count: u32) -> Vec<IpAddr> {
    let host = |n| u128::from(scattered(n)) << 32 | u128::from(scattered(n + 1));
    (0..count).map(|n| Ipv6Addr::from_bits(0x2001_0db8 << 96 | host(n)).into()).collect()
}

/// The figures of docs/protocol.md.
#[test]
fn ten_thousand_addresses_take_tens_of_kilobytes() {
    let (pools, holes) = (pool(10_000, 1), pool(10_000, 3));
    let (scattered, sparse) = (pool(10_000, 400_000), sparse(10_000));
    let offered = [&pools, &holes, &scattered, &sparse].map(|addresses| offers(addresses));
    let claimed =
        [&pools, &holes, &scattered, &sparse].map(|addresses| [2, 199].map(|n| claims(addresses, n)));
    assert_eq!(offered, [7, 15_522, 39_569, 87_368]);
    assert_eq!(claimed, [[22_363, 48_719], [31_252, 55_345], [54_478, 78_284], [102_406, 126_116]]);
}

#[test]
fn a_run_takes_the_bytes_of_its_first_address() {
    let address = |last| IpAddr::from(Ipv4Addr::new(192, 0, 2, last));
    let changes: Vec<_> = (10..20).map(|last| (address(last), Some(Weight(300)))).collect();
    assert_eq!(pack(&changes), [WHOLE_V4 | RUN, 192, 0, 2, 10, 0xac, 2, 9]);
}

#[test]
fn streams_that_nobody_writes_are_refused() {
    let absurd: [&[u8]; 7] = [
        &[32],
        &[NEXT | LEFT],
        &[GAP | LEFT, 3],
        &[WHOLE_V4 | LEFT | RUN, 255, 255, 255, 255, 1],
        &[WHOLE_V4 | LEFT, 255, 255, 255, 255, GAP | LEFT, 0],
        &[WHOLE_V4 | LEFT | RUN, 10, 0, 0, 0, 0x80, 0x80, 4],
        &[WHOLE_V4, 10, 0, 0, 0, differs_first(), 2],
    ];
    for stream in absurd {
        assert_eq!(unpack::<Claim>(stream), Err(Unreadable::Absurd), "{stream:?}");
    }
    assert_eq!(unpack::<Claim>(&[WHOLE_V6, 0x20, 1]), Err(Unreadable::Truncated));
}

/// Flags of a claim that names the first in line, and nothing else.
fn differs_first() -> u8 {
    8
}

#[test]
fn no_stream_makes_more_entries_than_a_list_may_have() {
    let mut stream = vec![WHOLE_V4 | AS_BEFORE | RUN, 10, 0, 0, 0];
    put_short(&mut stream, MAX_ENTRIES as u64 - 1);
    assert_eq!(unpack::<Weight>(&stream).unwrap().len(), MAX_ENTRIES);
    stream.extend([NEXT | AS_BEFORE]);
    assert_eq!(unpack::<Weight>(&stream), Err(Unreadable::Absurd));
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0u32..8).prop_map(|n| Ipv4Addr::from_bits(u32::MAX - n).into()),
        any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).into()),
        (0u128..8).prop_map(|n| Ipv6Addr::from_bits(n).into()),
        any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).into()),
    ]
}

fn any_id() -> impl Strategy<Value = Option<NodeId>> {
    prop::option::of(prop_oneof![0u64..3, any::<u64>()].prop_map(NodeId))
}

prop_compose! {
    fn any_claim()(
        epoch in prop_oneof![0u32..3, any::<u32>()],
        weight in prop_oneof![0u32..3, any::<u32>()],
        confirmed in any::<bool>(),
        (first, second, target) in (any_id(), any_id(), any_id()),
    ) -> Claim {
        Claim { epoch: Epoch(epoch), confirmed, weight: Weight(weight), line: [first, second], target }
    }
}

proptest! {
    /// In any order, twice, of both families, left or not.
    #[test]
    fn any_change_is_read_as_it_was_written(
        changes in prop::collection::vec((any_address(), prop::option::of(any_claim())), 0..40),
    ) {
        prop_assert_eq!(unpack::<Claim>(&pack(&changes)), Ok(changes));
    }

    #[test]
    fn no_stream_panics(stream in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = unpack::<Claim>(&stream);
        let _ = unpack::<Weight>(&stream);
    }
}
