use super::cluster::{Cluster, excluding, holding, node, pool, requesting, service, sharing, v6};
use crate::world::Protocol;

#[test]
fn what_is_excluded_is_not_given_unasked_nor_on_request() {
    let mut cluster = Cluster::with(&[excluding("192.0.2.0-192.0.2.9", pool("a", &["192.0.2.0/24"]))]);
    assert_eq!(cluster.answer_to(service("s", 1)), "192.0.2.10");
    assert_eq!(cluster.answer_to(requesting(service("t", 2), "192.0.2.9")), "Excluded");
    let all = [excluding("192.0.2.0/24", pool("a", &["192.0.2.0/24"]))];
    assert_eq!(Cluster::with(&all).answer_to(service("s", 1)), "NoSuchFamily");
}

#[test]
fn it_does_not_matter_how_much_is_excluded() {
    let half = excluding("2001:db8::-2001:db8::7fff:ffff:ffff:ffff", pool("a", &["2001:db8::/64"]));
    assert_eq!(Cluster::with(&[half]).answer_to(v6(service("s", 1))), "2001:db8:0:0:8000::");
}

#[test]
fn who_holds_what_is_excluded_later_keeps_it_and_is_told() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    assert_eq!(cluster.answer_to(service("s", 1)), "192.0.2.0");
    cluster.pools(&[excluding("192.0.2.0/28", pool("a", &["192.0.2.0/24"]))]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.0");
    assert_eq!(cluster.decision("s").doubt.as_ref().unwrap().to_string(), "Excluded");
    cluster.restart();
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.0");
    cluster.delete("s");
    assert_eq!(cluster.answer_to(service("t", 2)), "192.0.2.16");
    assert_eq!(cluster.decision("t").doubt, None);
}

#[test]
fn an_excluded_address_finds_no_new_sharer() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.answer_to(sharing(service("s", 1), "k", Protocol::Tcp, 80));
    cluster.pools(&[excluding("192.0.2.0", pool("a", &["192.0.2.0/24"]))]);
    assert_eq!(cluster.answer_to(sharing(service("t", 2), "k", Protocol::Tcp, 443)), "192.0.2.1");
}

#[test]
fn an_address_of_a_node_is_never_given_out() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.nodes(&[node("n1", &["192.0.2.0", "2001:db8::1"]), node("n2", &["192.0.2.1"])]);
    assert_eq!(cluster.answer_to(service("s", 1)), "192.0.2.2");
    assert_eq!(cluster.answer_to(requesting(service("t", 2), "192.0.2.1")), "NodeAddress");
    cluster.nodes(&[node("n1", &["192.0.2.0"])]);
    cluster.turn();
    assert_eq!(cluster.answer("t"), "192.0.2.1");
}

#[test]
fn who_holds_an_address_that_a_node_gets_keeps_it_and_is_told() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.put(holding(service("s", 1), &["192.0.2.7"]));
    cluster.nodes(&[node("n1", &["192.0.2.7"])]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.7");
    let doubt = cluster.decision("s").doubt.clone().unwrap();
    assert_eq!(doubt.sentence(), "192.0.2.7 is an address of node n1");
}

#[test]
fn an_address_that_a_foreign_range_holds_is_never_given_out_and_its_holder_keeps_it() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.put(holding(service("s", 1), &["192.0.2.7"]));
    cluster.foreign(&[("lab", "192.0.2.0/28")]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.7");
    let doubt = cluster.decision("s").doubt.clone().unwrap();
    assert_eq!(doubt.to_string(), "ForeignRange");
    assert_eq!(doubt.sentence(), "192.0.2.7 is held by ForeignRange lab");
    assert_eq!(cluster.answer_to(service("t", 2)), "192.0.2.16");
    assert_eq!(cluster.answer_to(requesting(service("u", 3), "192.0.2.1")), "ForeignRange");
    cluster.delete("s");
    assert_eq!(cluster.answer_to(requesting(service("v", 4), "192.0.2.7")), "ForeignRange");
    cluster.foreign(&[]);
    cluster.turn();
    assert_eq!(cluster.answers(["t", "u", "v"]), ["192.0.2.16", "192.0.2.1", "192.0.2.7"]);
}
