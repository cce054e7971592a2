use super::cluster::{Cluster, asking, holding, identity, pool, service};
use crate::alloc::{LoadBalancerClass, Verdict};
use crate::config::{AllocationSource, PoolSource};
use crate::name::ObjectKey;
use crate::world::Service;

#[test]
fn row_01_a_service_gets_an_address_of_the_pool() {
    assert_eq!(Cluster::with(&[pool("a", &["1.2.3.0/31"])]).answer_to(service("s", 1)), "1.2.3.0");
}

#[test]
fn row_02_lowest_first_in_the_order_of_creation() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    for (name, created) in [("z", 1), ("m", 2), ("a", 3)] {
        cluster.apply(service(name, created));
    }
    cluster.turn();
    assert_eq!(cluster.answers(["z", "m", "a"]), ["192.0.2.0", "192.0.2.1", "192.0.2.2"]);
}

#[test]
fn of_two_services_created_in_one_second_the_name_decides() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.apply(service("b", 1));
    cluster.apply(service("a", 1));
    cluster.turn();
    assert_eq!(cluster.answers(["a", "b"]), ["192.0.2.0", "192.0.2.1"]);
}

#[test]
fn rows_03_and_04_entries_are_used_up_in_the_order_listed() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.8 - 192.0.2.9", "192.0.2.0/31"])]);
    for created in 0..5 {
        cluster.apply(service(&format!("s{created}"), created));
    }
    cluster.turn();
    let answers = cluster.answers(["s0", "s1", "s2", "s3", "s4"]);
    assert_eq!(answers, ["192.0.2.8", "192.0.2.9", "192.0.2.0", "192.0.2.1", "Exhausted"]);
}

#[test]
fn row_35_exhaustion_is_named() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.1-192.0.2.1"])]);
    cluster.apply(service("first", 1));
    assert_eq!(cluster.answer_to(service("second", 2)), "Exhausted");
    let refusal = cluster.decision("second").refusal.clone().unwrap();
    assert_eq!(refusal.sentence(), "every IPv4 address of the IPAddressPools for this Service is taken");
}

#[test]
fn row_36_a_freed_address_goes_to_the_oldest_that_waits() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.1-192.0.2.1"])]);
    cluster.apply(service("holder", 1));
    cluster.turn();
    cluster.apply(service("younger", 3));
    cluster.apply(service("older", 2));
    cluster.turn();
    cluster.delete("holder");
    cluster.turn();
    assert_eq!(cluster.answers(["older", "younger"]), ["192.0.2.1", "Exhausted"]);
}

#[test]
fn row_36_changing_the_type_frees_the_address() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.1-192.0.2.1"])]);
    cluster.apply(service("holder", 1));
    cluster.turn();
    cluster.apply(service("waiting", 2));
    cluster.apply(Service { load_balancer: false, ..service("holder", 1) });
    cluster.turn();
    assert_eq!(cluster.answer("waiting"), "192.0.2.1");
    assert_eq!(cluster.plan.verdict(&ObjectKey::new("web", "holder")), Some(&Verdict::Clear));
}

#[test]
fn row_38_a_service_of_another_class_is_left_alone() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.put(holding(Service { class: Some("other".into()), ..service("s", 1) }, &["198.51.100.1"]));
    cluster.turn();
    assert_eq!(cluster.plan.verdicts().count(), 0);
    cluster.policy.class = LoadBalancerClass(Some("other".into()));
    cluster.apply(service("classless", 1));
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.0");
    assert_eq!(cluster.plan.verdict(&ObjectKey::new("web", "classless")), None);
}

#[test]
fn a_service_that_was_ours_and_changes_its_class_is_cleared() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.apply(service("s", 1));
    cluster.turn();
    cluster.apply(Service { class: Some("other".into()), ..service("s", 1) });
    cluster.turn();
    assert_eq!(cluster.plan.verdict(&ObjectKey::new("web", "s")), Some(&Verdict::Clear));
    assert_eq!(cluster.plan.ledger().holdings().count(), 0);
}

#[test]
fn row_39_a_restart_moves_nothing() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0-192.0.2.2"])]);
    for created in 0..5 {
        cluster.apply(service(&format!("s{created}"), created));
    }
    cluster.turn();
    cluster.delete("s0");
    cluster.turn();
    let before = cluster.answers(["s1", "s2", "s3", "s4"]);
    assert_eq!(before, ["192.0.2.1", "192.0.2.2", "192.0.2.0", "Exhausted"]);
    for _ in 0..5 {
        cluster.restart();
        cluster.turn();
        assert_eq!(cluster.answers(["s1", "s2", "s3", "s4"]), before);
    }
}

#[test]
fn an_older_service_that_comes_late_takes_nothing_that_is_on_its_way() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0-192.0.2.1"])]);
    cluster.apply(service("young", 9));
    cluster.decide();
    cluster.apply(service("old", 1));
    cluster.decide();
    assert_eq!(cluster.answers(["young", "old"]), ["192.0.2.0", "192.0.2.1"]);
}

#[test]
fn a_status_emptied_by_hand_is_written_again() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.apply(service("gone", 1));
    cluster.apply(service("s", 2));
    cluster.turn();
    cluster.delete("gone");
    cluster.put(service("s", 2));
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.1");
}

#[test]
fn a_foreign_address_in_the_status_is_adopted_if_it_is_in_a_pool_and_free() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.apply(service("other", 1));
    cluster.apply(service("s", 2));
    cluster.turn();
    cluster.put(holding(service("s", 2), &["192.0.2.77"]));
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.77");
    for foreign in ["192.0.2.0", "198.51.100.1"] {
        cluster.put(holding(service("s", 2), &[foreign]));
        cluster.turn();
        assert_eq!(cluster.answer("s"), "192.0.2.77", "{foreign}");
    }
}

#[test]
fn an_echo_of_an_earlier_decision_is_no_news() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    for asking in [service("s", 1), super::cluster::requesting(service("s", 1), "192.0.2.5"), service("s", 1)]
    {
        cluster.apply(asking);
        cluster.decide();
    }
    assert_eq!(cluster.answer("s"), "192.0.2.5");
    cluster.put(holding(service("s", 1), &["192.0.2.0"]));
    cluster.decide();
    assert_eq!(cluster.answer("s"), "192.0.2.5");
    cluster.arrive();
    cluster.decide();
    cluster.put(holding(service("s", 1), &["192.0.2.0"]));
    cluster.decide();
    assert_eq!(cluster.answer("s"), "192.0.2.0", "after the decision has arrived it is an edit");
}

#[test]
fn another_object_of_the_same_name_does_not_inherit_the_address() {
    let mut cluster = Cluster::with(&[asking("a", &["192.0.2.0/24"], &[("cool-down", "0")])]);
    cluster.apply(service("first", 1));
    cluster.apply(service("s", 2));
    cluster.turn();
    cluster.delete("first");
    let mut again = service("s", 5);
    again.identity.uid = "another".into();
    cluster.put(again);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.0");
}

#[test]
fn without_pools_the_refusal_says_so() {
    assert_eq!(Cluster::default().answer_to(service("s", 1)), "NoPools");
}

#[test]
fn row_42_when_all_pools_are_deleted_every_status_is_emptied() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.apply(service("s", 1));
    cluster.turn();
    cluster.pools(&[]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "NoPools");
    assert_eq!(cluster.decision("s").lost.as_ref().unwrap().to_string(), "OutsidePools");
}

#[test]
fn row_07_a_pool_that_is_not_given_out_unasked() {
    let closed = PoolSource { auto_assign: false, ..pool("a", &["192.0.2.0/24"]) };
    let mut cluster = Cluster::with(&[closed]);
    assert_eq!(cluster.answer_to(service("s", 1)), "NotAutoAssignable");
    assert_eq!(cluster.answer_to(super::cluster::in_pool(service("p", 1), "a")), "192.0.2.0");
    assert_eq!(cluster.answer_to(super::cluster::requesting(service("r", 1), "192.0.2.9")), "192.0.2.9");
}

#[test]
fn row_08_addresses_that_end_in_0_or_255_are_avoided_if_asked() {
    let avoiding = PoolSource { avoid_buggy: true, ..pool("a", &["192.0.2.255-192.0.3.1"]) };
    let mut cluster = Cluster::with(&[avoiding]);
    assert_eq!(cluster.answer_to(service("s", 1)), "192.0.3.1");
    for buggy in ["192.0.2.255", "192.0.3.0"] {
        assert_eq!(cluster.answer_to(super::cluster::requesting(service("r", 2), buggy)), "BuggyAddress");
    }
}

#[test]
fn a_namespace_that_nobody_knows_yet_has_no_labels() {
    let allocation = AllocationSource { namespaces: vec!["web".into()], ..AllocationSource::default() };
    let mut cluster =
        Cluster::with(&[PoolSource { allocation: Some(allocation), ..pool("a", &["192.0.2.0/24"]) }]);
    let mut elsewhere = service("s", 1);
    elsewhere.identity = identity("other", "s", 1);
    cluster.apply(elsewhere);
    assert_eq!(cluster.answer_to(service("here", 1)), "192.0.2.0");
    let verdict = cluster.plan.verdict(&ObjectKey::new("other", "s")).unwrap();
    assert!(
        matches!(verdict, Verdict::Decided(d) if d.refusal.as_ref().unwrap().word() == "NotAutoAssignable")
    );
}
