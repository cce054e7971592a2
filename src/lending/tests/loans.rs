//! What Services get, keep and give back.

use super::{Lab, address, lent, lent_by, only};
use crate::alloc::tests::cluster::{dual, holding, in_pool, pool, requesting, service, sharing};
use crate::lending::{Ask, CallError, Reply};
use crate::world::{FamilyPolicy, Protocol};

const BOUNDS: &[&str] = &["192.0.2.0/24", "2001:db8::/64"];

#[test]
fn the_endpoint_chooses_for_both_families() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77", "192.0.2.78", "2001:db8::77"]);
    lab.cluster.apply(dual(service("s", 1), FamilyPolicy::Require));
    lab.cluster.apply(service("t", 2));
    assert_eq!(lab.served(["s", "t"]), ["192.0.2.77 and 2001:db8::77", "192.0.2.78"]);
    assert_eq!(lab.endpoint.allocated, 3);
}

#[test]
fn nothing_is_asked_once_all_is_said() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.settle();
    lab.wait(60);
    lab.decide();
    assert_eq!(lab.calls(), []);
    assert!(lab.cluster.decision("s").wishes.is_empty());
}

#[test]
fn what_a_service_let_go_of_is_released_once_when_no_status_shows_it() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.settle();
    let mut other = service("s", 1);
    other.load_balancer = false;
    lab.cluster.apply(other);
    lab.decide();
    assert_eq!(lab.calls(), [], "the status still shows it");
    lab.cluster.arrive();
    lab.settle();
    assert_eq!(lab.endpoint.released, [address("192.0.2.77")]);
    lab.wait(900);
    lab.settle();
    assert_eq!(lab.endpoint.released, [address("192.0.2.77")]);
}

#[test]
fn what_a_pool_does_not_hold_any_more_is_released_when_no_status_shows_it() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.settle();
    lab.cluster.pools(&[lent("lan", &["192.0.2.0/28"])]);
    lab.decide();
    lab.decide();
    assert_eq!(lab.cluster.answer("s"), "IpamOutside");
    assert_eq!(lab.calls(), [], "the status still shows it");
    lab.cluster.arrive();
    lab.settle();
    assert_eq!(lab.endpoint.released, [address("192.0.2.77")]);
}

#[test]
fn what_another_pool_has_now_goes_back_so_that_the_endpoint_lends_something_else() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(in_pool(service("s", 1), "lan"));
    lab.settle();
    lab.cluster.pools(&[lent("lan", &["198.51.100.0/24"]), pool("own", &["192.0.2.0/24"])]);
    lab.endpoint.addresses = vec![address("198.51.100.5")];
    lab.settle();
    lab.wait(1);
    assert_eq!(lab.served(["s"]), ["198.51.100.5"]);
}

#[test]
fn what_moved_to_another_pool_is_not_given_back_before_the_service_has_something_else() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(in_pool(service("s", 1), "lan"));
    lab.settle();
    lab.cluster.pools(&[lent("lan", &["198.51.100.0/24"]), lent("next", &["192.0.2.0/24"])]);
    assert_eq!(lab.served(["s"]), ["192.0.2.77 although IpamRefused"]);
    lab.wait(60);
    lab.settle();
    assert!(lab.endpoint.released.is_empty(), "it is in use, for whichever pool");
    lab.endpoint.addresses.push(address("198.51.100.5"));
    lab.wait(60);
    assert_eq!(lab.served(["s"]), ["198.51.100.5"]);
    assert_eq!(lab.endpoint.released, [address("192.0.2.77")]);
    lab.restart();
    assert_eq!(lab.served(["s"]), ["198.51.100.5"]);
    assert_eq!(lab.endpoint.allocated, 2);
}

#[test]
fn an_address_that_comes_to_a_pool_of_another_endpoint_is_entered_there() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.settle();
    lab.cluster.pools(&[lent_by("grpc://other:9000", "next", BOUNDS)]);
    lab.decide();
    lab.cluster.arrive();
    lab.decide();
    let list = only(&lab.calls(), |ask| matches!(ask, Ask::List(_)));
    lab.take(&list, Ok(Reply::Listed(Vec::new())));
    lab.decide();
    let entry = only(&lab.calls(), |ask| matches!(ask, Ask::Allocate(_)));
    let Ask::Allocate(claim) = &entry.ask else { unreachable!("it is an allocation") };
    assert_eq!(claim.loan.which.named(), Some(address("192.0.2.77")));
    assert_eq!(entry.endpoint.to_string(), "grpc://other:9000");
    assert_eq!(lab.cluster.answer("s"), "192.0.2.77");
}

#[test]
fn what_the_endpoint_forgot_and_lent_to_another_comes_back_to_who_holds_it() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77", "192.0.2.78"]);
    lab.cluster.apply(service("s", 1));
    lab.settle();
    lab.endpoint.lends.clear();
    lab.cluster.apply(service("t", 2));
    lab.decide();
    let call = only(&lab.calls(), |ask| matches!(ask, Ask::Allocate(_)));
    lab.endpoint.answer(&call.ask).unwrap();
    lab.take(&call, Err(CallError::Failed("no answer in time".into())));
    for _ in 0..4 {
        lab.wait(10);
        lab.settle();
    }
    assert_eq!(lab.cluster.answers(["s", "t"]), ["192.0.2.77", "192.0.2.78"]);
    assert_eq!(lab.endpoint.lends.len(), 2);
}

#[test]
fn a_restart_between_answer_and_status_gives_the_same_address() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77", "192.0.2.78"]);
    lab.cluster.apply(service("s", 1));
    lab.decide();
    let list = only(&lab.calls(), |ask| matches!(ask, Ask::List(_)));
    lab.answer(&list);
    lab.decide();
    let allocate = only(&lab.calls(), |ask| matches!(ask, Ask::Allocate(_)));
    lab.answer(&allocate);
    lab.restart();
    assert_eq!(lab.served(["s"]), ["192.0.2.77"]);
    assert_eq!((lab.endpoint.allocated, lab.endpoint.released.len()), (1, 0));
}

#[test]
fn a_restart_moves_nothing_while_the_endpoint_is_silent() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.settle();
    lab.restart();
    lab.decide();
    assert_eq!(lab.cluster.answer("s"), "192.0.2.77");
}

#[test]
fn what_a_service_holds_and_the_endpoint_forgot_is_asked_for_by_name() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.70", "192.0.2.77"]);
    lab.cluster.put(holding(service("s", 1), &["192.0.2.77"]));
    assert_eq!(lab.served(["s"]), ["192.0.2.77"]);
    let lends: Vec<_> = lab.endpoint.lends.iter().collect();
    assert_eq!(lends.len(), 1, "{lends:?}");
    assert!(lends[0].0.ends_with("/4/192.0.2.77"));
}

#[test]
fn what_the_endpoint_disowns_is_kept_and_told() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.70"]);
    lab.cluster.put(holding(service("s", 1), &["192.0.2.77"]));
    assert_eq!(lab.served(["s"]), ["192.0.2.77 although IpamDisowned"]);
}

#[test]
fn a_loan_that_no_service_wants_is_released_after_the_list() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.settle();
    lab.endpoint
        .lends
        .insert("patina/v1/other/metallb-system/lan/web/x/u/4/any".into(), address("192.0.2.9"));
    lab.cluster.delete("s");
    lab.restart();
    lab.settle();
    assert_eq!(lab.endpoint.released, [address("192.0.2.77")], "and nothing of another cluster");
}

#[test]
fn a_service_that_goes_while_it_is_asked_for_leaves_nothing_behind() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.decide();
    let list = only(&lab.calls(), |ask| matches!(ask, Ask::List(_)));
    lab.answer(&list);
    lab.decide();
    let allocate = only(&lab.calls(), |ask| matches!(ask, Ask::Allocate(_)));
    lab.cluster.delete("s");
    lab.decide();
    assert_eq!(lab.calls(), [], "one call for one loan at a time");
    lab.answer(&allocate);
    lab.settle();
    assert!(lab.endpoint.lends.is_empty());
    assert_eq!(lab.endpoint.released.len(), 1);
}

#[test]
fn a_shared_address_is_lent_once_and_released_with_the_last_who_shares_it() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77", "192.0.2.78"]);
    lab.cluster.apply(sharing(service("s", 1), "key", Protocol::Tcp, 80));
    lab.settle();
    lab.cluster.apply(sharing(service("t", 2), "key", Protocol::Tcp, 81));
    assert_eq!(lab.served(["s", "t"]), ["192.0.2.77", "192.0.2.77"]);
    lab.cluster.delete("s");
    assert_eq!(lab.served(["t"]), ["192.0.2.77"]);
    assert!(lab.endpoint.released.is_empty());
    lab.cluster.delete("t");
    lab.settle();
    assert_eq!(lab.endpoint.released, [address("192.0.2.77")]);
}

#[test]
fn who_waits_shares_what_is_lent_to_a_later_one() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &[]);
    lab.cluster.apply(sharing(service("s", 1), "key", Protocol::Tcp, 80));
    assert_eq!(lab.served(["s"]), ["IpamRefused"]);
    lab.endpoint.addresses.push(address("192.0.2.77"));
    lab.cluster.apply(sharing(service("t", 2), "key", Protocol::Tcp, 81));
    assert_eq!(lab.served(["s", "t"]), ["192.0.2.77", "192.0.2.77"]);
    assert_eq!(lab.endpoint.allocated, 1);
}

#[test]
fn what_comes_back_is_asked_for_at_once_by_who_waits() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.settle();
    lab.cluster.apply(service("t", 2));
    for _ in 0..4 {
        assert_eq!(lab.served(["t"]), ["IpamRefused"]);
        lab.wait(30);
    }
    lab.settle();
    lab.cluster.delete("s");
    assert_eq!(lab.served(["t"]), ["192.0.2.77"], "without a pause");
}

#[test]
fn what_is_used_again_while_it_goes_back_is_not_given_back_once_more() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.settle();
    lab.cluster.delete("s");
    lab.decide();
    let release = only(&lab.calls(), |ask| matches!(ask, Ask::Release(..)));
    lab.take(&release, Err(CallError::Failed("no answer in time".into())));
    lab.cluster.pools(&[pool("own", BOUNDS)]);
    lab.cluster.put(holding(service("t", 2), &["192.0.2.77"]));
    lab.decide();
    lab.wait(60);
    assert!(lab.calls().iter().all(|call| call.ask != release.ask));
    lab.cluster.delete("t");
    lab.settle();
    assert_eq!(lab.endpoint.released, [address("192.0.2.77")]);
}

#[test]
fn who_shares_what_the_endpoint_disowned_hears_that_another_has_it_lent() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &[]);
    let shares = |name, port| holding(sharing(service(name, 1), "key", Protocol::Tcp, port), &["192.0.2.77"]);
    lab.cluster.put(shares("s", 80));
    assert_eq!(lab.served(["s"]), ["192.0.2.77 although IpamDisowned"]);
    lab.endpoint.addresses.push(address("192.0.2.77"));
    lab.cluster.put(shares("t", 81));
    assert_eq!(lab.served(["s", "t"]), ["192.0.2.77", "192.0.2.77"]);
    assert_eq!(lab.endpoint.allocated, 1);
}

#[test]
fn who_names_two_pools_and_has_one_address_asks_the_endpoint_of_the_other() {
    let pools = [pool("four", &["192.0.2.0/24"]), lent("six", &["2001:db8::/64"])];
    let mut lab = Lab::with(&pools, &[]);
    lab.cluster.apply(in_pool(dual(service("s", 1), FamilyPolicy::Prefer), "four,six"));
    assert_eq!(lab.served(["s"]), ["192.0.2.0"]);
    lab.endpoint.addresses.push(address("2001:db8::77"));
    lab.wait(60);
    assert_eq!(lab.served(["s"]), ["192.0.2.0 and 2001:db8::77"]);
}

#[test]
fn a_pool_without_one_of_two_families_lends_none_to_who_needs_both() {
    let mut lab = Lab::with(&[lent("lan", &["192.0.2.0/24"])], &["192.0.2.77"]);
    lab.cluster.apply(dual(service("s", 1), FamilyPolicy::Require));
    assert_eq!(lab.served(["s"]), ["NoSuchFamily"]);
    assert_eq!(lab.endpoint.allocated, 0);
}

#[test]
fn the_next_leader_gives_nothing_back_before_every_endpoint_has_answered() {
    let pools = [lent_by("grpc://other:9000", "a", &["198.51.100.0/24"]), lent("b", BOUNDS)];
    let mut lab = Lab::with(&pools, &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.endpoint
        .lends
        .insert("patina/v1/kube-system/metallb-system/b/web/s/uid-s/4/any".into(), address("192.0.2.77"));
    lab.decide();
    let lists = lab.calls();
    let here = lists.iter().find(|call| call.endpoint.to_string() == "grpc://ipam:9000").unwrap();
    lab.answer(here);
    lab.decide();
    assert_eq!(lab.cluster.answer("s"), "IpamPending");
    assert!(lab.calls().iter().all(|call| !matches!(call.ask, Ask::Release(..))), "it may come back to it");
}

#[test]
fn who_asks_for_another_address_gets_it_before_the_first_goes_back() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77", "192.0.2.78"]);
    lab.cluster.apply(service("s", 1));
    lab.settle();
    lab.cluster.apply(requesting(service("s", 1), "192.0.2.78"));
    lab.decide();
    assert_eq!(lab.cluster.answer("s"), "192.0.2.77 although IpamPending");
    assert_eq!(lab.served(["s"]), ["192.0.2.78"]);
    assert_eq!(lab.endpoint.released, [address("192.0.2.77")]);
}

#[test]
fn a_pool_that_names_another_endpoint_borrows_there_and_gives_back_here() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.settle();
    lab.cluster.pools(&[lent_by("grpc://other:9000", "lan", BOUNDS)]);
    lab.decide();
    let call = only(&lab.calls(), |ask| matches!(ask, Ask::List(_)));
    assert_eq!(call.endpoint.to_string(), "grpc://other:9000");
    assert_eq!(lab.cluster.answer("s"), "192.0.2.77", "nobody loses an address by that");
}

#[test]
fn a_pool_that_goes_gives_everything_back() {
    let mut lab = Lab::with(&[lent("lan", BOUNDS)], &["192.0.2.77"]);
    lab.cluster.apply(service("s", 1));
    lab.settle();
    lab.cluster.pools(&[pool("other", &["198.51.100.0/24"])]);
    assert_eq!(lab.served(["s"]), ["198.51.100.0"]);
    assert_eq!(lab.endpoint.released, [address("192.0.2.77")]);
}

#[test]
fn who_asks_for_another_pool_does_not_ask_the_endpoint() {
    let pools = [lent("lan", BOUNDS), pool("other", &["198.51.100.0/24"])];
    let mut lab = Lab::with(&pools, &["192.0.2.77"]);
    lab.cluster.apply(in_pool(service("s", 1), "other"));
    assert_eq!(lab.served(["s"]), ["198.51.100.0"]);
    assert_eq!(lab.endpoint.allocated, 0);
}
