use patina::name::PoolName;
use patina::reconcile::{ServiceWrite, Severity, Subject};

use super::*;

const START: Instant = Instant::from_nanos(1_000_000_000);

fn subject(name: &str) -> Subject {
    Subject { kind: Kind::Service, key: ObjectKey::new("web", name), uid: "u".into() }
}

fn status(name: &str, last: u8) -> Effect {
    let ingress = vec![[192, 0, 2, last].into()];
    Effect::ServiceStatus(ServiceWrite { subject: subject(name), ingress, conditions: Vec::new() })
}

fn annotation(name: &str) -> Effect {
    Effect::PoolAnnotation { subject: subject(name), pool: Some(PoolName::from("p")) }
}

fn notice(message: &str) -> Notice {
    Notice {
        subject: subject("a"),
        severity: Severity::Normal,
        reason: "IPAllocated",
        action: "Allocated".to_owned(),
        message: message.to_owned(),
    }
}

fn lane(effect: &Effect) -> Lane {
    if matches!(effect, Effect::PoolAnnotation { .. }) { Lane::Annotation } else { Lane::Status }
}

/// A review of the Services `a` and `b`, on which these effects are due.
fn review(outbox: &mut Outbox, effects: impl IntoIterator<Item = Effect>) -> Vec<Notice> {
    let subjects = ["a", "b"].map(|name| (Kind::Service, ObjectKey::new("web", name))).to_vec();
    outbox.review(Review { subjects, effects: effects.into_iter().collect() }, lane)
}

fn end(outbox: &mut Outbox, effect: &Effect, outcome: Outcome, now: Instant) {
    outbox.end(effect, lane(effect), outcome, now);
}

fn poll_all(outbox: &mut Outbox, now: Instant) -> Vec<Effect> {
    std::iter::from_fn(|| outbox.poll(now)).collect()
}

#[test]
fn what_is_on_its_way_or_written_is_not_sent_again_until_its_echo_is_overdue() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    assert_eq!(poll_all(&mut outbox, START), [status("a", 1)]);
    review(&mut outbox, [status("a", 1)]);
    assert_eq!(poll_all(&mut outbox, START), []);
    end(&mut outbox, &status("a", 1), Outcome::Done, START);
    review(&mut outbox, [status("a", 1)]);
    assert_eq!(poll_all(&mut outbox, START), []);
    assert_eq!(outbox.poll_timeout(), Some(START + ECHO));
    assert_eq!(poll_all(&mut outbox, START + ECHO), [status("a", 1)]);
}

#[test]
fn an_echo_ends_it_and_a_later_change_begins_anew() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    outbox.poll(START).unwrap();
    end(&mut outbox, &status("a", 1), Outcome::Done, START);
    review(&mut outbox, []);
    assert_eq!(poll_all(&mut outbox, START + ECHO), []);
    review(&mut outbox, [status("a", 1)]);
    assert_eq!(poll_all(&mut outbox, START + ECHO), [status("a", 1)]);
}

#[test]
fn objects_that_were_not_looked_at_are_left_as_they_are() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    outbox.review(Review::default(), lane);
    assert_eq!(poll_all(&mut outbox, START), [status("a", 1)]);
}

#[test]
fn what_changes_while_it_is_on_its_way_is_sent_when_that_has_ended() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    outbox.poll(START).unwrap();
    review(&mut outbox, [status("a", 2)]);
    assert_eq!(poll_all(&mut outbox, START), []);
    end(&mut outbox, &status("a", 1), Outcome::Done, START);
    assert_eq!(poll_all(&mut outbox, START), [status("a", 2)]);
}

#[test]
fn what_is_not_due_any_more_is_forgotten_when_it_has_ended() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    outbox.poll(START).unwrap();
    review(&mut outbox, []);
    end(&mut outbox, &status("a", 1), Outcome::Failed, START);
    assert_eq!((poll_all(&mut outbox, START + ECHO), outbox.poll_timeout()), (vec![], None));
}

#[test]
fn pauses_grow_and_another_effect_does_not_wait_for_them() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    let mut now = START;
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let sent = outbox.poll(now).unwrap();
        end(&mut outbox, &sent, Outcome::Failed, now);
        assert_eq!(outbox.poll(now), None);
        let until = outbox.poll_timeout().unwrap();
        pauses.push(until.since(now).as_millis());
        now = until;
    }
    assert_eq!(pauses, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    outbox.poll(now).unwrap();
    end(&mut outbox, &status("a", 1), Outcome::Failed, now);
    review(&mut outbox, [status("a", 2)]);
    assert_eq!(outbox.poll(now), Some(status("a", 2)));
}

#[test]
fn an_object_is_written_by_one_effect_at_a_time_and_annotations_come_last() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [annotation("a"), status("a", 1), status("b", 2)]);
    assert_eq!(poll_all(&mut outbox, START), [status("a", 1), status("b", 2)]);
    end(&mut outbox, &status("a", 1), Outcome::Done, START);
    assert_eq!(poll_all(&mut outbox, START), [annotation("a")]);
}

#[test]
fn a_notice_is_given_out_once_as_long_as_it_is_due() {
    let mut outbox = Outbox::default();
    let due = |outbox: &mut Outbox, text| review(outbox, [Effect::Notice(notice(text))]);
    assert_eq!(due(&mut outbox, "one"), [notice("one")]);
    assert_eq!(due(&mut outbox, "one"), []);
    assert_eq!(due(&mut outbox, "two"), [notice("two")]);
    assert_eq!(due(&mut outbox, "one"), [notice("one")]);
}

#[test]
fn only_so_many_are_under_way_and_when_nobody_answers_everything_waits() {
    let mut outbox = Outbox::default();
    let effects = (0..100).map(|i| status(&format!("s{i}"), i)).collect();
    outbox.review(Review { subjects: Vec::new(), effects }, lane);
    let sent = poll_all(&mut outbox, START);
    assert_eq!(sent.len(), UNDER_WAY as usize);
    sent.iter().for_each(|effect| end(&mut outbox, effect, Outcome::Failed, START));
    assert_eq!((outbox.poll(START), outbox.poll_timeout()), (None, Some(START + pause(0))));
    assert_eq!(poll_all(&mut outbox, START + pause(0)).len(), UNDER_WAY as usize);
    assert_ne!(outbox.poll_timeout(), Some(START + pause(0)), "a silence that is over is no deadline");
}
