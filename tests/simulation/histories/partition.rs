//! Speakers that do not hear each other, and what happens when they do again.

use std::collections::BTreeSet;
use std::time::Duration;

use patina_simulation::fault::Step;
use patina_simulation::history::History;

use crate::story::tell;

/// Two beats until one is left (promise 3), and the way of the frames.
const HEALED: u64 = 2 * 100 + 10;

fn set(nodes: &[u16]) -> BTreeSet<u16> {
    nodes.iter().copied().collect()
}

#[test]
fn one_of_four_is_isolated_for_3_s_and_heals() {
    for isolated in 0..4 {
        tell(&History::of(4), |story| {
            story.until(10.0);
            story.step(Step::Isolate(isolated));
            story.until(13.0);
            story.step(Step::Heal);
            story.wait(HEALED);
            assert!(story.answerers(0).len() == 1, "{:?}", story.answerers(0));
            story.until(25.0);
            assert_ne!(story.owner(0), isolated);
        });
    }
}

#[test]
fn an_owner_isolated_for_40_s_does_not_win_against_the_majority() {
    tell(&History::of(5).addresses(1), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Partition(set(&[owner])));
        story.until(50.0);
        let second = story.answerers(0).into_iter().find(|&node| node != owner).expect("the majority serves");
        story.step(Step::Heal);
        story.until(60.0);
        assert_eq!(story.owner(0), second);
    });
}

#[test]
fn a_partition_of_five_heals_to_one_owner_on_the_larger_side() {
    tell(&History::of(5).addresses(1), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        let minority = set(&[owner, (owner + 1) % 5]);
        story.step(Step::Partition(minority.clone()));
        story.until(20.0);
        assert_eq!(story.answerers(0).len(), 2, "one on each side");
        story.step(Step::Heal);
        story.wait(HEALED);
        assert!(!minority.contains(&story.owner(0)), "n{} won from the smaller side", story.owner(0));
        story.until(30.0);
    });
}

#[test]
fn all_are_isolated_while_the_switch_reboots() {
    for seconds in [1, 5, 30, 60] {
        tell(&History::of(4), |story| {
            story.until(10.0);
            story.step(Step::Outage(Duration::from_secs(seconds)));
            story.wait(seconds * 1_000 + 10_000);
            story.owner(0);
            story.owner(1);
        });
    }
}

#[test]
fn eight_nodes_in_three_parts_heal_at_once() {
    tell(&History::of(8), |story| {
        story.until(10.0);
        story.step(Step::Partition(set(&[0, 1, 2])));
        story.step(Step::Partition(set(&[3, 4])));
        story.until(20.0);
        story.step(Step::Heal);
        story.until(32.0);
        story.owner(0);
        story.owner(1);
    });
}

#[test]
fn a_heal_where_one_side_hears_first() {
    for millis in [20, 90, 250, 600] {
        for left_first in [true, false] {
            tell(&History::of(4), |story| {
                story.until(10.0);
                story.step(Step::Partition(set(&[0, 1])));
                story.until(16.0);
                story.step(Step::Heal);
                for (left, right) in [(0, 2), (0, 3), (1, 2), (1, 3)] {
                    let (from, to) = if left_first { (left, right) } else { (right, left) };
                    story.step(Step::OneWay(from, to));
                }
                story.wait(millis);
                story.step(Step::Heal);
                story.until(28.0);
                story.owner(0);
            });
        }
    }
}

#[test]
fn two_do_not_hear_each_other_and_the_third_hears_both() {
    tell(&History::of(3), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        let other = (owner + 1) % 3;
        story.step(Step::Cut(owner, other));
        story.until(20.0);
        // The third tells both that the other is there: nothing has to move.
        assert_eq!(story.answerers(0), [owner]);
        story.step(Step::Heal);
        story.until(30.0);
        assert_eq!(story.owner(0), owner);
    });
}

#[test]
fn a_deaf_standby_does_not_take() {
    tell(&History::of(3).addresses(1), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Deaf((owner + 1) % 3));
        story.until(30.0);
        assert_eq!(story.answerers(0), [owner]);
        story.step(Step::Heal);
        story.until(40.0);
        assert_eq!(story.owner(0), owner);
    });
}

#[test]
fn a_one_way_cut_of_two_nodes_and_its_heal() {
    for owner_speaks in [true, false] {
        tell(&History::of(2).addresses(1), |story| {
            story.until(10.0);
            let owner = story.owner(0);
            let (from, to) = if owner_speaks { (1 - owner, owner) } else { (owner, 1 - owner) };
            story.step(Step::OneWay(from, to));
            story.until(20.0);
            assert_eq!(story.answerers(0).len(), 1, "{:?}", story.answerers(0));
            story.step(Step::Heal);
            story.until(30.0);
            story.owner(0);
        });
    }
}

#[test]
fn beats_captured_in_a_partition_are_no_life_after_it() {
    tell(&History::of(4), |story| {
        story.until(10.0);
        story.step(Step::Partition(set(&[0, 1])));
        story.step(Step::Record);
        story.until(14.0);
        story.step(Step::Heal);
        story.until(20.0);
        let owners = (story.owner(0), story.owner(1), story.takes());
        story.step(Step::Replay);
        story.until(25.0);
        assert_eq!((story.owner(0), story.owner(1), story.takes()), owners);
    });
}

#[test]
fn beats_captured_before_its_death_do_not_keep_an_owner_alive() {
    tell(&History::of(3).addresses(1), |story| {
        story.until(5.0);
        story.step(Step::Record);
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Crash(owner));
        story.wait(50);
        story.step(Step::Replay);
        let gap = story.moved_from(0, owner);
        assert!(gap < Duration::from_millis(455), "{gap:?}");
        story.until(20.0);
    });
}

#[test]
fn keys_rotate_during_a_partition() {
    tell(&History::of(4), |story| {
        story.until(10.0);
        story.step(Step::Partition(set(&[0, 1])));
        for node in 0..4 {
            story.step(Step::Keys(node, vec![0, 1]));
        }
        story.until(13.0);
        for node in 0..2 {
            story.step(Step::Keys(node, vec![1, 0]));
        }
        story.until(16.0);
        story.step(Step::Heal);
        story.until(20.0);
        for node in 0..4 {
            story.step(Step::Keys(node, vec![1]));
        }
        story.until(30.0);
        story.owner(0);
    });
}
