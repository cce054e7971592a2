//! Addresses that go back to their first choice: when the operator's policy says so, and only then.

use std::time::Duration;

use patina::hot::FailBack;
use patina_simulation::fault::Step;
use patina_simulation::history::History;
use patina_simulation::node::address;

use crate::story::{Story, tell_once};

const SEEDS: std::ops::Range<u64> = 1..3;

/// Clients are quiet, since minutes pass.
fn tell(history: &History, script: impl Fn(&mut Story)) {
    SEEDS.for_each(|seed| tell_once(history.clone().quiet().seed(seed), &script));
}

fn after(seconds: u64) -> FailBack {
    FailBack::After(Duration::from_secs(seconds))
}

/// The first choice of address 0 dies and returns at 20 s: it, and who serves meanwhile.
fn returned(story: &mut Story) -> (u16, u16) {
    story.until(10.0);
    let first = story.owner(0);
    story.step(Step::Crash(first));
    story.until(20.0);
    let second = story.owner(0);
    story.step(Step::Start(first));
    (first, second)
}

#[test]
fn after_a_while_an_address_goes_back_to_its_first_choice_once() {
    tell(&History::of(3).addresses(1).fail_back(after(30)), |story| {
        let (first, second) = returned(story);
        story.until(49.0);
        assert_eq!(story.owner(0), second);
        story.until(70.0);
        assert_eq!((story.owner(0), story.takes()), (first, 3));
        story.until(120.0);
        assert_eq!(story.takes(), 3);
    });
}

#[test]
fn never_means_never_whatever_the_weights_say() {
    tell(&History::of(3).addresses(1).fail_back(FailBack::Never), |story| {
        let (first, second) = returned(story);
        story.until(30.0);
        story.step(Step::Weight(first, 0, 50));
        story.until(150.0);
        assert_eq!((story.owner(0), story.takes()), (second, 2));
    });
}

#[test]
fn one_address_of_three_nodes_stays_under_balance_when_one_returns() {
    tell(&History::of(3).addresses(1), |story| {
        let (_, second) = returned(story);
        story.until(700.0);
        assert_eq!((story.owner(0), story.takes()), (second, 2));
    });
}

#[test]
fn balance_gives_back_what_is_more_than_a_fair_share_after_ten_calm_minutes() {
    tell(&History::of(2).addresses(6), |story| {
        story.until(10.0);
        let gone = story.owner(0);
        story.step(Step::Crash(gone));
        story.until(20.0);
        story.step(Step::Start(gone));
        let held = |story: &Story| (0..6).filter(|&number| story.owner(number) == gone).count();
        story.until(600.0);
        assert_eq!(held(story), 0);
        story.until(720.0);
        let back = held(story);
        assert!((1..=3).contains(&back), "{back} of 6 are back");
        let takes = story.takes();
        story.until(800.0);
        assert_eq!((held(story), story.takes()), (back, takes));
    });
}

#[test]
fn a_preference_is_asked_for_and_moves_after_a_calm_minute() {
    tell(&History::of(3).addresses(1), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        let preferred = (owner + 1) % 3;
        story.step(Step::Weight(preferred, 0, 50));
        story.until(60.0);
        assert_eq!(story.owner(0), owner);
        story.until(90.0);
        assert_eq!((story.owner(0), story.takes()), (preferred, 2));
    });
}

#[test]
fn a_node_that_returns_and_dies_again_before_its_time_gets_nothing() {
    tell(&History::of(3).addresses(1).fail_back(after(10)), |story| {
        let (first, second) = returned(story);
        story.until(28.0);
        story.step(Step::Crash(first));
        story.until(60.0);
        assert_eq!((story.owner(0), story.takes()), (second, 2));
    });
}

#[test]
fn a_node_that_dies_again_while_it_gets_its_address_back_leaves_one_owner() {
    let history = History::of(3).addresses(1).fail_back(after(10)).quiet();
    for micros in [0, 100, 200, 400, 600, 1_000, 3_000] {
        tell_once(history.clone(), |story| {
            let (first, second) = returned(story);
            // The owner names its target in this millisecond; the target dies a moment later.
            while !hands_over(story, second) {
                story.wait_micros(50);
            }
            story.wait_micros(micros);
            story.step(Step::Crash(first));
            story.wait(1_500);
            assert_ne!(story.owner(0), first);
            story.wait(10_000);
        });
    }
}

/// Whether the owner names a target for address 0.
fn hands_over(story: &mut Story, owner: u16) -> bool {
    let now = story.simulation().now();
    assert!(now < Duration::from_secs(60), "no hand-over");
    story.simulation().world.nodes[usize::from(owner)].proposes(address(0), now)
}
