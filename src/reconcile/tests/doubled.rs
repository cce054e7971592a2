//! Two Services found with one address: a leader that had been deposed wrote late.

use super::room::{Room, notices};
use crate::alloc::tests::cluster::{holding, pool, service};
use crate::api::conditions::ConditionType;
use crate::config::Timestamp;
use crate::name::ObjectKey;
use crate::reconcile::grounds::condition;
use crate::world::Service;

const MOVED: &str = "True Allocated: 192.0.2.1 from pool a; moved: InUse: 192.0.2.0 is held by web/t, and not both have a sharing key";

fn room() -> Room {
    Room::with(&[pool("a", &["192.0.2.0/24"])])
}

/// A Service that holds the address since that second.
fn told_since(service: Service, address: &str, since: i64) -> Service {
    let message = format!("{address} from pool a");
    let mut told = condition(ConditionType::Allocated, true, "Allocated", &message, &[], 1);
    told.since = Some(Timestamp(since));
    Service { conditions: [told].into(), ..holding(service, &[address]) }
}

fn addresses(room: &Room, name: &str) -> Vec<String> {
    let service = room.world.service(&ObjectKey::new("web", name)).unwrap();
    service.ingress.iter().map(ToString::to_string).collect()
}

#[test]
fn who_has_held_it_longer_keeps_it_and_the_other_moves_and_says_why() {
    let mut room = room();
    room.put(told_since(service("s", 1), "192.0.2.0", 20));
    room.put(told_since(service("t", 2), "192.0.2.0", 10));
    let effects = room.settle();
    let cleared = "Normal ClearAssignment InUse: 192.0.2.0 is held by web/t, and not both have a sharing key; \
                   192.0.2.0 cannot be kept";
    assert!(notices(&effects).contains(&cleared.to_owned()), "{:?}", notices(&effects));
    assert_eq!(
        (addresses(&room, "s"), addresses(&room, "t")),
        (vec!["192.0.2.1".into()], vec!["192.0.2.0".into()])
    );
    assert_eq!(room.condition("s", "Allocated"), MOVED);
}

#[test]
fn of_two_without_a_word_the_older_service_keeps_it() {
    let mut room = room();
    room.put(holding(service("s", 2), &["192.0.2.0"]));
    room.put(holding(service("t", 1), &["192.0.2.0"]));
    room.settle();
    assert_eq!(
        (addresses(&room, "s"), addresses(&room, "t")),
        (vec!["192.0.2.1".into()], vec!["192.0.2.0".into()])
    );
}

#[test]
fn why_it_moved_stands_as_long_as_it_holds_what_it_moved_to() {
    let mut room = room();
    room.put(told_since(service("s", 1), "192.0.2.0", 20));
    room.put(told_since(service("t", 2), "192.0.2.0", 10));
    room.decide();
    room.decide();
    room.settle();
    assert_eq!(
        room.condition("s", "Allocated"),
        MOVED,
        "deciding again before it is written forgets nothing"
    );
    room.restart();
    room.read();
    assert_eq!(room.settle(), []);
    assert_eq!(room.condition("s", "Allocated"), MOVED);
    room.pools(&[pool("b", &["198.51.100.0/24"])]);
    room.settle();
    assert!(room.condition("s", "Allocated").contains("from pool b; moved: OutsidePools"));
}

#[test]
fn a_late_write_gives_nobody_the_address_of_another() {
    let mut room = room();
    for (name, created) in [("t", 1), ("s", 2)] {
        room.apply(service(name, created));
    }
    room.settle();
    let standing = room.world.service(&ObjectKey::new("web", "s")).unwrap().clone();
    room.put(holding(standing, &["192.0.2.0"]));
    room.settle();
    assert_eq!(
        (addresses(&room, "s"), addresses(&room, "t")),
        (vec!["192.0.2.1".into()], vec!["192.0.2.0".into()])
    );
    assert_eq!(room.condition("s", "Allocated"), MOVED);
    assert_eq!(room.settle(), []);
}
