use patina::config::Timestamp;
use patina::reconcile::{ServiceWrite, Severity, Subject};

use super::*;

const START: Instant = Instant::from_nanos(1_000_000_000);
const UNWELL: Outcome = Outcome::Unwell { wait: None };

fn subject(name: &str) -> Subject {
    Subject { kind: Kind::Service, key: ObjectKey::new("web", name), uid: "u".into() }
}

fn status(name: &str, last: u8) -> Effect {
    status_over("1", name, last)
}

fn status_over(version: &str, name: &str, last: u8) -> Effect {
    let (subject, version, ingress) = (subject(name), version.into(), vec![[192, 0, 2, last].into()]);
    Effect::ServiceStatus(ServiceWrite { subject, version, ingress, conditions: Vec::new() })
}

fn annotation(name: &str) -> Effect {
    Effect::PoolAnnotation { subject: subject(name), pools: None }
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

/// The Services are created in the order of the last byte of their addresses.
fn place(effect: &Effect) -> Place {
    if let Effect::ServiceStatus(write) = effect {
        return Place { lane: Lane::Address, created: Timestamp(age(write)) };
    }
    Place { lane: Lane::Annotation, created: Timestamp(0) }
}

fn age(write: &ServiceWrite) -> i64 {
    match write.ingress[..] {
        [std::net::IpAddr::V4(address)] => address.octets()[3].into(),
        _ => 0,
    }
}

/// A review of the Services `a` and `b`, on which these effects are due.
fn review(outbox: &mut Outbox, effects: impl IntoIterator<Item = Effect>) -> Vec<Notice> {
    let subjects = ["a", "b"].map(|name| (Kind::Service, ObjectKey::new("web", name))).to_vec();
    outbox.review(Review { subjects, effects: effects.into_iter().collect() }, place)
}

/// Names sort against the age.
fn name(i: u8) -> String {
    format!("s{:03}", 255 - i)
}

fn many(count: u8) -> Outbox {
    let mut outbox = Outbox::default();
    let effects = (0..count).map(|i| status(&name(i), i)).collect();
    outbox.review(Review { subjects: Vec::new(), effects }, place);
    outbox
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
    outbox.end(&status("a", 1), Outcome::Done, START);
    review(&mut outbox, [status("a", 1)]);
    assert_eq!(poll_all(&mut outbox, START), []);
    assert_eq!(outbox.poll_timeout(START), Some(START + ECHO));
    assert_eq!(poll_all(&mut outbox, START + ECHO), [status("a", 1)]);
}

#[test]
fn an_echo_ends_it_and_a_later_change_begins_anew() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    outbox.poll(START).unwrap();
    outbox.end(&status("a", 1), Outcome::Done, START);
    review(&mut outbox, []);
    assert_eq!(poll_all(&mut outbox, START + ECHO), []);
    review(&mut outbox, [status("a", 1)]);
    assert_eq!(poll_all(&mut outbox, START + ECHO), [status("a", 1)]);
}

#[test]
fn what_is_due_on_an_object_that_is_gone_is_forgotten() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    outbox.poll(START).unwrap();
    outbox.end(&status("a", 1), Outcome::Gone, START);
    assert_eq!(outbox.poll_timeout(START), None);
    assert_eq!(poll_all(&mut outbox, START + ECHO), []);
}

#[test]
fn what_was_told_of_an_object_is_told_again_of_the_next_of_its_name_and_never_sent() {
    let mut outbox = Outbox::default();
    let next = Notice { subject: Subject { uid: "v".into(), ..subject("a") }, ..notice("one") };
    assert_eq!(review(&mut outbox, [Effect::Notice(notice("one"))]), [notice("one")]);
    assert_eq!(review(&mut outbox, [Effect::Notice(next.clone())]), std::slice::from_ref(&next));
    assert_eq!(review(&mut outbox, [Effect::Notice(next)]), []);
    assert_eq!(poll_all(&mut outbox, START), []);
}

#[test]
fn objects_that_were_not_looked_at_are_left_as_they_are() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    outbox.review(Review::default(), place);
    assert_eq!(poll_all(&mut outbox, START), [status("a", 1)]);
}

#[test]
fn what_changes_while_it_is_on_its_way_is_sent_when_that_has_ended() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    outbox.poll(START).unwrap();
    review(&mut outbox, [status("a", 2)]);
    assert_eq!(poll_all(&mut outbox, START), []);
    outbox.end(&status("a", 1), Outcome::Done, START);
    assert_eq!(poll_all(&mut outbox, START), [status("a", 2)]);
}

#[test]
fn what_is_not_due_any_more_is_forgotten_when_it_has_ended() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    outbox.poll(START).unwrap();
    review(&mut outbox, []);
    outbox.end(&status("a", 1), Outcome::Refused, START);
    assert_eq!((poll_all(&mut outbox, START + ECHO), outbox.poll_timeout(START)), (vec![], None));
}

#[test]
fn pauses_grow_and_another_effect_does_not_wait_for_them() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    let mut now = START;
    for earlier in 0..8 {
        let sent = outbox.poll(now).unwrap();
        outbox.end(&sent, Outcome::Refused, now);
        assert_eq!(outbox.poll(now), None);
        let until = outbox.poll_timeout(now).unwrap();
        assert_eq!(until.since(now), pause::pause(earlier, u64::from(earlier) + 1));
        now = until;
    }
    outbox.poll(now).unwrap();
    outbox.end(&status("a", 1), Outcome::Refused, now);
    review(&mut outbox, [status("a", 2)]);
    assert_eq!(outbox.poll(now), Some(status("a", 2)));
}

#[test]
fn what_was_decided_on_an_older_version_is_not_sent_again_before_the_object_was_seen_anew() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    outbox.poll(START).unwrap();
    outbox.end(&status("a", 1), Outcome::Outdated, START);
    review(&mut outbox, [status("a", 1)]);
    assert_eq!(poll_all(&mut outbox, START), []);
    review(&mut outbox, [status_over("2", "a", 1)]);
    assert_eq!(poll_all(&mut outbox, START), [status_over("2", "a", 1)]);
}

#[test]
fn an_object_that_was_seen_anew_before_the_refusal_came_is_decided_on_already() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    outbox.poll(START).unwrap();
    review(&mut outbox, [status_over("2", "a", 1)]);
    outbox.end(&status("a", 1), Outcome::Outdated, START);
    assert_eq!(poll_all(&mut outbox, START), [status_over("2", "a", 1)]);
}

#[test]
fn what_stands_is_not_written_again_because_somebody_else_has_changed_the_object() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [status("a", 1)]);
    outbox.poll(START).unwrap();
    review(&mut outbox, [status_over("2", "a", 1)]);
    outbox.end(&status("a", 1), Outcome::Done, START);
    review(&mut outbox, [status_over("3", "a", 1)]);
    assert_eq!(poll_all(&mut outbox, START), []);
}

#[test]
fn an_object_is_written_by_one_effect_at_a_time_and_annotations_come_last() {
    let mut outbox = Outbox::default();
    review(&mut outbox, [annotation("a"), status("a", 1), status("b", 2)]);
    assert_eq!(poll_all(&mut outbox, START), [status("a", 1), status("b", 2)]);
    outbox.end(&status("a", 1), Outcome::Done, START);
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
    let mut outbox = many(100);
    let sent = poll_all(&mut outbox, START);
    assert_eq!(sent.len(), pace::MOST as usize);
    sent.iter().for_each(|effect| outbox.end(effect, UNWELL, START));
    assert_eq!(outbox.poll(START), None);
    let next = outbox.poll_timeout(START).unwrap();
    assert!(next > START);
    assert!(poll_all(&mut outbox, START + ECHO).len() <= 2, "a server that was unwell is asked by few");
}

#[test]
fn after_a_failure_the_oldest_comes_first_all_the_same() {
    let mut outbox = many(100);
    let sent = poll_all(&mut outbox, START);
    sent.iter().for_each(|effect| outbox.end(effect, UNWELL, START));
    let mut now = START;
    let first = loop {
        now = outbox.poll_timeout(now).unwrap();
        if let Some(first) = outbox.poll(now) {
            break first;
        }
    };
    outbox.end(&first, Outcome::Done, now);
    let mut order = vec![];
    while let Some(effect) = outbox.poll(now) {
        outbox.end(&effect, Outcome::Done, now);
        order.push(effect);
    }
    let all: Vec<_> = (0..100).map(|i| status(&name(i), i)).filter(|effect| *effect != first).collect();
    assert_eq!(order, all, "once the server is well, everything is sent by age");
}
