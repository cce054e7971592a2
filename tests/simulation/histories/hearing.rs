//! Nodes that hear nothing, and segments on which there is nothing to hear.

use std::time::Duration;

use patina_simulation::fault::Step;
use patina_simulation::history::History;

use crate::story::tell;

#[test]
fn a_deaf_owner_is_followed_within_a_second_and_takes_nothing_back() {
    for nodes in [2, 3, 5] {
        tell(&History::of(nodes).addresses(1), |story| {
            story.until(10.0);
            let owner = story.owner(0);
            story.step(Step::Deaf(owner));
            story.wait(1_000);
            let sure = story.sure(0);
            assert!(sure.len() == 1 && sure != [owner], "{sure:?} after n{owner} became deaf");
            story.until(20.0);
            story.step(Step::Heal);
            story.until(32.0);
            assert_eq!((vec![story.owner(0)], story.takes()), (sure, 2));
        });
    }
}

#[test]
fn an_owner_that_is_deaf_for_200_ms_keeps_its_address() {
    tell(&History::of(3).addresses(1), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Deaf(owner));
        story.wait(200);
        story.step(Step::Heal);
        story.until(20.0);
        assert_eq!((story.owner(0), story.takes()), (owner, 1));
    });
}

#[test]
fn a_switch_that_reboots_moves_nothing() {
    for seconds in [1, 5, 30] {
        tell(&History::of(4), |story| {
            story.until(10.0);
            let owners = (story.owner(0), story.owner(1));
            story.step(Step::Outage(Duration::from_secs(seconds)));
            story.wait(seconds * 1_000 + 10_000);
            assert_eq!((story.owner(0), story.owner(1), story.takes()), (owners.0, owners.1, 2));
        });
    }
}

#[test]
fn the_last_of_two_on_a_silent_segment_takes_as_quickly_as_on_a_busy_one() {
    tell(&History::of(2).quiet(), |story| {
        story.until(13.7);
        let owner = story.owner(0);
        story.step(Step::Crash(owner));
        let gap = story.moved_from(0, owner);
        assert!(gap <= Duration::from_millis(325 + 100 + 20 + 10), "{gap:?}");
        story.until(40.0);
    });
}

#[test]
fn an_owner_that_is_left_alone_on_a_silent_segment_does_not_doubt_itself() {
    tell(&History::of(2).quiet().addresses(1), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Crash(1 - owner));
        for _ in 0..200 {
            story.wait(200);
            assert_eq!(story.sure(0), [owner]);
        }
    });
}
