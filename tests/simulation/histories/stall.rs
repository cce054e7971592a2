//! Loops that stand still, of those who own and of those who wait.

use std::time::Duration;

use patina_simulation::fault::Step;
use patina_simulation::history::History;

use crate::story::tell;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn five_nodes_freeze_for_402_ms_together() {
    tell(&History::of(5), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::FreezeAll(ms(402)));
        story.until(20.0);
        assert_eq!((story.owner(0), story.takes()), (owner, 2));
    });
}

#[test]
fn all_nodes_freeze_together_for_any_time_and_nothing_moves() {
    for millis in [50, 200, 300, 330, 500, 1_000, 5_000] {
        tell(&History::of(3), |story| {
            story.until(10.0);
            story.step(Step::FreezeAll(ms(millis)));
            story.until(20.0);
            assert_eq!(story.takes(), 2, "after {millis} ms");
        });
    }
}

#[test]
fn all_nodes_freeze_one_by_one() {
    tell(&History::of(4), |story| {
        story.until(10.0);
        for node in 0..4 {
            story.step(Step::Freeze(node, ms(402)));
            story.wait(1_500);
        }
        story.until(25.0);
        story.owner(0);
    });
}

#[test]
fn the_owner_stalls_240_ms_twice_a_second_for_20_s() {
    tell(&History::of(3).addresses(1), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        for _ in 0..40 {
            story.step(Step::Freeze(owner, ms(240)));
            story.wait(500);
        }
        story.until(40.0);
        story.owner(0);
        assert!(story.takes() <= 1 + 3, "{} takes", story.takes());
    });
}

#[test]
fn a_standby_that_stalls_takes_nothing_when_it_wakes() {
    for millis in [110, 240, 402, 1_000, 3_000] {
        tell(&History::of(3).addresses(1), |story| {
            story.until(10.0);
            let owner = story.owner(0);
            for standby in (0..3).filter(|&node| node != owner) {
                story.step(Step::Freeze(standby, ms(millis)));
            }
            story.until(20.0);
            assert_eq!((story.owner(0), story.takes()), (owner, 1), "after {millis} ms");
        });
    }
}

#[test]
fn an_owner_that_stalls_for_seconds_comes_back_to_nothing() {
    tell(&History::of(3).addresses(1), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Freeze(owner, ms(3_000)));
        story.until(12.9);
        let second = (0..3).find(|node| *node != owner && story.answerers(0).contains(node));
        story.until(25.0);
        assert_eq!(Some(story.owner(0)), second);
    });
}

#[test]
fn a_short_stall_of_the_owner_moves_nothing() {
    for millis in [20, 60, 110, 150] {
        tell(&History::of(4).addresses(1), |story| {
            story.until(10.0);
            let owner = story.owner(0);
            story.step(Step::Freeze(owner, ms(millis)));
            story.until(15.0);
            assert_eq!((story.owner(0), story.takes()), (owner, 1), "after {millis} ms");
        });
    }
}

#[test]
fn a_stall_in_the_middle_of_a_hand_over() {
    for stalled_owner in [true, false] {
        tell(&History::of(3).addresses(1), |story| {
            story.until(10.0);
            let owner = story.owner(0);
            story.step(Step::Leave(owner));
            story.wait(1);
            for node in (0..3).filter(|&node| (node == owner) == stalled_owner) {
                story.step(Step::Freeze(node, ms(402)));
            }
            story.until(20.0);
            assert_ne!(story.owner(0), owner);
        });
    }
}
