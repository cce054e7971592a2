//! An owner goes without a word; another answers.

use std::time::Duration;

use patina_simulation::fault::Step;
use patina_simulation::history::{History, Profiles};
use patina_simulation::plant::Plant;
use patina_simulation::sim::Simulation;
use patina_simulation::trace::Keep;

use crate::story::tell;

/// Dead-time, one beat, skew of the second in line and the way of the frames (protocol.md section 3, promise 2).
const DEFAULT_GAP: Duration = Duration::from_millis(325 + 100 + 20 + 10);

#[test]
fn the_same_history_gives_the_same_trace() {
    let trace = || {
        let history = History::of(5).drifting().at(9.0, Step::Loss(100)).at(10.0, Step::Crash(1));
        let mut simulation = Simulation::planted(&history, Plant::sound(), Keep::Lines);
        simulation.run().expect("no promise is broken");
        let lines: Vec<_> = simulation.trace().lines().map(str::to_owned).collect();
        (simulation.trace().digest(), lines)
    };
    assert_eq!(trace(), trace());
}

#[test]
fn every_address_has_an_owner_soon_after_the_start() {
    tell(&History::of(3).addresses(4), |story| {
        story.until(3.0);
        (0..4).for_each(|number| {
            story.owner(number);
        });
    });
}

#[test]
fn another_node_answers_when_the_owner_dies() {
    for nodes in [2, 3, 5, 8] {
        tell(&History::of(nodes), |story| {
            story.until(10.0);
            let owner = story.owner(0);
            story.step(Step::Crash(owner));
            let gap = story.moved_from(0, owner);
            assert!(gap <= DEFAULT_GAP, "{gap:?}");
            story.until(20.0);
        });
    }
}

#[test]
fn every_profile_keeps_its_own_bound() {
    for profiles in [Profiles::Fast, Profiles::Default, Profiles::Calm] {
        tell(&History::of(3).profiles(profiles), |story| {
            story.until(15.0);
            let owner = story.owner(1);
            story.step(Step::Crash(owner));
            story.until(25.0);
            assert_ne!(story.owner(1), owner);
        });
    }
}

#[test]
fn the_carrier_of_the_owner_flaps_for_150_ms() {
    tell(&History::of(3), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::CarrierDown(owner, 0));
        story.wait(150);
        story.step(Step::CarrierUp(owner, 0));
        story.until(30.0);
        story.owner(0);
    });
}

#[test]
fn a_lost_carrier_is_told_over_the_other_link() {
    tell(&History::of(3).links(2), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::CarrierDown(owner, 0));
        let gap = story.moved_from(0, owner);
        assert!(gap < Duration::from_millis(60), "{gap:?}");
        story.until(20.0);
    });
}

#[test]
fn successor_and_owner_die_together() {
    tell(&History::of(4), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Crash(owner));
        let mut again =
            patina_simulation::history::History::of(4).seed(story.simulation().history().setup.seed);
        again.setup.end = Duration::from_secs(20);
        let mut rehearsal = Simulation::of(&again);
        rehearsal.run_until(Duration::from_secs(10)).expect("a quiet start");
        rehearsal.apply(Step::Crash(owner));
        rehearsal.run_until(Duration::from_secs(15)).expect("a plain failover");
        let successor = rehearsal.world.owner(0).expect("an owner after the failover");
        story.step(Step::Crash(successor));
        story.until(20.0);
        assert!(![owner, successor].contains(&story.owner(0)));
    });
}

#[test]
fn an_address_does_not_move_when_another_node_dies() {
    tell(&History::of(4), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        let other =
            (0..4).find(|&node| node != owner && node != story.owner(1)).expect("a node that owns nothing");
        story.step(Step::Crash(other));
        story.until(20.0);
        assert_eq!((story.owner(0), story.takes()), (owner, 2));
    });
}

#[test]
fn the_last_of_two_nodes_serves_on() {
    tell(&History::of(2), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Crash(owner));
        story.until(90.0);
        assert_eq!(story.owner(0), 1 - owner);
    });
}
