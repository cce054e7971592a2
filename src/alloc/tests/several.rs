use super::cluster::{Cluster, dual, holding, in_pool, pool, requesting, service, sharing, v6};
use crate::addr::Family;
use crate::world::{FamilyPolicy, Protocol, Service};

const V4: &str = "192.0.2.0/24";
const V6: &str = "2001:db8::/64";

fn wanting(count: &str, mut service: Service) -> Service {
    service.annotations.per_family = Some(count.into());
    service
}

fn missing(cluster: &Cluster, name: &str) -> Option<String> {
    cluster.decision(name).missing.as_ref().map(ToString::to_string)
}

#[test]
fn a_service_gets_as_many_addresses_of_each_family_as_it_asks_for() {
    let mut cluster = Cluster::with(&[pool("a", &[V4, V6])]);
    assert_eq!(cluster.answer_to(wanting("3", service("s", 1))), "192.0.2.0, 192.0.2.1 and 192.0.2.2");
    let both = wanting("2", dual(service("t", 2), FamilyPolicy::Require));
    assert_eq!(cluster.answer_to(both), "192.0.2.3, 192.0.2.4, 2001:db8:: and 2001:db8::1");
    assert_eq!(cluster.plan.ledger().usage(&"a".into()).v4, 5);
}

#[test]
fn a_pool_that_has_all_is_taken_before_an_earlier_one_that_has_some() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.7-192.0.2.7"]), pool("b", &["198.51.100.0/24"])]);
    assert_eq!(cluster.answer_to(wanting("2", service("s", 1))), "198.51.100.0 and 198.51.100.1");
}

#[test]
fn where_there_are_fewer_it_takes_what_there_is_and_grows() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.1-192.0.2.3"])]);
    cluster.apply(service("old", 0));
    assert_eq!(cluster.answer_to(wanting("3", service("s", 1))), "192.0.2.2 and 192.0.2.3");
    assert_eq!(missing(&cluster, "s").as_deref(), Some("TooFew"));
    cluster.delete("old");
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.1, 192.0.2.2 and 192.0.2.3");
    assert_eq!(missing(&cluster, "s"), None);
}

#[test]
fn one_that_must_have_both_families_needs_one_of_each_and_no_more() {
    let mut cluster = Cluster::with(&[pool("a", &[V4, "2001:db8::1-2001:db8::1"])]);
    let both = wanting("2", dual(service("s", 1), FamilyPolicy::Require));
    assert_eq!(cluster.answer_to(both), "192.0.2.0, 192.0.2.1 and 2001:db8::1");
    assert_eq!(missing(&cluster, "s").as_deref(), Some("TooFew"));
}

#[test]
fn more_are_added_and_too_many_go_and_the_others_stay() {
    let mut cluster = Cluster::with(&[pool("a", &[V4])]);
    cluster.apply(service("first", 0));
    assert_eq!(cluster.answer_to(service("s", 1)), "192.0.2.1");
    cluster.apply(service("next", 2));
    cluster.turn();
    assert_eq!(cluster.answer_to(wanting("2", service("s", 1))), "192.0.2.1 and 192.0.2.3");
    assert_eq!(cluster.answer_to(service("s", 1)), "192.0.2.1");
    cluster.restart();
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.1");
}

#[test]
fn who_asks_for_fewer_keeps_those_that_it_names() {
    let mut cluster = Cluster::with(&[pool("a", &[V4])]);
    cluster.answer_to(wanting("3", service("s", 1)));
    assert_eq!(cluster.answer_to(requesting(service("s", 1), "192.0.2.2")), "192.0.2.2");
}

#[test]
fn a_request_names_as_many_as_are_asked_for_and_nothing_is_added() {
    let mut cluster = Cluster::with(&[pool("a", &[V4])]);
    let asking = |count, addresses| requesting(wanting(count, service("s", 1)), addresses);
    assert_eq!(cluster.answer_to(asking("3", "192.0.2.9,192.0.2.7")), "192.0.2.7 and 192.0.2.9");
    assert_eq!(missing(&cluster, "s"), None);
    assert_eq!(cluster.answer_to(asking("1", "192.0.2.9,192.0.2.7")), "192.0.2.7 although BadRequest");
}

#[test]
fn a_count_that_cannot_be_read_costs_nothing_and_gives_nothing() {
    let mut cluster = Cluster::with(&[pool("a", &[V4])]);
    assert_eq!(cluster.answer_to(wanting("many", service("new", 0))), "BadCount");
    cluster.answer_to(wanting("2", service("s", 1)));
    let held = "192.0.2.0 and 192.0.2.1 although BadCount";
    assert_eq!(cluster.answer_to(wanting("17", service("s", 1))), held);
}

#[test]
fn several_come_from_one_pool_and_two_families_from_two() {
    let mut cluster = Cluster::with(&[pool("four", &[V4]), pool("six", &[V6])]);
    let both = in_pool(wanting("2", dual(service("s", 1), FamilyPolicy::Require)), "four,six");
    assert_eq!(cluster.answer_to(both), "192.0.2.0, 192.0.2.1, 2001:db8:: and 2001:db8::1");
}

#[test]
fn some_of_several_can_be_kept_when_another_service_has_the_rest() {
    let mut cluster = Cluster::with(&[pool("a", &[V4])]);
    cluster.answer_to(service("first", 0));
    cluster.put(holding(wanting("2", service("s", 1)), &["192.0.2.0", "192.0.2.9"]));
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.1 and 192.0.2.9");
    assert_eq!(cluster.decision("s").lost.as_ref().unwrap().to_string(), "InUse");
}

#[test]
fn shared_addresses_count_once_and_are_not_taken_twice() {
    let mut cluster = Cluster::with(&[pool("a", &[V4])]);
    cluster.apply(sharing(service("first", 0), "k", Protocol::Tcp, 443));
    let wanting = wanting("2", sharing(service("s", 1), "k", Protocol::Tcp, 80));
    assert_eq!(cluster.answer_to(wanting), "192.0.2.0 and 192.0.2.1");
    assert_eq!(cluster.decision("s").addresses().count(Family::V4), 2);
}

#[test]
fn one_that_moves_to_have_both_families_is_told_what_it_lacks_there_and_takes_what_cools() {
    let few = pool("b", &["198.51.100.0/31", "2001:db8::/127"]);
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.1-192.0.2.1"]), few]);
    assert_eq!(cluster.answer_to(service("s", 1)), "192.0.2.1");
    assert_eq!(cluster.answer_to(v6(service("old", 0))), "2001:db8::");
    cluster.delete("old");
    cluster.turn();
    let both = wanting("3", dual(service("s", 1), FamilyPolicy::Require));
    let all = "198.51.100.0, 198.51.100.1, 2001:db8:: and 2001:db8::1";
    assert_eq!(cluster.answer_to(both), all);
    assert_eq!(missing(&cluster, "s").as_deref(), Some("TooFew"));
}
