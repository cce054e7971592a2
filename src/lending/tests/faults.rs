//! Endpoints that are slow, dead or lie.

use std::time::Duration;

use super::{Lab, address, lent, only};
use crate::alloc::tests::cluster::{Cluster, dual, in_pool, pool, service};
use crate::lending::{Ask, Call, CallError, Reply};
use crate::world::FamilyPolicy;

const BOUNDS: &[&str] = &["192.0.2.0/24", "2001:db8::/64"];

fn failed(words: &str) -> Result<Reply, CallError> {
    Err(CallError::Failed(words.into()))
}

/// Up to the first allocation, which is on its way.
fn asking(lab: &mut Lab) -> Call {
    lab.decide();
    let list = only(&lab.calls(), |ask| matches!(ask, Ask::List(_)));
    lab.answer(&list);
    lab.decide();
    only(&lab.calls(), |ask| matches!(ask, Ask::Allocate(_)))
}

/// The endpoint lends this, whatever it is asked; then the lie is given back.
fn lied(lies: &str, first: impl Fn(&mut Cluster)) -> (Lab, String) {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    first(&mut lab.cluster);
    lab.cluster.apply(in_pool(service("s", 9), "lan"));
    let call = asking(&mut lab);
    lab.take(&call, Ok(Reply::Lent(address(lies))));
    lab.decide();
    let told = lab.cluster.answer("s");
    let back = only(&lab.calls(), |ask| matches!(ask, Ask::Release(..)));
    lab.take(&back, Ok(Reply::Released));
    lab.decide();
    assert_eq!(lab.cluster.answer("s"), told, "the reason stays until there is another answer");
    (lab, told)
}

#[test]
fn an_address_outside_the_pool_is_given_back_and_asked_for_again() {
    let (mut lab, told) = lied("198.51.100.1", |_| {});
    assert_eq!(told, "IpamOutside");
    assert_eq!(lab.calls(), [], "after a pause");
    lab.wait(1);
    assert_eq!(lab.served(["s"]), ["192.0.2.77"]);
}

#[test]
fn an_address_of_the_other_family_is_given_back() {
    assert_eq!(lied("2001:db8::1", |_| {}).1, "IpamWrongFamily");
}

#[test]
fn an_address_that_somebody_else_holds_is_given_back() {
    let holder = |cluster: &mut Cluster| {
        cluster.put(crate::alloc::tests::cluster::holding(service("t", 1), &["192.0.2.5"]));
    };
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.5", "192.0.2.77"]);
    holder(&mut lab.cluster);
    lab.settle();
    lab.cluster.apply(service("s", 9));
    lab.decide();
    let call = only(&lab.calls(), |ask| matches!(ask, Ask::Allocate(_)));
    lab.take(&call, Ok(Reply::Lent(address("192.0.2.5"))));
    lab.decide();
    assert_eq!(lab.cluster.answers(["s", "t"]), ["IpamTaken", "192.0.2.5"]);
}

#[test]
fn who_lends_what_another_holds_is_soon_asked_what_it_lends() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.5", "192.0.2.77"]);
    lab.cluster.apply(service("t", 1));
    lab.settle();
    lab.endpoint.lends.clear();
    lab.cluster.apply(service("s", 9));
    for _ in 0..4 {
        lab.wait(5);
        lab.settle();
    }
    assert_eq!(lab.cluster.answers(["s", "t"]), ["192.0.2.77", "192.0.2.5"]);
    assert_eq!(lab.endpoint.lends.len(), 2);
}

#[test]
fn while_the_endpoint_is_silent_other_pools_serve_and_who_may_use_both_waits() {
    let pools = [lent("lan", BOUNDS), pool("other", &["198.51.100.0/24"])];
    let mut lab = Lab::with(&pools, &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.cluster.apply(in_pool(service("t", 2), "other"));
    lab.decide();
    assert_eq!(lab.cluster.answers(["s", "t"]), ["IpamPending", "198.51.100.0"]);
}

#[test]
fn who_may_use_another_pool_takes_it_when_the_endpoint_says_no() {
    let pools = [lent("lan", BOUNDS), pool("other", &["198.51.100.0/24"])];
    let mut lab = Lab::with(&pools, &[]);
    lab.cluster.apply(service("s", 1));
    assert_eq!(lab.served(["s"]), ["198.51.100.0"]);
    lab.wait(60);
    lab.decide();
    assert_eq!(lab.calls(), [], "who is served asks no more");
}

#[test]
fn a_dead_endpoint_is_told_asked_again_ever_more_seldom_and_used_when_it_is_back() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.decide();
    let mut tries = Vec::new();
    while lab.now.since(crate::time::Instant::ZERO) < Duration::from_secs(600) {
        let list = only(&lab.calls(), |ask| matches!(ask, Ask::List(_)));
        tries.push(lab.now);
        lab.take(&list, failed("connection refused"));
        lab.decide();
        assert_eq!(lab.cluster.answer("s"), "IpamFailed");
        lab.now = lab.lending.poll_timeout().unwrap();
    }
    assert!((20..60).contains(&tries.len()), "{}", tries.len());
    assert_eq!(lab.served(["s"]), ["192.0.2.77"]);
}

#[test]
fn a_call_without_an_answer_is_repeated_and_the_list_tells_what_it_did() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77", "192.0.2.78"]);
    lab.cluster.apply(service("s", 1));
    let call = asking(&mut lab);
    lab.endpoint.answer(&call.ask).unwrap();
    lab.take(&call, failed("no answer within 5 s"));
    lab.decide();
    assert_eq!(lab.cluster.answer("s"), "IpamFailed");
    lab.wait(10);
    assert_eq!(lab.served(["s"]), ["192.0.2.77"]);
    assert_eq!(lab.endpoint.allocated, 1);
}

#[test]
fn who_goes_after_a_call_without_an_answer_leaves_nothing_behind() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    let call = asking(&mut lab);
    lab.endpoint.answer(&call.ask).unwrap();
    lab.take(&call, failed("no answer within 5 s"));
    lab.cluster.delete("s");
    lab.decide();
    lab.wait(60);
    lab.settle();
    assert_eq!(lab.endpoint.released, [address("192.0.2.77")]);
}

#[test]
fn the_answer_to_an_earlier_leader_counts_no_more() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    let call = asking(&mut lab);
    lab.restart();
    lab.take(&call, Ok(Reply::Lent(address("192.0.2.9"))));
    assert_eq!(lab.served(["s"]), ["192.0.2.77"]);
}

#[test]
fn no_more_than_eight_calls_are_under_way() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    for i in 0..20 {
        lab.cluster.apply(service(&format!("s{i}"), i));
    }
    lab.decide();
    let list = only(&lab.calls(), |ask| matches!(ask, Ask::List(_)));
    lab.answer(&list);
    assert_eq!(lab.calls().len(), 8);
}

#[test]
fn who_must_have_both_keeps_the_one_while_the_endpoint_has_no_other() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.settle();
    lab.cluster.apply(dual(service("s", 1), FamilyPolicy::Require));
    assert_eq!(lab.served(["s"]), ["192.0.2.77 although IpamRefused"]);
}
