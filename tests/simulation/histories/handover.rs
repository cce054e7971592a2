//! An owner gives away what it owns.

use std::collections::BTreeSet;

use patina_simulation::fault::Step;
use patina_simulation::history::History;

use crate::story::tell;

#[test]
fn a_gentle_stop_leaves_no_question_unanswered() {
    tell(&History::of(3), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.simulation().world.hosts.iter_mut().for_each(|host| host.count_anew());
        story.step(Step::Leave(owner));
        story.until(15.0);
        assert_ne!(story.owner(0), owner);
        for host in &story.simulation().world.hosts {
            let asked = host.asked(patina_simulation::node::address(0));
            assert_eq!(asked.unanswered, 0, "{asked:?}");
        }
    });
}

#[test]
fn an_owner_that_stops_offering_hands_over() {
    tell(&History::of(3), |story| {
        story.until(10.0);
        let owner = story.owner(1);
        story.step(Step::Withdraw(owner, 1));
        story.until(15.0);
        assert_ne!(story.owner(1), owner);
    });
}

#[test]
fn everybody_leaves_one_after_the_other_and_the_last_is_silent() {
    tell(&History::of(3), |story| {
        for node in 0..3 {
            story.wait(10_000);
            story.step(Step::Leave(node));
        }
        story.wait(5_000);
        assert!(story.answerers(0).is_empty());
    });
}

#[test]
fn a_hand_over_whose_two_ends_are_cut_10_ms_before() {
    tell(&History::of(2).addresses(1), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Cut(0, 1));
        story.wait(10);
        story.step(Step::Leave(owner));
        story.until(15.0);
        assert_eq!(story.owner(0), 1 - owner);
    });
}

#[test]
fn a_hand_over_inside_a_minority_does_not_beat_the_majority() {
    tell(&History::of(5).addresses(1), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        let friend = (owner + 1) % 5;
        story.step(Step::Partition(BTreeSet::from([owner, friend])));
        story.until(15.0);
        story.step(Step::Leave(owner));
        story.until(20.0);
        assert_eq!(story.answerers(0).len(), 2, "one on each side");
        story.step(Step::Heal);
        story.until(30.0);
        assert_ne!(story.owner(0), friend);
    });
}

#[test]
fn a_planned_move_goes_where_it_was_asked_to_go() {
    tell(&History::of(4), |story| {
        story.until(10.0);
        let (owner, takes) = (story.owner(1), story.takes());
        let target = (owner + 1) % 4;
        story.step(Step::Move(1, target));
        story.until(15.0);
        assert_eq!((story.owner(1), story.takes()), (target, takes + 1));
    });
}
