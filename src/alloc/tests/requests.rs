use super::cluster::{Cluster, annotated, dual, holding, in_pool, pool, requesting, service, v6};
use crate::config::PoolSource;
use crate::world::{FamilyPolicy, Service};

fn two_pools() -> Cluster {
    Cluster::with(&[pool("a", &["192.0.2.0/24"]), pool("b", &["198.51.100.0/24"])])
}

#[test]
fn row_09_the_pool_annotation_decides() {
    let mut cluster = two_pools();
    assert_eq!(cluster.answer_to(in_pool(service("s", 1), "b")), "198.51.100.0");
    assert_eq!(cluster.decision("s").allocation.as_ref().unwrap().pools.annotation(), "b");
    assert_eq!(cluster.answer_to(in_pool(service("t", 1), "c")), "PoolUnknown");
}

#[test]
fn row_10_an_empty_pool_annotation_asks_for_nothing() {
    assert_eq!(two_pools().answer_to(in_pool(service("s", 1), "")), "192.0.2.0");
}

#[test]
fn row_11_both_ways_to_name_an_address_at_once_are_refused() {
    let mut cluster = two_pools();
    let field = Service { load_balancer_ip: Some("192.0.2.7".into()), ..service("s", 1) };
    assert_eq!(cluster.answer_to(field.clone()), "192.0.2.7");
    assert_eq!(cluster.answer_to(requesting(field, "192.0.2.8")), "192.0.2.7 although RequestedTwice");
    let both = Service { load_balancer_ip: Some("192.0.2.7".into()), ..service("t", 1) };
    assert_eq!(cluster.answer_to(requesting(both, "192.0.2.8")), "RequestedTwice");
}

#[test]
fn row_12_a_request_that_cannot_be_read_is_refused() {
    let mut cluster = two_pools();
    for bad in ["nonsense", "192.0.2.1,192.0.2.2", "192.0.2.1,2001:db8::1,2001:db8::2"] {
        assert_eq!(cluster.answer_to(requesting(service("s", 1), bad)), "BadRequest", "{bad}");
    }
}

#[test]
fn row_13_a_request_outside_every_pool_is_refused_and_what_is_held_is_kept() {
    let mut cluster = two_pools();
    assert_eq!(cluster.answer_to(requesting(service("new", 1), "203.0.113.1")), "OutsidePools");
    assert_eq!(cluster.answer_to(service("s", 1)), "192.0.2.0");
    let request = requesting(service("s", 1), "203.0.113.1");
    assert_eq!(cluster.answer_to(request), "192.0.2.0 although OutsidePools");
    assert_eq!(cluster.decision("s").lost, None);
}

#[test]
fn row_13_with_parity_what_is_held_is_released() {
    let mut cluster = two_pools().strict();
    cluster.answer_to(service("s", 1));
    assert_eq!(cluster.answer_to(requesting(service("s", 1), "203.0.113.1")), "OutsidePools");
    cluster.turn();
    assert_eq!(cluster.answer("s"), "OutsidePools");
    assert_eq!(cluster.plan.ledger().holdings().count(), 0);
}

#[test]
fn with_parity_a_request_that_cannot_be_read_costs_nothing() {
    let mut cluster = two_pools().strict();
    cluster.answer_to(service("s", 1));
    assert_eq!(cluster.answer_to(requesting(service("s", 1), "nonsense")), "192.0.2.0 although BadRequest");
}

#[test]
fn row_14_address_and_pool_have_to_agree() {
    let request = in_pool(requesting(service("s", 1), "192.0.2.7"), "b");
    assert_eq!(two_pools().answer_to(request), "OtherPool");
    let request = in_pool(requesting(service("s", 1), "198.51.100.7"), "b");
    assert_eq!(two_pools().answer_to(request), "198.51.100.7");
}

#[test]
fn row_15_a_request_of_the_wrong_family_is_refused() {
    let pools = [pool("a", &["192.0.2.0/24", "2001:db8::/64"])];
    assert_eq!(Cluster::with(&pools).answer_to(requesting(service("s", 1), "2001:db8::1")), "WrongFamily");
    assert_eq!(Cluster::with(&pools).answer_to(requesting(v6(service("s", 1)), "192.0.2.1")), "WrongFamily");
    let both = "192.0.2.1,2001:db8::1";
    assert_eq!(Cluster::with(&pools).answer_to(requesting(service("s", 1), both)), "WrongFamily");
    let prefer = requesting(dual(service("s", 1), FamilyPolicy::Prefer), "192.0.2.1");
    assert_eq!(Cluster::with(&pools).answer_to(prefer), "WrongFamily");
}

#[test]
fn a_request_for_a_held_address_waits_for_it() {
    let mut cluster = two_pools();
    cluster.answer_to(service("holder", 1));
    assert_eq!(cluster.answer_to(requesting(service("s", 2), "192.0.2.0")), "InUse");
    let refusal = cluster.decision("s").refusal.clone().unwrap();
    assert_eq!(refusal.sentence(), "192.0.2.0 is held by web/holder, and not both have a sharing key");
    cluster.delete("holder");
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.0");
}

#[test]
fn a_request_that_can_be_met_moves_the_service() {
    let mut cluster = two_pools();
    cluster.answer_to(service("s", 1));
    assert_eq!(cluster.answer_to(requesting(service("s", 1), "198.51.100.9")), "198.51.100.9");
    assert_eq!(cluster.answer_to(in_pool(service("s", 1), "a")), "192.0.2.0");
    assert_eq!(cluster.answer_to(service("s", 1)), "192.0.2.0");
}

#[test]
fn taking_a_request_away_moves_nothing() {
    let mut cluster = two_pools();
    cluster.answer_to(requesting(service("s", 1), "198.51.100.9"));
    assert_eq!(cluster.answer_to(service("s", 1)), "198.51.100.9");
}

#[test]
fn an_address_given_up_by_a_younger_service_goes_to_an_older_one_in_the_same_turn() {
    let mut cluster = two_pools();
    cluster.answer_to(requesting(service("young", 9), "192.0.2.5"));
    assert_eq!(cluster.answer_to(requesting(service("old", 1), "192.0.2.5")), "InUse");
    cluster.apply(requesting(service("young", 9), "192.0.2.6"));
    cluster.turn();
    assert_eq!(cluster.answers(["old", "young"]), ["192.0.2.5", "192.0.2.6"]);
}

#[test]
fn a_request_into_an_invalid_pool_is_refused_and_its_holders_keep() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.answer_to(service("holder", 1));
    cluster.pools(&[pool("a", &["192.0.2.0/24", "nonsense"])]);
    cluster.restart();
    cluster.apply(requesting(service("r", 2), "192.0.2.9"));
    cluster.apply(in_pool(service("p", 2), "a"));
    cluster.apply(service("s", 2));
    cluster.turn();
    let answers = cluster.answers(["holder", "r", "p", "s"]);
    assert_eq!(answers, ["192.0.2.0", "PoolInvalid", "PoolInvalid", "NotAutoAssignable"]);
}

#[test]
fn the_holder_of_an_invalid_pool_that_says_nothing_keeps_by_its_annotation() {
    let mut cluster = Cluster::with(&[pool("a", &["nonsense"])]);
    let mut held = holding(service("s", 1), &["192.0.2.7"]);
    held.annotations.allocated_from = Some("a".into());
    cluster.put(held);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.7");
}

#[test]
fn two_addresses_of_two_pools_are_refused() {
    let pools = [pool("a", &["192.0.2.0/24"]), pool("b", &["2001:db8::/64"])];
    let request = requesting(dual(service("s", 1), FamilyPolicy::Require), "192.0.2.1,2001:db8::1");
    assert_eq!(Cluster::with(&pools).answer_to(request), "TwoPools");
}

#[test]
fn the_deprecated_prefix_asks_as_the_current_one_does() {
    let mut old = service("s", 1);
    old.annotations.address_pool = annotated("b").map(|a| crate::world::Annotated { deprecated: true, ..a });
    assert_eq!(two_pools().answer_to(old), "198.51.100.0");
}

#[test]
fn a_pool_annotation_that_cannot_be_met_keeps_what_is_held() {
    let mut cluster = two_pools();
    cluster.answer_to(service("s", 1));
    assert_eq!(cluster.answer_to(in_pool(service("s", 1), "c")), "192.0.2.0 although PoolUnknown");
    let mut strict = two_pools().strict();
    strict.answer_to(service("s", 1));
    assert_eq!(strict.answer_to(in_pool(service("s", 1), "c")), "PoolUnknown");
}

#[test]
fn turning_auto_assign_off_evicts_nobody() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    cluster.answer_to(service("s", 1));
    cluster.pools(&[PoolSource { auto_assign: false, ..pool("a", &["192.0.2.0/24"]) }]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.0");
}
