use super::cluster::{Cluster, dual, holding, in_pool, pinned, pool, service};
use crate::addr::Family;
use crate::world::{FamilyPolicy, Service};

fn require(name: &str) -> Service {
    dual(service(name, 1), FamilyPolicy::Require)
}

fn prefer(name: &str) -> Service {
    dual(service(name, 1), FamilyPolicy::Prefer)
}

const V4: &str = "192.0.2.0/24";
const V6: &str = "2001:db8::/64";

#[test]
fn row_29_require_dual_stack_gets_both_from_one_pool_or_nothing() {
    assert_eq!(Cluster::with(&[pool("a", &[V6, V4])]).answer_to(require("s")), "192.0.2.0 and 2001:db8::");
    assert_eq!(Cluster::with(&[pool("a", &[V4])]).answer_to(require("s")), "NoSuchFamily");
    let apart = [pool("a", &[V4]), pool("b", &[V6])];
    assert_eq!(Cluster::with(&apart).answer_to(require("s")), "NotTogether");
    let mut full = Cluster::with(&[pool("a", &["192.0.2.1-192.0.2.1", V6])]);
    full.apply(service("holder", 0));
    assert_eq!(full.answer_to(require("s")), "Exhausted");
}

#[test]
fn a_service_with_two_cluster_addresses_and_no_policy_needs_both() {
    let single = dual(service("s", 1), FamilyPolicy::Single);
    assert_eq!(Cluster::with(&[pool("a", &[V4])]).answer_to(single), "NoSuchFamily");
}

#[test]
fn row_30_prefer_dual_stack_takes_the_pool_that_has_both() {
    let pools = [pool("a", &[V4]), pool("b", &["198.51.100.0/24", V6])];
    assert_eq!(Cluster::with(&pools).answer_to(prefer("s")), "198.51.100.0 and 2001:db8::");
}

#[test]
fn row_31_prefer_dual_stack_falls_back_to_the_primary_family_and_then_to_the_other() {
    let apart = [pool("a", &[V4]), pool("b", &[V6])];
    assert_eq!(Cluster::with(&apart).answer_to(prefer("s")), "192.0.2.0");
    let six_first = Service { primary_family: Some(Family::V6), ..prefer("s") };
    assert_eq!(Cluster::with(&apart).answer_to(six_first.clone()), "2001:db8::");
    assert_eq!(Cluster::with(&[pool("a", &[V4])]).answer_to(six_first), "192.0.2.0");
}

#[test]
fn one_address_of_a_pinned_pool_is_taken_before_two_of_an_open_one() {
    let pools = [pinned("z", &[V4], 1), pool("a", &["198.51.100.0/24", V6])];
    assert_eq!(Cluster::with(&pools).answer_to(prefer("s")), "192.0.2.0");
}

#[test]
fn row_32_prefer_dual_stack_grows_when_its_pool_does() {
    let mut cluster = Cluster::with(&[pool("a", &[V4])]);
    assert_eq!(cluster.answer_to(prefer("s")), "192.0.2.0");
    assert_eq!(cluster.decision("s").missing.as_ref().unwrap().to_string(), "NoSuchFamily");
    cluster.pools(&[pool("a", &[V4, V6])]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.0 and 2001:db8::");
}

#[test]
fn what_a_service_loses_by_its_own_wish_goes_to_the_oldest_who_waits() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.1-192.0.2.1"])]);
    cluster.put(holding(service("holds", 2), &["192.0.2.1"]));
    cluster.apply(service("old", 1));
    cluster.apply(service("young", 3));
    cluster.turn();
    cluster.apply(dual(service("holds", 2), FamilyPolicy::Require));
    cluster.turn();
    assert_eq!(cluster.answers(["old", "holds", "young"]), ["192.0.2.1", "NoSuchFamily", "Exhausted"]);
}

#[test]
fn a_new_dual_pool_does_not_attract_a_service_that_is_served() {
    let mut cluster = Cluster::with(&[pool("a", &[V4])]);
    cluster.answer_to(prefer("s"));
    cluster.pools(&[pool("a", &[V4]), pool("b", &["198.51.100.0/24", V6])]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.0");
}

#[test]
fn row_33_a_pool_that_loses_a_family_sends_the_service_to_another_dual_pool() {
    let mut cluster = Cluster::with(&[pool("a", &[V4, V6])]);
    cluster.answer_to(prefer("s"));
    cluster.pools(&[pool("a", &[V4]), pool("b", &["198.51.100.0/24", "2001:db8:1::/64"])]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "198.51.100.0 and 2001:db8:1::");
}

#[test]
fn a_pool_that_loses_a_family_leaves_the_other_address_if_no_other_pool_has_both() {
    let mut cluster = Cluster::with(&[pool("a", &[V4, V6])]);
    cluster.apply(prefer("first"));
    cluster.apply(prefer("s"));
    cluster.turn();
    cluster.delete("first");
    cluster.pools(&[pool("a", &[V4])]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.1");
    assert_eq!(cluster.decision("s").lost.as_ref().unwrap().to_string(), "OutsidePools");
}

#[test]
fn prefer_that_becomes_require_on_a_single_pool_loses_its_address_and_gets_it_back() {
    let mut cluster = Cluster::with(&[pool("a", &[V4])]);
    cluster.answer_to(prefer("s"));
    assert_eq!(cluster.answer_to(require("s")), "NoSuchFamily");
    assert_eq!(cluster.decision("s").lost.as_ref().unwrap().to_string(), "NoSuchFamily");
    assert_eq!(cluster.answer_to(prefer("s")), "192.0.2.0");
}

#[test]
fn a_service_that_becomes_dual_stack_keeps_its_first_address() {
    let mut cluster = Cluster::with(&[pool("a", &[V4, V6])]);
    cluster.apply(service("first", 0));
    cluster.answer_to(service("s", 1));
    assert_eq!(cluster.answer_to(require("s")), "192.0.2.1 and 2001:db8::");
}

#[test]
fn what_was_one_pool_and_is_two_keeps_one_address() {
    let mut cluster = Cluster::with(&[pool("a", &[V4]), pool("b", &[V6])]);
    cluster.put(holding(prefer("s"), &["192.0.2.9", "2001:db8::9"]));
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.9");
    assert_eq!(cluster.decision("s").lost.as_ref().unwrap().to_string(), "TwoPools");
}

#[test]
fn a_named_pool_gives_both() {
    let mut cluster = Cluster::with(&[pool("a", &[V4]), pool("b", &["198.51.100.0/24", V6])]);
    assert_eq!(cluster.answer_to(in_pool(require("s"), "a")), "NoSuchFamily");
    assert_eq!(cluster.answer_to(in_pool(require("s"), "b")), "198.51.100.0 and 2001:db8::");
}
