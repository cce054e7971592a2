use super::cluster::{Cluster, dual, in_pool, pinned, pool, requesting, service};
use crate::alloc::{Step, Trace, explain};
use crate::config::{AllocationSource, PoolSource};
use crate::name::ObjectKey;
use crate::world::FamilyPolicy;

/// What was tried for the Service, one line for each step and each pool that was left alone.
fn told(cluster: &Cluster, name: &str) -> Vec<String> {
    let (_, trace) = explain(
        &cluster.world,
        &cluster.config,
        &cluster.policy,
        &cluster.plan,
        &ObjectKey::new("web", name),
        cluster.now,
    );
    lines(&trace)
}

fn lines(trace: &Trace) -> Vec<String> {
    let step = |step: &Step| match step {
        Step::Keep { addresses, kept } => {
            format!(
                "keep {addresses}: {}",
                kept.as_ref().map_or_else(ToString::to_string, |a| a.pools.annotation())
            )
        }
        Step::Request { addresses, found } => {
            let found = found.as_ref().map_or_else(ToString::to_string, |a| a.pools.annotation());
            format!("request {addresses}: {found}")
        }
        Step::Search { pool, families, found } => {
            let found = found.as_ref().map_or_else(ToString::to_string, |a| a.addresses.to_string());
            format!("search {pool} for {families}: {found}")
        }
    };
    let others = trace.others.iter().map(|(pool, passed)| format!("not {pool}: {passed}"));
    trace.steps.iter().map(step).chain(others).collect()
}

fn closed(name: &str, addresses: &[&str]) -> PoolSource {
    let allocation = AllocationSource { namespaces: vec!["other".into()], ..AllocationSource::default() };
    PoolSource { allocation: Some(allocation), ..pool(name, addresses) }
}

#[test]
fn pools_are_told_in_the_order_in_which_they_were_tried() {
    let manual = PoolSource { auto_assign: false, ..pool("manual", &["203.0.113.0/24"]) };
    let mut cluster = Cluster::with(&[
        closed("gold", &["198.51.100.0/28"]),
        pinned("first", &["192.0.2.0-192.0.2.0"], 1),
        pool("lan", &["192.0.2.16-192.0.2.16"]),
        pool("six", &["2001:db8::/64"]),
        pool("bad", &["nonsense"]),
        manual,
    ]);
    for (name, created) in [("a", 1), ("b", 2), ("c", 3)] {
        cluster.apply(service(name, created));
    }
    assert_eq!(
        told(&cluster, "c"),
        [
            "search gold for IPv4: PoolClosed",
            "search first for IPv4: Exhausted",
            "search lan for IPv4: Exhausted",
            "search six for IPv4: NoSuchFamily",
            "not bad: PoolInvalid",
            "not manual: NotAutoAssignable",
        ]
    );
    assert_eq!(
        told(&cluster, "b")[1..3],
        ["search first for IPv4: Exhausted", "search lan for IPv4: 192.0.2.16"]
    );
    assert!(told(&cluster, "b").contains(&"not six: NotNeeded".to_owned()));
}

#[test]
fn a_service_that_keeps_its_address_looks_no_further() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"]), pool("b", &["198.51.100.0/24"])]);
    cluster.answer_to(service("s", 1));
    assert_eq!(told(&cluster, "s"), ["keep 192.0.2.0: a", "not b: NotNeeded"]);
}

#[test]
fn a_move_is_told_with_what_could_not_be_kept() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.answer_to(service("s", 1));
    cluster.pools(&[pool("b", &["198.51.100.0/24"])]);
    assert_eq!(told(&cluster, "s"), ["keep 192.0.2.0: OutsidePools", "search b for IPv4: 198.51.100.0"]);
}

#[test]
fn what_is_asked_for_narrows_what_is_tried() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"]), closed("b", &["198.51.100.0/24"])]);
    cluster.apply(in_pool(service("s", 1), "b"));
    cluster.apply(requesting(service("t", 2), "203.0.113.1"));
    cluster.apply(requesting(service("u", 3), "192.0.2.9"));
    assert_eq!(told(&cluster, "s"), ["not a: OtherPool", "not b: PoolClosed"]);
    assert_eq!(told(&cluster, "t")[0], "request 203.0.113.1: OutsidePools");
    assert_eq!(told(&cluster, "u")[0], "request 192.0.2.9: a");
}

#[test]
fn a_service_that_would_rather_have_two_addresses_is_tried_with_two_first() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"]), pool("b", &["2001:db8::/64"])]);
    cluster.apply(dual(service("s", 1), FamilyPolicy::Prefer));
    let both = "IPv4 and IPv6, or else one, IPv4 first";
    assert!(told(&cluster, "s").iter().all(|line| !line.contains(both)));
    assert_eq!(
        told(&cluster, "s"),
        [
            "search a for IPv4 and IPv6: NoSuchFamily",
            "search b for IPv4 and IPv6: NoSuchFamily",
            "search a for IPv4: 192.0.2.0",
            "search a for IPv6: NoSuchFamily",
        ]
    );
}

#[test]
fn nothing_is_tried_for_a_service_that_cannot_be_read() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.apply(crate::world::Service { cluster_families: Box::default(), ..service("s", 1) });
    assert_eq!(told(&cluster, "s"), ["not a: NotLookedAt"]);
}
