//! Speakers that come back, some of them from the past.

use std::time::Duration;

use patina_simulation::fault::Step;
use patina_simulation::history::History;

use crate::story::tell;

#[test]
fn the_owner_restarts_in_60_ms() {
    tell(&History::of(3), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Crash(owner));
        story.wait(60);
        story.step(Step::Start(owner));
        story.until(30.0);
        story.owner(0);
    });
}

#[test]
fn a_node_that_returns_takes_nothing_back() {
    tell(&History::of(3), |story| {
        story.until(10.0);
        let first = story.owner(0);
        story.step(Step::Crash(first));
        story.until(15.0);
        let (second, takes) = (story.owner(0), story.takes());
        story.step(Step::Start(first));
        story.until(60.0);
        assert_eq!((story.owner(0), story.takes()), (second, takes));
    });
}

#[test]
fn the_first_ranked_node_returns_behind_a_port_that_is_silent_for_30_s() {
    tell(&History::of(3), |story| {
        story.until(10.0);
        let first = story.owner(0);
        story.step(Step::Crash(first));
        story.until(15.0);
        let second = story.owner(0);
        story.step(Step::Silent(first, Duration::from_secs(30)));
        story.step(Step::Start(first));
        story.until(60.0);
        assert_eq!(story.owner(0), second);
    });
}

#[test]
fn a_wall_clock_that_steps_a_day_back_makes_a_restarted_node_no_ghost() {
    tell(&History::of(3).drifting(), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Wall(owner, -86_400));
        story.step(Step::Crash(owner));
        story.until(12.0);
        let second = story.owner(0);
        story.step(Step::Start(owner));
        story.until(25.0);
        story.step(Step::Crash(second));
        story.until(30.0);
        story.owner(0);
    });
}

#[test]
fn an_incarnation_that_goes_back_is_jumped_over_within_60_ms_too() {
    tell(&History::of(3), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Wall(owner, -3_600));
        story.step(Step::Crash(owner));
        story.wait(60);
        story.step(Step::Start(owner));
        story.until(30.0);
        // Whoever owns now, the restarted node is a candidate again.
        for node in (0..3).filter(|&node| node != owner) {
            story.step(Step::Crash(node));
        }
        story.until(75.0);
        assert_eq!(story.owner(0), owner);
    });
}

#[test]
fn clocks_that_run_a_tenth_fast_or_slow_move_nothing() {
    tell(&History::of(5).drifting(), |story| {
        story.until(60.0);
        assert_eq!(story.takes(), 2);
    });
}

#[test]
fn two_nodes_of_one_name_do_not_disturb_the_others() {
    tell(&History::of(4).twins(), |story| {
        story.until(20.0);
        story.owner(0);
        story.owner(1);
    });
}

#[test]
fn one_address_three_nodes_and_one_returns_under_balance() {
    tell(&History::of(3).addresses(1).until(700), |story| {
        story.until(10.0);
        let first = story.owner(0);
        story.step(Step::Crash(first));
        story.until(20.0);
        let second = story.owner(0);
        story.step(Step::Start(first));
        // One address is the fair share, rounded up: nothing is given back after ten minutes either.
        story.until(700.0);
        assert_eq!(story.owner(0), second);
    });
}
