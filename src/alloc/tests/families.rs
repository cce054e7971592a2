use super::cluster::{Cluster, dual, holding, pool, service, v6};
use crate::addr::Family;
use crate::alloc::Refusal;
use crate::world::{FamilyPolicy, Service};

#[test]
fn row_05_an_ipv6_service_gets_an_ipv6_address() {
    assert_eq!(Cluster::with(&[pool("a", &["2001:db8::/64"])]).answer_to(v6(service("s", 1))), "2001:db8::");
}

#[test]
fn row_06_a_mixed_pool_serves_both_families() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24", "2001:db8::/64"])]);
    cluster.apply(service("four", 1));
    assert_eq!(cluster.answer_to(v6(service("six", 1))), "2001:db8::");
    assert_eq!(cluster.answer("four"), "192.0.2.0");
}

#[test]
fn who_would_be_content_with_one_family_waits_for_that_which_there_is() {
    let mut cluster = Cluster::with(&[pool("a", &["2001:db8::1-2001:db8::1"])]);
    cluster.apply(v6(service("holder", 0)));
    assert_eq!(cluster.answer_to(dual(service("s", 1), FamilyPolicy::Prefer)), "Exhausted");
    let refusal = cluster.decision("s").refusal.clone();
    assert_eq!(refusal, Some(Refusal::Exhausted(Family::V6)));
}

#[test]
fn a_family_that_no_pool_has_is_named() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
    assert_eq!(cluster.answer_to(v6(service("s", 1))), "NoSuchFamily");
    let refusal = cluster.decision("s").refusal.clone().unwrap();
    assert_eq!(refusal.sentence(), "no IPAddressPool for this Service has IPv6 addresses");
}

#[test]
fn a_headless_service_and_one_without_cluster_address_get_nothing() {
    for cluster_families in [vec![None], vec![]] {
        let headless = Service { cluster_families: cluster_families.into(), ..service("s", 1) };
        let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"])]);
        assert_eq!(cluster.answer_to(headless), "NoClusterAddress");
    }
}

#[test]
fn a_service_that_changes_its_family_gets_an_address_of_the_new_one() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24", "2001:db8::/64"])]);
    cluster.answer_to(service("s", 1));
    assert_eq!(cluster.answer_to(v6(service("s", 1))), "2001:db8::");
}

#[test]
fn a_single_stack_service_keeps_the_one_of_two_addresses_that_it_wants() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24", "2001:db8::/64"])]);
    cluster.put(holding(service("s", 1), &["2001:db8::9", "192.0.2.9"]));
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.9");
}

#[test]
fn row_34_prefer_dual_stack_with_one_cluster_address_gets_one_and_keeps_it() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24", "2001:db8::/64"])]);
    let prefer = Service { family_policy: FamilyPolicy::Prefer, ..service("s", 1) };
    for _ in 0..5 {
        assert_eq!(cluster.answer_to(prefer.clone()), "192.0.2.0");
    }
}

#[test]
fn require_dual_stack_with_one_cluster_address_gets_nothing_and_loses_what_it_has() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24", "2001:db8::/64"])]);
    cluster.answer_to(service("s", 1));
    let require = Service { family_policy: FamilyPolicy::Require, ..service("s", 1) };
    assert_eq!(cluster.answer_to(require), "NotDualStack");
    assert_eq!(cluster.plan.ledger().holdings().count(), 0);
}
