use super::cluster::{Cluster, dual, holding, in_pool, pool, requesting, service, v6};
use crate::world::{FamilyPolicy, Service};

const V4: &str = "192.0.2.0/24";
const V6: &str = "2001:db8::/64";
const BOTH: &str = "192.0.2.0 and 2001:db8::";

fn require(name: &str) -> Service {
    dual(service(name, 1), FamilyPolicy::Require)
}

fn prefer(name: &str) -> Service {
    dual(service(name, 1), FamilyPolicy::Prefer)
}

fn apart() -> Cluster {
    Cluster::with(&[pool("four", &[V4]), pool("six", &[V6])])
}

fn pools(cluster: &Cluster, name: &str) -> String {
    cluster.decision(name).allocation.as_ref().unwrap().pools.annotation()
}

#[test]
fn each_family_comes_from_the_pool_that_has_it() {
    for names in ["four,six", "six,four", " four , six "] {
        for service in [require("s"), prefer("s")] {
            let mut cluster = apart();
            assert_eq!(cluster.answer_to(in_pool(service, names)), BOTH, "{names}");
            assert_eq!(pools(&cluster, "s"), "four,six");
        }
    }
}

#[test]
fn where_both_pools_have_both_families_the_first_is_for_ipv4() {
    let all = [pool("a", &[V4, V6]), pool("b", &["198.51.100.0/24", "2001:db8:1::/64"])];
    assert_eq!(Cluster::with(&all).answer_to(in_pool(require("s"), "b,a")), "198.51.100.0 and 2001:db8::");
}

#[test]
fn a_service_of_one_family_takes_the_pool_of_that_family() {
    assert_eq!(apart().answer_to(in_pool(v6(service("s", 1)), "four,six")), "2001:db8::");
    assert_eq!(apart().answer_to(in_pool(service("s", 1), "six,four")), "192.0.2.0");
}

#[test]
fn what_cannot_be_asked_of_two_pools_is_refused_by_name_and_costs_nothing() {
    let bad = [("four,none", "PoolUnknown"), ("four,four-too", "SameFamily"), ("four,six,four", "BadPools")];
    for (names, refusal) in bad {
        let all = [pool("four", &[V4]), pool("four-too", &["198.51.100.0/24"]), pool("six", &[V6])];
        assert_eq!(Cluster::with(&all).answer_to(in_pool(require("s"), names)), refusal);
        let mut cluster = Cluster::with(&all);
        cluster.answer_to(in_pool(require("s"), "four,six"));
        assert_eq!(cluster.answer_to(in_pool(require("s"), names)), format!("{BOTH} although {refusal}"));
        let mut strict = Cluster::with(&all).strict();
        strict.answer_to(in_pool(require("s"), "four,six"));
        assert_eq!(strict.answer_to(in_pool(require("s"), names)), refusal);
    }
}

#[test]
fn one_that_must_have_both_gets_nothing_while_one_pool_has_none() {
    let mut cluster = Cluster::with(&[pool("four", &[V4]), pool("six", &["2001:db8::1-2001:db8::1"])]);
    cluster.apply(in_pool(v6(service("holder", 0)), "six"));
    assert_eq!(cluster.answer_to(in_pool(require("s"), "four,six")), "Exhausted");
    assert_eq!(cluster.answer_to(in_pool(prefer("t"), "four,six")), "192.0.2.0");
    cluster.delete("holder");
    cluster.apply(service("u", 9));
    cluster.turn();
    let held = cluster.answers(["s", "t"]);
    assert_eq!(held, ["192.0.2.1 and 2001:db8::1", "192.0.2.0"]);
}

#[test]
fn a_wish_for_another_second_pool_leaves_the_first_address() {
    let mut cluster = Cluster::with(&[pool("both", &[V4, V6]), pool("six", &["2001:db8:1::/64"])]);
    cluster.answer_to(require("first"));
    assert_eq!(cluster.answer_to(require("s")), "192.0.2.1 and 2001:db8::1");
    assert_eq!(cluster.answer_to(in_pool(require("s"), "both,six")), "192.0.2.1 and 2001:db8:1::");
    assert_eq!(cluster.answer_to(in_pool(require("s"), "both")), "192.0.2.1 and 2001:db8::1");
}

#[test]
fn who_no_longer_names_two_pools_keeps_what_came_from_them() {
    let mut cluster = apart();
    cluster.answer_to(in_pool(require("s"), "four,six"));
    assert_eq!(cluster.answer_to(require("s")), BOTH);
    cluster.restart();
    cluster.turn();
    assert_eq!(cluster.answer("s"), BOTH);
}

#[test]
fn a_request_names_an_address_of_each_of_two_pools() {
    let asking = |addresses| requesting(in_pool(require("s"), "four,six"), addresses);
    assert_eq!(apart().answer_to(asking("2001:db8::7,192.0.2.7")), "192.0.2.7 and 2001:db8::7");
    let mut other =
        Cluster::with(&[pool("four", &[V4]), pool("six", &[V6]), pool("z", &["2001:db8:1::/64"])]);
    assert_eq!(other.answer_to(asking("2001:db8:1::7,192.0.2.7")), "OtherPool");
    assert_eq!(apart().answer_to(requesting(require("s"), "2001:db8::7,192.0.2.7")), "TwoPools");
}

#[test]
fn one_of_two_pools_that_goes_takes_its_family_with_it() {
    let mut cluster = apart();
    cluster.answer_to(in_pool(prefer("s"), "four,six"));
    cluster.pools(&[pool("four", &[V4])]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.0 although PoolUnknown");
    cluster.pools(&[pool("four", &[V4]), pool("six", &[V6])]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), BOTH);
}

#[test]
fn a_pool_that_is_rejected_keeps_the_addresses_of_its_family() {
    let mut cluster = apart();
    cluster.put(holding(in_pool(require("s"), "four,six"), &["192.0.2.9", "2001:db8::9"]));
    cluster.turn();
    cluster.pools(&[pool("four", &[V4]), pool("six", &["nonsense"])]);
    cluster.restart();
    cluster.turn();
    assert_eq!(cluster.decision("s").addresses().to_string(), "192.0.2.9 and 2001:db8::9");
}

#[test]
fn a_pool_all_of_which_somebody_else_holds_is_still_the_one_for_its_family() {
    let pools = [pool("both", &[V4, V6]), pool("four", &["198.51.100.0/24"])];
    let mut cluster = Cluster::with(&pools).strict();
    assert_eq!(cluster.answer_to(in_pool(v6(service("s", 1)), "four,both")), "2001:db8::");
    cluster.foreign(&[("office", "198.51.100.0/24")]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "2001:db8::");
}

#[test]
fn whose_second_pool_becomes_one_for_the_first_family_stays_where_it_is() {
    let mut cluster = Cluster::with(&[pool("both", &[V4, V6]), pool("other", &["nonsense"])]);
    assert_eq!(cluster.answer_to(in_pool(service("s", 1), "both,other")), "192.0.2.0");
    cluster.pools(&[pool("both", &[V4, V6]), pool("other", &["198.51.100.0/24"])]);
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.0", "nobody asked for anything else");
    assert_eq!(cluster.answer_to(in_pool(service("t", 2), "both,other")), "198.51.100.0");
    assert_eq!(cluster.answer_to(in_pool(service("s", 1), "other,both")), "198.51.100.1");
}
