use super::cluster::{Cluster, in_pool, labels, pool, requesting, service, sharing};
use crate::world::Protocol::{self, Tcp, Udp};
use crate::world::{Service, TrafficPolicy};

const WANTED: &str = "192.0.2.7";

/// A Service that shares under `key` and asks for the one address.
fn sharer(name: &str, created: i64, key: &str, protocol: Protocol, port: u16) -> Service {
    requesting(sharing(service(name, created), key, protocol, port), WANTED)
}

fn local(service: Service, app: &str) -> Service {
    Service { traffic_policy: TrafficPolicy::Local, selector: labels(&[("app", app)]), ..service }
}

fn cluster(services: &[Service]) -> Cluster {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    for service in services {
        cluster.apply(service.clone());
    }
    cluster.turn();
    cluster
}

/// What the second of two gets, beside a first that has the address.
fn beside(first: Service, second: Service) -> String {
    let name = second.key().name.clone();
    cluster(&[first, second]).answer(&name)
}

#[test]
fn row_16_one_key_and_other_ports_share() {
    let answer = beside(sharer("s", 1, "k", Tcp, 80), sharer("t", 2, "k", Tcp, 443));
    assert_eq!(answer, WANTED);
}

#[test]
fn row_17_one_port_is_a_clash() {
    let both = [sharer("s", 1, "k", Tcp, 80), sharer("t", 2, "k", Tcp, 80)];
    let cluster = cluster(&both);
    assert_eq!(cluster.answer("t"), "InUse");
    let refusal = cluster.decision("t").refusal.clone().unwrap();
    assert_eq!(refusal.sentence(), "192.0.2.7 is held by web/s, and both serve 80/TCP");
}

#[test]
fn row_18_tcp_and_udp_of_one_number_share() {
    assert_eq!(beside(sharer("s", 1, "k", Tcp, 53), sharer("t", 2, "k", Udp, 53)), WANTED);
}

#[test]
fn another_key_or_none_does_not_share() {
    assert_eq!(beside(sharer("s", 1, "k", Tcp, 80), sharer("t", 2, "other", Tcp, 443)), "InUse");
    assert_eq!(beside(sharer("s", 1, "", Tcp, 80), sharer("t", 2, "", Tcp, 443)), "InUse");
    assert_eq!(beside(sharer("s", 1, "k", Tcp, 80), requesting(service("t", 2), WANTED)), "InUse");
}

#[test]
fn row_19_with_policy_local_the_selectors_have_to_agree() {
    let (s, t) = (sharer("s", 1, "k", Tcp, 80), sharer("t", 2, "k", Tcp, 443));
    assert_eq!(beside(local(s.clone(), "x"), local(t.clone(), "x")), WANTED);
    assert_eq!(beside(local(s.clone(), "x"), local(t.clone(), "y")), "InUse");
    assert_eq!(beside(local(s, "x"), t), "InUse");
}

#[test]
fn row_20_who_changes_so_that_it_no_longer_fits_loses_the_address_and_gets_it_back() {
    let mut cluster = cluster(&[sharer("s", 1, "k", Tcp, 80), sharer("t", 2, "k", Tcp, 443)]);
    cluster.apply(sharer("s", 1, "k", Tcp, 443));
    cluster.turn();
    assert_eq!(cluster.answers(["s", "t"]), ["InUse", WANTED]);
    assert_eq!(cluster.decision("s").lost.as_ref().unwrap().to_string(), "InUse");
    cluster.apply(sharer("s", 1, "k", Tcp, 80));
    cluster.turn();
    assert_eq!(cluster.answers(["s", "t"]), [WANTED, WANTED]);
}

#[test]
fn row_21_the_only_holder_may_change_its_key() {
    let mut cluster = cluster(&[requesting(service("s", 1), WANTED)]);
    cluster.apply(sharer("s", 1, "k", Tcp, 80));
    cluster.turn();
    assert_eq!(cluster.answer("s"), WANTED);
    cluster.apply(sharer("t", 2, "k", Tcp, 443));
    cluster.turn();
    assert_eq!(cluster.answer("t"), WANTED);
}

#[test]
fn without_a_request_the_lowest_address_wins_be_it_free_or_shared() {
    let free = |name: &str, created, port| sharing(service(name, created), "k", Tcp, port);
    let mut cluster = cluster(&[free("s", 1, 80), free("t", 2, 443)]);
    assert_eq!(cluster.answers(["s", "t"]), ["192.0.2.0", "192.0.2.0"]);
    cluster.apply(free("u", 3, 80));
    cluster.apply(free("v", 4, 8080));
    cluster.turn();
    assert_eq!(cluster.answers(["u", "v"]), ["192.0.2.1", "192.0.2.0"]);
}

#[test]
fn a_full_pool_still_serves_who_can_share() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.1-192.0.2.1"])]);
    cluster.apply(sharing(service("s", 1), "k", Tcp, 80));
    cluster.apply(service("alone", 2));
    cluster.apply(sharing(service("t", 3), "k", Tcp, 443));
    cluster.turn();
    assert_eq!(cluster.answers(["s", "alone", "t"]), ["192.0.2.1", "Exhausted", "192.0.2.1"]);
    assert_eq!(cluster.plan.ledger().usage(&"a".into()).v4, 1);
    assert_eq!(cluster.plan.ledger().holders("192.0.2.1".parse().unwrap()).len(), 2);
}

#[test]
fn after_a_restart_the_older_of_two_that_cannot_share_keeps() {
    let mut cluster = cluster(&[sharer("s", 1, "k", Tcp, 80), sharer("t", 2, "k", Tcp, 443)]);
    cluster.apply(sharer("s", 1, "k", Tcp, 443));
    cluster.restart();
    cluster.turn();
    assert_eq!(cluster.answers(["s", "t"]), [WANTED, "InUse"]);
}

#[test]
fn who_waits_joins_at_once_when_the_one_that_stood_in_the_way_moves_and_others_stay() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.7-192.0.2.7"]), pool("b", &["198.51.100.0/24"])]);
    let of = |name, created, port, wanted| in_pool(sharing(service(name, created), "k", Tcp, port), wanted);
    assert_eq!(cluster.answer_to(of("in-the-way", 2, 443, "a")), WANTED);
    assert_eq!(cluster.answer_to(of("stays", 3, 80, "a")), WANTED);
    assert_eq!(cluster.answer_to(of("waits", 1, 443, "a")), "Exhausted");
    cluster.apply(of("in-the-way", 2, 443, "b"));
    cluster.decide();
    assert_eq!(cluster.answer("waits"), WANTED);
}
