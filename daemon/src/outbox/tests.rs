use patina::name::{ObjectKey, PoolName};
use patina::reconcile::{ServiceWrite, Subject};
use patina::world::Kind;

use super::*;

const START: Instant = Instant::from_nanos(1_000_000_000);

fn subject(name: &str) -> Subject {
    Subject { kind: Kind::Service, key: ObjectKey::new("web", name), uid: "u".into() }
}

fn status(name: &str, last: u8) -> Effect {
    let ingress = vec![[192, 0, 2, last].into()];
    Effect::ServiceStatus(ServiceWrite {
        subject: subject(name),
        ingress,
        conditions: Vec::new(),
        moves: true,
    })
}

fn annotation(name: &str) -> Effect {
    Effect::PoolAnnotation { subject: subject(name), pool: Some(PoolName::from("p")) }
}

#[test]
fn what_is_on_its_way_or_written_is_not_sent_again_until_its_echo_is_overdue() {
    let mut outbox = Outbox::default();
    outbox.want([status("a", 1)]);
    assert_eq!(outbox.poll(START), Some(status("a", 1)));
    outbox.want([status("a", 1)]);
    assert_eq!(outbox.poll(START), None);
    outbox.handle_result(&status("a", 1).key(), Outcome::Written, START);
    outbox.want([status("a", 1)]);
    assert_eq!(outbox.poll(START), None);
    assert_eq!(outbox.poll_timeout(), Some(START + ECHO));
    assert_eq!(outbox.poll(START + ECHO), Some(status("a", 1)));
}

#[test]
fn an_echo_ends_it_and_a_later_change_begins_anew() {
    let mut outbox = Outbox::default();
    outbox.want([status("a", 1)]);
    let sent = outbox.poll(START).unwrap();
    outbox.handle_result(&sent.key(), Outcome::Written, START);
    outbox.want([]);
    assert_eq!(outbox.poll(START + ECHO), None);
    outbox.want([status("a", 1)]);
    assert_eq!(outbox.poll(START), Some(status("a", 1)));
}

#[test]
fn what_changes_while_it_is_on_its_way_is_sent_when_that_has_ended() {
    let mut outbox = Outbox::default();
    outbox.want([status("a", 1)]);
    outbox.poll(START).unwrap();
    outbox.want([status("a", 2)]);
    assert_eq!(outbox.poll(START), None);
    outbox.handle_result(&status("a", 2).key(), Outcome::Written, START);
    assert_eq!(outbox.poll(START), Some(status("a", 2)));
}

#[test]
fn pauses_grow_and_a_new_effect_does_not_wait_for_them() {
    let mut outbox = Outbox::default();
    outbox.want([status("a", 1)]);
    let mut now = START;
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let sent = outbox.poll(now).unwrap();
        outbox.handle_result(&sent.key(), Outcome::Failed, now);
        assert_eq!(outbox.poll(now), None);
        let until = outbox.poll_timeout().unwrap();
        pauses.push(until.since(now).as_millis());
        now = until;
    }
    assert_eq!(pauses, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    outbox.poll(now).unwrap();
    outbox.handle_result(&status("a", 1).key(), Outcome::Failed, now);
    outbox.want([status("a", 2)]);
    assert_eq!(outbox.poll(now), Some(status("a", 2)));
}

#[test]
fn annotations_wait_for_statuses_and_for_their_own_object() {
    let mut outbox = Outbox::default();
    outbox.want([annotation("a"), status("a", 1), status("b", 2)]);
    assert_eq!(outbox.poll(START), Some(status("a", 1)));
    assert_eq!(outbox.poll(START), Some(status("b", 2)));
    assert_eq!(outbox.poll(START), None);
    outbox.handle_result(&status("a", 1).key(), Outcome::Written, START);
    assert_eq!(outbox.poll(START), Some(annotation("a")));
}

#[test]
fn only_so_many_are_under_way_at_once() {
    let mut outbox = Outbox::default();
    outbox.want((0..100).map(|i| status(&format!("s{i}"), i)));
    assert_eq!(std::iter::from_fn(|| outbox.poll(START)).count(), IN_FLIGHT);
    outbox.handle_result(&status("s0", 0).key(), Outcome::Written, START);
    assert_eq!(std::iter::from_fn(|| outbox.poll(START)).count(), 1);
}

#[test]
fn what_a_schema_prunes_is_not_written_twice() {
    let mut outbox = Outbox::default();
    outbox.want([status("a", 1)]);
    let sent = outbox.poll(START).unwrap();
    outbox.handle_result(&sent.key(), Outcome::Pruned, START);
    outbox.want([status("a", 1)]);
    assert_eq!((outbox.poll(START), outbox.poll_timeout()), (None, None));
}

#[test]
fn what_nobody_wants_any_more_is_forgotten_when_it_has_ended() {
    let mut outbox = Outbox::default();
    outbox.want([status("a", 1)]);
    let sent = outbox.poll(START).unwrap();
    outbox.want([]);
    outbox.handle_result(&sent.key(), Outcome::Failed, START);
    assert_eq!((outbox.poll(START + LONGEST_PAUSE), outbox.poll_timeout()), (None, None));
}
