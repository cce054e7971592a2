use super::room::Room;
use crate::alloc::tests::cluster::{pool, service};
use crate::reconcile::{CrdFlavor, Effect, Outbox, Outcome, Urgency};
use crate::world::Object;

fn room() -> Room {
    let mut room = Room::with(&[pool("a", &["192.0.2.0/24"])]);
    room.settle();
    room.apply(service("s", 1));
    room.decide();
    room
}

fn admitted(outbox: &mut Outbox, room: &Room) -> Vec<Urgency> {
    let mut urgencies: Vec<_> =
        outbox.admit(&room.world, room.review()).iter().map(Effect::urgency).collect();
    urgencies.sort_unstable();
    urgencies
}

const EVERYTHING: [Urgency; 4] = [Urgency::Address, Urgency::Status, Urgency::Annotation, Urgency::Notice];

#[test]
fn what_is_on_its_way_is_not_sent_again() {
    let (room, mut outbox) = (room(), Outbox::default());
    assert_eq!(admitted(&mut outbox, &room), EVERYTHING);
    assert_eq!(admitted(&mut outbox, &room), []);
}

#[test]
fn what_is_done_and_not_seen_yet_is_not_sent_again() {
    let (room, mut outbox) = (room(), Outbox::default());
    for effect in outbox.admit(&room.world, room.review()) {
        outbox.finish(&effect, Outcome::Done);
    }
    assert_eq!(admitted(&mut outbox, &room), []);
}

#[test]
fn what_failed_is_sent_again() {
    let (room, mut outbox) = (room(), Outbox::default());
    for effect in outbox.admit(&room.world, room.review()) {
        let outcome = if effect.urgency() == Urgency::Address { Outcome::Failed } else { Outcome::Done };
        outbox.finish(&effect, outcome);
    }
    assert_eq!(admitted(&mut outbox, &room), [Urgency::Address]);
}

#[test]
fn what_was_done_and_is_undone_by_somebody_is_sent_again_without_its_notice() {
    let (mut room, mut outbox) = (room(), Outbox::default());
    for effect in outbox.admit(&room.world, room.review()) {
        outbox.finish(&effect, Outcome::Done);
    }
    let mut newer = service("s", 1);
    newer.identity.version = "2".into();
    room.world.apply(Object::Service(newer));
    assert_eq!(admitted(&mut outbox, &room), [Urgency::Address, Urgency::Annotation]);
}

#[test]
fn another_decision_is_sent_at_once() {
    let (mut room, mut outbox) = (room(), Outbox::default());
    admitted(&mut outbox, &room);
    room.pools(&[pool("a", &["198.51.100.0/24"])]);
    room.decide();
    assert!(admitted(&mut outbox, &room).contains(&Urgency::Address));
}

#[test]
fn what_has_arrived_is_forgotten_and_may_be_said_again_another_day() {
    let (mut room, mut outbox) = (room(), Outbox::default());
    admitted(&mut outbox, &room);
    room.settle();
    assert_eq!(admitted(&mut outbox, &room), []);
    room.put(service("s", 1));
    room.decide();
    assert!(admitted(&mut outbox, &room).contains(&Urgency::Notice));
}

#[test]
fn a_notice_that_no_condition_remembers_is_said_once() {
    let mut room = Room::with(&[pool("a", &["nonsense"])]);
    room.crds = CrdFlavor::MetalLb;
    let mut outbox = Outbox::default();
    assert_eq!(admitted(&mut outbox, &room), [Urgency::Status, Urgency::Notice]);
    room.settle();
    assert_eq!(admitted(&mut outbox, &room), []);
}
