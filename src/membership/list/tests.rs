use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::published::REMEMBERED_REMOVALS;
use super::*;
use crate::membership::offers::Weight;

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}

/// What [`Published::slices`] gives, cut smaller.
fn slices(list: &Published<Weight>, base: Version, size: usize) -> Vec<Slice> {
    let whole = list.slices(base).remove(0);
    let chunks: Vec<_> = whole.bytes.chunks(size).map(<[u8]>::to_vec).collect();
    let count = u16::try_from(chunks.len().max(1)).unwrap();
    let slice = |(index, bytes)| Slice { index, count, bytes, ..whole.clone() };
    if chunks.is_empty() { vec![whole] } else { (0..count).zip(chunks).map(slice).collect() }
}

fn whole(list: &Published<Weight>) -> Slice {
    list.slices(Version(0)).remove(0)
}

fn list(entries: &[(u8, u32)]) -> Published<Weight> {
    let mut list = Published::new();
    for (last, weight) in entries {
        list.set(address(*last), Weight(*weight));
    }
    list
}

#[test]
fn a_change_counts_once_and_an_equal_entry_not_at_all() {
    let mut list = list(&[(1, 7)]);
    let before = list.stamp();
    list.set(address(1), Weight(7));
    list.remove(address(9));
    assert_eq!(list.stamp(), before);
    list.set(address(1), Weight(8));
    assert_eq!(list.stamp().version, Version(before.version.0 + 1));
}

#[test]
fn an_empty_list_agrees_with_an_empty_list_without_any_slice() {
    assert!(Held::<Weight>::new().agrees(Published::<Weight>::new().stamp()));
}

#[test]
fn a_lost_slice_leaves_the_last_known_list_standing() {
    let published = list(&[(1, 1), (2, 2), (3, 3)]);
    let mut held = Held::<Weight>::new();
    let parts = slices(&published, Version(0), 4);
    assert_eq!(parts.len(), 3);
    assert!(held.take(parts[0].clone()).is_empty());
    assert!(held.take(parts[2].clone()).is_empty());
    assert_eq!(held.get(address(1)), None);
    assert_eq!(held.take(parts[1].clone()).len(), 3);
    assert!(held.agrees(published.stamp()));
}

#[test]
fn slices_of_two_changes_may_arrive_mixed() {
    let mut published = list(&[(1, 1), (2, 2), (3, 3)]);
    let older = slices(&published, Version(0), 4);
    published.set(address(9), Weight(9));
    let newer = slices(&published, Version(0), 4);
    let mut held = Held::<Weight>::new();
    for (older, newer) in older.iter().zip(&newer) {
        held.take(older.clone());
        held.take(newer.clone());
    }
    newer.into_iter().skip(older.len()).for_each(|slice| drop(held.take(slice)));
    assert!(held.agrees(published.stamp()));
}

#[test]
fn a_change_on_a_base_that_is_not_held_is_not_applied() {
    let mut published = list(&[(1, 1)]);
    let base = published.stamp().version;
    published.set(address(2), Weight(2));
    let mut held = Held::<Weight>::new();
    assert!(held.take(published.slices(base).remove(0)).is_empty());
    assert_eq!(held.stamp(), Stamp::default());
}

#[test]
fn a_slice_whose_digest_does_not_agree_changes_nothing() {
    let mut forged = whole(&list(&[(1, 1)]));
    *forged.bytes.last_mut().unwrap() ^= 2;
    let mut held = Held::<Weight>::new();
    assert!(held.take(forged).is_empty());
    assert_eq!(held.get(address(1)), None);
}

#[test]
fn an_address_that_left_is_named_among_the_touched() {
    let mut published = list(&[(1, 1), (2, 2)]);
    let mut held = Held::<Weight>::new();
    held.take(whole(&published));
    published.remove(address(1));
    assert_eq!(held.take(whole(&published)), vec![address(2), address(1)]);
    assert_eq!(held.get(address(1)), None);
}

#[test]
fn absurd_slices_are_refused() {
    let good = whole(&list(&[(1, 1)]));
    let mut held = Held::<Weight>::new();
    assert!(held.take(Slice { index: 1, ..good.clone() }).is_empty());
    assert!(held.take(Slice { count: 0, ..good.clone() }).is_empty());
    assert!(held.take(Slice { count: MAX_SLICES + 1, ..good }).is_empty());
}

#[test]
fn too_many_removals_ask_for_the_whole_list() {
    let mut published = Published::<Weight>::new();
    let start = published.stamp().version;
    for n in 0..=REMEMBERED_REMOVALS {
        let address = IpAddr::from(Ipv4Addr::from_bits(u32::try_from(n).unwrap()));
        published.set(address, Weight(1));
        published.remove(address);
    }
    assert_eq!(published.since(start).0, Version(0));
}

proptest! {
    /// Whatever changes, and whichever slices arrive in whatever order: a reader that agrees holds the same entries.
    #[test]
    fn a_reader_that_agrees_holds_the_same_list(
        steps in prop::collection::vec((0u8..8, prop::option::of(0u32..4), any::<prop::sample::Index>(), 1usize..9), 1..40),
    ) {
        let (mut published, mut held) = (Published::<Weight>::new(), Held::<Weight>::new());
        for (last, entry, pick, size) in steps {
            match entry {
                Some(weight) => published.set(address(last), Weight(weight)),
                None => published.remove(address(last)),
            }
            let parts = slices(&published, held.stamp().version, size);
            held.take(parts[pick.index(parts.len())].clone());
            if held.agrees(published.stamp()) {
                prop_assert!(held.iter().eq(published.iter()));
            }
        }
        for part in slices(&published, held.stamp().version, 2).into_iter().rev() {
            held.take(part);
        }
        prop_assert!(held.agrees(published.stamp()));
        prop_assert!(held.iter().eq(published.iter()));
    }
}
