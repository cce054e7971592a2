use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::cluster::{Cluster, identity, in_pool, labels, pinned, pool, requesting, service};
use crate::config::{AllocationSource, PoolSource};
use crate::world::Service;

fn selector(key: &str, value: &str) -> LabelSelector {
    LabelSelector { match_labels: Some([(key.to_owned(), value.to_owned())].into()), match_expressions: None }
}

fn of(name: &str, address: &str, allocation: AllocationSource) -> PoolSource {
    PoolSource { allocation: Some(allocation), ..pool(name, &[address]) }
}

fn for_namespace(name: &str) -> AllocationSource {
    AllocationSource { namespaces: vec![name.into()], ..AllocationSource::default() }
}

#[test]
fn row_22_pools_are_filled_by_priority() {
    let pools = [
        pinned("a", &["192.0.2.1-192.0.2.1"], 0),
        pinned("b", &["192.0.2.2-192.0.2.2"], 20),
        pinned("c", &["192.0.2.3-192.0.2.3"], 10),
    ];
    let mut cluster = Cluster::with(&pools);
    for (name, created) in [("s", 1), ("t", 2), ("u", 3)] {
        cluster.apply(service(name, created));
    }
    cluster.turn();
    assert_eq!(cluster.answers(["s", "t", "u"]), ["192.0.2.3", "192.0.2.2", "192.0.2.1"]);
}

#[test]
fn rows_23_and_28_a_pinned_pool_comes_first_and_an_open_one_when_it_is_full() {
    let mut cluster =
        Cluster::with(&[pool("a", &["192.0.2.0/24"]), pinned("z", &["198.51.100.1-198.51.100.1"], 5)]);
    cluster.apply(service("s", 1));
    cluster.apply(service("t", 2));
    cluster.turn();
    assert_eq!(cluster.answers(["s", "t"]), ["198.51.100.1", "192.0.2.0"]);
}

#[test]
fn row_24_a_pool_of_another_namespace_serves_nobody_else_also_not_on_request() {
    let mut cluster = Cluster::with(&[of("a", "192.0.2.0/24", for_namespace("other"))]);
    assert_eq!(cluster.answer_to(service("s", 1)), "NotAutoAssignable");
    assert_eq!(cluster.answer_to(in_pool(service("t", 1), "a")), "PoolClosed");
    assert_eq!(cluster.answer_to(requesting(service("u", 1), "192.0.2.5")), "PoolClosed");
}

#[test]
fn row_25_a_pool_is_chosen_by_the_labels_of_the_namespace() {
    let allocation =
        AllocationSource { namespace_selectors: vec![selector("team", "a")], ..AllocationSource::default() };
    let mut cluster = Cluster::with(&[of("a", "192.0.2.0/24", allocation)]);
    assert_eq!(cluster.answer_to(service("s", 1)), "NotAutoAssignable");
    cluster.namespace("web", &[("team", "a")]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.0");
}

#[test]
fn rows_26_and_27_a_pool_is_chosen_by_the_labels_of_the_service_and_by_its_namespace() {
    let allocation =
        AllocationSource { service_selectors: vec![selector("tier", "front")], ..for_namespace("web") };
    let mut cluster = Cluster::with(&[of("a", "192.0.2.0/24", allocation)]);
    assert_eq!(cluster.answer_to(service("s", 1)), "NotAutoAssignable");
    let front = Service { labels: labels(&[("tier", "front")]), ..service("t", 1) };
    assert_eq!(cluster.answer_to(front.clone()), "192.0.2.0");
    let mut elsewhere = front;
    elsewhere.identity = identity("other", "t", 1);
    cluster.apply(elsewhere);
    cluster.turn();
    assert_eq!(cluster.plan.ledger().holdings().count(), 1);
}

#[test]
fn tightening_a_pool_evicts_who_no_longer_matches() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.answer_to(service("s", 1));
    cluster.pools(&[of("a", "192.0.2.0/24", for_namespace("other"))]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "NotAutoAssignable");
    assert_eq!(cluster.decision("s").lost.as_ref().unwrap().to_string(), "PoolClosed");
}

#[test]
fn row_40_renaming_or_splitting_a_pool_keeps_the_address_and_changes_the_pool() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.apply(service("first", 0));
    cluster.answer_to(service("s", 1));
    cluster.pools(&[pool("low", &["192.0.2.0-192.0.2.0"]), pool("high", &["192.0.2.1-192.0.2.255"])]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.1");
    assert_eq!(cluster.decision("s").allocation.as_ref().unwrap().pools.annotation(), "high");
}

#[test]
fn row_41_a_pool_that_shrinks_readdresses_who_is_outside() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0-192.0.2.2"])]);
    for (name, created) in [("s", 1), ("t", 2), ("u", 3)] {
        cluster.apply(service(name, created));
    }
    cluster.turn();
    cluster.pools(&[pool("a", &["192.0.2.1-192.0.2.3"])]);
    cluster.turn();
    assert_eq!(cluster.answers(["s", "t", "u"]), ["192.0.2.3", "192.0.2.1", "192.0.2.2"]);
}

#[test]
fn avoiding_buggy_addresses_evicts_their_holders() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.answer_to(service("s", 1));
    cluster.pools(&[PoolSource { avoid_buggy: true, ..pool("a", &["192.0.2.0/24"]) }]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.1");
    assert_eq!(cluster.decision("s").lost.as_ref().unwrap().to_string(), "BuggyAddress");
}

#[test]
fn row_43_the_holders_of_a_pool_that_overlaps_an_older_one_keep_their_addresses() {
    let young =
        PoolSource { identity: identity("metallb-system", "young", 9), ..pool("young", &["192.0.2.0/24"]) };
    let mut cluster = Cluster::with(std::slice::from_ref(&young));
    cluster.answer_to(service("s", 1));
    cluster.pools(&[young, pool("old", &["192.0.2.128-192.0.3.0"])]);
    cluster.apply(service("new", 2));
    cluster.turn();
    assert_eq!(cluster.answers(["s", "new"]), ["192.0.2.0", "192.0.2.128"]);
}

#[test]
fn usage_counts_a_pool_by_family() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24", "2001:db8::/64"])]);
    for created in 0..3 {
        cluster.apply(service(&format!("s{created}"), created));
    }
    cluster.apply(super::cluster::v6(service("six", 9)));
    cluster.turn();
    cluster.delete("s1");
    cluster.turn();
    let usage = cluster.plan.ledger().usage(&"a".into());
    assert_eq!((usage.v4, usage.v6), (2, 1));
}
