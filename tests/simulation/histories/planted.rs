//! The simulation can fail: each planted fault breaks a promise, and an oracle sees it.

use std::collections::BTreeSet;

use patina_simulation::fault::Step;
use patina_simulation::history::History;
use patina_simulation::oracle::Promise;
use patina_simulation::plant::{Fault, Plant};
use patina_simulation::sim::Simulation;
use patina_simulation::trace::Keep;

/// A history with a bit of everything: a partition and its heal, a stall, a hand-over, a death.
fn eventful() -> History {
    let ms = std::time::Duration::from_millis;
    History::of(4)
        .until(70)
        .at(10.0, Step::Partition(BTreeSet::from([0, 1])))
        .at(20.0, Step::Heal)
        .at(30.0, Step::Freeze(0, ms(1_500)))
        .at(30.0, Step::Freeze(1, ms(1_500)))
        .at(38.0, Step::Freeze(2, ms(1_500)))
        .at(38.0, Step::Freeze(3, ms(1_500)))
        .at(45.0, Step::Withdraw(0, 0))
        .at(45.0, Step::Withdraw(1, 0))
        .at(48.0, Step::Withdraw(2, 1))
        .at(48.0, Step::Withdraw(3, 1))
        .at(52.0, Step::Offer(0, 0))
        .at(54.0, Step::Withdraw(2, 0))
        .at(54.0, Step::Withdraw(3, 0))
        .at(58.0, Step::Leave(0))
}

/// Every promise that the fault breaks, over a few seeds.
fn broken(fault: Fault) -> BTreeSet<Promise> {
    let verdict =
        |seed| Simulation::planted(&eventful().seed(seed), Plant::with(fault), Keep::Digest).run().err();
    (1..4).filter_map(verdict).map(|violation| violation.promise).collect()
}

/// The promises whose oracle may be the one that sees the fault.
fn expected(fault: Fault) -> &'static [Promise] {
    match fault {
        Fault::OwnersHearNoBeats | Fault::OwnersAreMute => &[Promise::Safety, Promise::Calm],
        Fault::SpeaksAfterRelease => &[Promise::Law, Promise::Waking],
        Fault::NamesAnotherCard | Fault::KeepsOffers => &[Promise::Law],
        Fault::NoBurst | Fault::ReplyFirst | Fault::NoOverride => &[Promise::Manners],
        Fault::Babbles | Fault::BeatsTooOften | Fault::PadsBeats => &[Promise::Manners],
        Fault::SaysItOnce | Fault::NoAnswers => &[Promise::Caches, Promise::Manners],
        Fault::IgnoresLeave => &[Promise::HandOver],
        Fault::SpeaksWhenWaking => &[Promise::Waking, Promise::Law],
        Fault::ReadsInAnyOrder => &[Promise::Repeatability],
    }
}

#[test]
fn without_a_fault_the_eventful_history_keeps_all_promises() {
    for seed in 1..9 {
        let verdict = Simulation::of(&eventful().seed(seed)).run();
        assert_eq!(verdict, Ok(()), "seed {seed}");
    }
}

#[test]
fn every_planted_fault_is_seen_by_an_oracle() {
    for fault in Fault::ALL.into_iter().filter(|&fault| fault != Fault::ReadsInAnyOrder) {
        let broken = broken(fault);
        let seen = expected(fault).iter().any(|promise| broken.contains(promise));
        assert!(seen, "{fault:?} breaks {broken:?}, expected one of {:?}", expected(fault));
    }
}

#[test]
fn an_order_that_is_left_to_chance_is_seen_in_the_trace() {
    let digest = || {
        let plant = Plant::with(Fault::ReadsInAnyOrder);
        let mut simulation = Simulation::planted(&History::of(8).until(10), plant, Keep::Digest);
        simulation.run().ok();
        simulation.trace().digest()
    };
    let traces: BTreeSet<_> = (0..4).map(|_| digest()).collect();
    assert!(traces.len() > 1, "four runs, one trace");
}

#[test]
fn a_failing_history_is_shrunk_to_the_steps_that_matter() {
    let plant = Plant::with(Fault::OwnersHearNoBeats);
    let history = eventful();
    let violation = Simulation::planted(&history, plant.clone(), Keep::Digest).run().expect_err("two owners");
    let smallest = patina_simulation::shrink::shrink(&history, violation.promise, &plant);
    assert!(smallest.steps.len() <= 4, "{smallest}");
    let again = Simulation::planted(&smallest, plant, Keep::Digest).run().expect_err("two owners still");
    assert_eq!(again.promise, violation.promise);
}
