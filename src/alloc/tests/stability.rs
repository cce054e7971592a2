//! Addresses that come back to who held them, and addresses that are kept for who is named.

use super::cluster::{Cluster, asking, dual, identity, in_pool, pool, requesting, service, sharing};
use crate::alloc::Refusal;
use crate::config::PoolSource;
use crate::name::ServiceKey;
use crate::time::WallTime;
use crate::world::{FamilyPolicy, Kind, Object, PoolState, Protocol, Released};

/// `.1` to `.3`, of which `a` has held the first and let go of it.
fn after_a(options: &[(&str, &str)]) -> Cluster {
    let mut cluster = Cluster::with(&[asking("lan", &["192.0.2.1-192.0.2.3"], options)]);
    assert_eq!(cluster.answer_to(service("a", 1)), "192.0.2.1");
    cluster.delete("a");
    cluster.turn();
    cluster
}

impl Cluster {
    fn pass(&mut self, seconds: i64) {
        self.now = WallTime(self.now.0 + seconds);
        self.turn();
    }

    /// What a new leader reads.
    fn write_down(&mut self) {
        for pool in self.config.pools() {
            let released = self.plan.ledger().released(&pool.name).cloned().collect();
            let identity = identity("metallb-system", pool.name.as_str(), 0);
            self.world.apply(Object::PoolState(PoolState { identity, released }));
        }
    }
}

#[test]
fn who_comes_back_within_the_cool_down_gets_its_address_back() {
    let mut cluster = after_a(&[]);
    assert_eq!(cluster.answer_to(service("b", 2)), "192.0.2.2");
    cluster.pass(599);
    cluster.recreate(service("a", 3), "another");
    cluster.turn();
    assert_eq!(cluster.answer("a"), "192.0.2.1");
}

#[test]
fn what_was_let_go_of_last_comes_back_though_a_pool_with_a_reservation_remembers_more() {
    let keeps = asking("a", &["192.0.2.1-192.0.2.3", "2001:db8::/64"], &[("reserve", "2001:db8::7=web/s")]);
    let mut cluster = Cluster::with(&[keeps, pool("b", &["198.51.100.1-198.51.100.3"])]);
    for (held, created) in [("a", 1), ("b", 2)] {
        cluster.apply(in_pool(service("s", created), held));
        cluster.turn();
        cluster.delete("s");
        cluster.pass(1);
    }
    assert_eq!(cluster.answer_to(service("s", 3)), "198.51.100.1");
}

#[test]
fn after_the_cool_down_an_address_is_free_like_any_other() {
    let mut cluster = after_a(&[("cool-down", "1m")]);
    cluster.pass(59);
    assert_eq!(cluster.answer_to(service("b", 2)), "192.0.2.2");
    cluster.pass(1);
    assert_eq!(cluster.answer_to(service("c", 3)), "192.0.2.1");
}

#[test]
fn a_cool_down_of_zero_keeps_nothing() {
    let mut cluster = after_a(&[("cool-down", "0")]);
    assert_eq!(cluster.answer_to(service("b", 2)), "192.0.2.1");
}

#[test]
fn a_cooling_address_is_given_when_nothing_else_is_left_and_the_coolest_first() {
    let mut cluster = after_a(&[]);
    cluster.apply(service("b", 2));
    cluster.apply(service("c", 3));
    cluster.pass(10);
    cluster.delete("c");
    cluster.pass(10);
    let mut given = Vec::new();
    for name in ["d", "e", "f"] {
        given.push(cluster.answer_to(service(name, 4)));
    }
    assert_eq!(given, ["192.0.2.1", "192.0.2.3", "Exhausted"]);
}

#[test]
fn another_pool_is_tried_before_a_cooling_address_is_taken() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.1-192.0.2.1"]), pool("b", &["198.51.100.0/30"])]);
    cluster.answer_to(service("s", 1));
    cluster.delete("s");
    cluster.turn();
    assert_eq!(cluster.answer_to(service("t", 2)), "198.51.100.0");
    assert_eq!(cluster.answer_to(in_pool(service("u", 3), "a")), "192.0.2.1");
}

#[test]
fn who_comes_back_gets_its_address_also_from_a_pool_that_is_tried_later() {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.1-192.0.2.1"]), pool("b", &["198.51.100.0/30"])]);
    cluster.apply(service("first", 1));
    assert_eq!(cluster.answer_to(service("s", 2)), "198.51.100.0");
    cluster.delete("s");
    cluster.delete("first");
    cluster.turn();
    cluster.recreate(service("s", 3), "another");
    cluster.turn();
    assert_eq!(cluster.answer("s"), "198.51.100.0");
}

#[test]
fn whoever_asks_for_a_cooling_address_by_name_gets_it() {
    let mut cluster = after_a(&[]);
    assert_eq!(cluster.answer_to(requesting(service("b", 2), "192.0.2.1")), "192.0.2.1");
    cluster.recreate(service("a", 3), "another");
    cluster.turn();
    assert_eq!(cluster.answer("a"), "192.0.2.2");
}

#[test]
fn an_address_that_was_left_for_another_or_by_a_change_of_type_cools_too() {
    let mut cluster = Cluster::with(&[pool("lan", &["192.0.2.1-192.0.2.3"])]);
    cluster.answer_to(service("a", 1));
    cluster.answer_to(requesting(service("a", 1), "192.0.2.3"));
    assert_eq!(cluster.answer_to(service("b", 2)), "192.0.2.2");
    let mut flipped = service("b", 2);
    flipped.load_balancer = false;
    cluster.apply(flipped);
    cluster.turn();
    assert_eq!(cluster.answer_to(service("c", 3)), "192.0.2.1", "the coolest");
    assert_eq!(cluster.answer_to(service("b", 2)), "192.0.2.2");
}

#[test]
fn deleted_and_created_again_within_one_turn_it_keeps_the_address() {
    let mut cluster = Cluster::with(&[pool("lan", &["192.0.2.1-192.0.2.3"])]);
    cluster.apply(service("first", 1));
    assert_eq!(cluster.answer_to(service("s", 2)), "192.0.2.2");
    cluster.delete("first");
    cluster.delete("s");
    cluster.recreate(service("s", 3), "another");
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.2");
}

#[test]
fn who_shared_an_address_comes_back_to_it() {
    let mut cluster = Cluster::with(&[pool("lan", &["192.0.2.1-192.0.2.3"])]);
    cluster.apply(service("first", 1));
    cluster.apply(sharing(service("s", 2), "k", Protocol::Tcp, 80));
    assert_eq!(cluster.answer_to(sharing(service("t", 3), "k", Protocol::Tcp, 443)), "192.0.2.2");
    cluster.delete("first");
    cluster.turn();
    cluster.pass(600);
    cluster.delete("t");
    cluster.turn();
    cluster.recreate(sharing(service("t", 4), "k", Protocol::Tcp, 443), "another");
    cluster.turn();
    assert_eq!(cluster.answer("t"), "192.0.2.2", "although the first is free");
}

#[test]
fn both_addresses_of_a_dual_stack_service_come_back() {
    let mut cluster = Cluster::with(&[pool("lan", &["192.0.2.1-192.0.2.3", "2001:db8::1-2001:db8::3"])]);
    let both = |created| dual(service("s", created), FamilyPolicy::Require);
    cluster.apply(dual(service("first", 1), FamilyPolicy::Require));
    assert_eq!(cluster.answer_to(both(2)), "192.0.2.2 and 2001:db8::2");
    cluster.delete("first");
    cluster.delete("s");
    cluster.turn();
    cluster.recreate(both(3), "another");
    cluster.turn();
    assert_eq!(cluster.answer("s"), "192.0.2.2 and 2001:db8::2");
}

#[test]
fn what_a_leader_has_written_down_the_next_one_knows() {
    let mut cluster = after_a(&[]);
    cluster.write_down();
    cluster.restart();
    assert_eq!(cluster.answer_to(service("b", 2)), "192.0.2.2");
    cluster.recreate(service("a", 3), "another");
    cluster.turn();
    assert_eq!(cluster.answer("a"), "192.0.2.1");
}

#[test]
fn a_date_far_ahead_was_written_by_a_wrong_clock() {
    let mut cluster = after_a(&[]);
    let released = [Released {
        since: WallTime(i64::MAX),
        address: "192.0.2.2".parse().unwrap(),
        service: ServiceKey::new("web", "x"),
    }];
    let identity = identity("metallb-system", "lan", 0);
    cluster.world.apply(Object::PoolState(PoolState { identity, released: released.into() }));
    cluster.restart();
    cluster.apply(service("b", 2));
    cluster.apply(service("c", 3));
    cluster.turn();
    assert_eq!(cluster.answers(["b", "c"]), ["192.0.2.1", "192.0.2.2"]);
}

#[test]
fn what_is_remembered_belongs_to_the_pool_that_has_the_address_now() {
    let mut cluster = after_a(&[]);
    cluster.pools(&[asking("other", &["192.0.2.0/29"], &[("cool-down", "1h")])]);
    cluster.turn();
    cluster.pass(1800);
    assert_eq!(cluster.plan.ledger().released(&"other".into()).count(), 1);
}

#[test]
fn a_reserved_address_waits_for_whom_it_is_reserved() {
    let lan = asking("lan", &["192.0.2.1-192.0.2.2"], &[("reserve", "192.0.2.1=web/late")]);
    let mut cluster = Cluster::with(&[lan]);
    assert_eq!(cluster.answer_to(service("early", 1)), "192.0.2.2");
    assert_eq!(cluster.answer_to(service("second", 2)), "AllReserved");
    assert_eq!(cluster.answer_to(requesting(service("third", 3), "192.0.2.1")), "Reserved");
    assert_eq!(cluster.answer_to(service("late", 4)), "192.0.2.1");
    cluster.delete("late");
    cluster.pass(3600);
    assert_eq!(cluster.answer("second"), "AllReserved");
}

#[test]
fn a_reservation_is_found_in_whatever_pool_it_is() {
    let last = PoolSource {
        auto_assign: false,
        ..asking("z", &["198.51.100.0/30"], &[("reserve", "198.51.100.2=web/s")])
    };
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.0/24"]), last]);
    assert_eq!(cluster.answer_to(service("s", 1)), "198.51.100.2");
    assert_eq!(cluster.answer_to(service("t", 2)), "192.0.2.0");
}

#[test]
fn who_holds_an_address_keeps_it_when_it_is_reserved_for_another() {
    let mut cluster = Cluster::with(&[pool("lan", &["192.0.2.1-192.0.2.2"])]);
    cluster.answer_to(service("holder", 1));
    cluster.pools(&[asking("lan", &["192.0.2.1-192.0.2.2"], &[("reserve", "192.0.2.1=web/s")])]);
    assert_eq!(cluster.answer_to(service("s", 2)), "192.0.2.2");
    assert_eq!(cluster.answer("holder"), "192.0.2.1");
    cluster.delete("s");
    cluster.delete("holder");
    cluster.turn();
    cluster.recreate(service("holder", 3), "another");
    cluster.turn();
    assert_eq!(cluster.answer("holder"), "192.0.2.2", "what is reserved does not come back");
}

#[test]
fn what_a_rejected_pool_reserved_is_given_by_the_pool_that_has_it_now() {
    let reserve = [("reserve", "192.0.2.1=web/late")];
    let mut cluster = Cluster::with(&[asking("lan", &["192.0.2.1-192.0.2.1"], &reserve)]);
    let rejected = asking("lan", &["192.0.2.1-192.0.2.1", "nonsense"], &reserve);
    cluster.pools(&[rejected, pool("next", &["192.0.2.1-192.0.2.1"])]);
    assert_eq!(cluster.answer_to(service("s", 1)), "192.0.2.1");
}

#[test]
fn two_that_share_may_have_one_address_reserved() {
    let reserve = "192.0.2.2=web/s 192.0.2.2=web/t";
    let mut cluster = Cluster::with(&[asking("lan", &["192.0.2.1-192.0.2.3"], &[("reserve", reserve)])]);
    cluster.apply(sharing(service("s", 1), "k", Protocol::Tcp, 80));
    cluster.apply(sharing(service("t", 2), "k", Protocol::Tcp, 443));
    cluster.apply(sharing(service("u", 3), "k", Protocol::Udp, 80));
    cluster.turn();
    assert_eq!(cluster.answers(["s", "t", "u"]), ["192.0.2.2", "192.0.2.2", "192.0.2.1"]);
}

#[test]
fn a_refusal_says_for_whom_an_address_is_reserved() {
    let lan = asking("lan", &["192.0.2.1-192.0.2.2"], &[("reserve", "192.0.2.1=web/late")]);
    let mut cluster = Cluster::with(&[lan]);
    cluster.answer_to(requesting(service("s", 1), "192.0.2.1"));
    let refusal = cluster.decision("s").refusal.as_ref().map(Refusal::sentence);
    assert_eq!(refusal.as_deref(), Some("192.0.2.1 is reserved for web/late"));
}

#[test]
fn thousands_that_cool_are_not_looked_at_one_by_one_and_the_newest_are_remembered() {
    let mut cluster = Cluster::with(&[pool("lan", &["10.0.0.0/8"])]);
    for number in 0..5000 {
        cluster.apply(service(&format!("s{number}"), number));
    }
    cluster.turn();
    cluster.world.reset(Kind::Service, Vec::new());
    cluster.turn();
    assert_eq!(cluster.plan.ledger().released(&"lan".into()).count(), crate::api::MOST_RELEASED);
    cluster.turn();
    assert_eq!(cluster.answer_to(service("next", 9000)), "10.0.0.0", "the oldest are forgotten first");
}
