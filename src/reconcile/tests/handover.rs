//! An address changes hands: never do two statuses show it.

use super::room::Room;
use crate::alloc::tests::cluster::{in_pool, pool, service};
use crate::name::ObjectKey;
use crate::reconcile::{Effect, Review};
use crate::world::{Kind, Touched};

/// The only address of pool a is held by `s` and awaited by `t`, which is older.
fn room() -> Room {
    let mut room = Room::with(&[pool("a", &["192.0.2.0/32"]), pool("b", &["198.51.100.0/32"])]);
    room.apply(in_pool(service("s", 2), "a"));
    room.settle();
    room.apply(in_pool(service("t", 1), "a"));
    room.settle();
    room
}

/// What the reviewed statuses are to show, by Service.
fn written(review: &Review) -> Vec<String> {
    let told = |effect: &Effect| {
        let Effect::ServiceStatus(write) = effect else { return None };
        Some(format!("{} {:?}", write.subject.key.name, write.ingress))
    };
    review.effects.iter().filter_map(told).collect()
}

#[test]
fn who_gets_an_address_is_told_so_after_the_status_of_the_last_has_let_go_of_it() {
    let mut room = room();
    room.apply(in_pool(service("s", 2), "b"));
    room.decide();
    assert_eq!(room.answer("t"), "192.0.2.0");
    assert_eq!(written(&room.review()), ["s [198.51.100.0]"]);
    room.settle();
    room.decide();
    assert_eq!(written(&room.review()), ["t [192.0.2.0]"]);
    room.settle();
    assert_eq!(room.settle(), []);
}

#[test]
fn an_address_of_a_service_that_is_gone_is_told_at_once() {
    let mut room = room();
    room.delete("s");
    room.decide();
    assert_eq!(written(&room.review()), ["t [192.0.2.0]"]);
}

#[test]
fn a_service_that_goes_in_the_turn_of_a_changed_pool_is_looked_at() {
    let mut room = room();
    room.delete("s");
    room.decide();
    let mut touched = Touched { kinds: [Kind::Service, Kind::Pool].into(), ..Touched::default() };
    touched.services.insert(ObjectKey::new("web", "s"));
    let review = room.controller().review(&touched, &Default::default());
    assert!(review.subjects.contains(&(Kind::Service, ObjectKey::new("web", "s"))), "{:?}", review.subjects);
}
