//! Services, offers and Nodes that come and go.

use std::time::Duration;

use patina_simulation::fault::Step;
use patina_simulation::history::History;
use patina_simulation::node::address;

use crate::story::{keeps_its_promises, tell};

/// Nobody but A offers the only address.
fn only_a() -> History {
    let history = History::of(3).addresses(1);
    history.at(0.000_9, Step::Withdraw(1, 0)).at(0.000_9, Step::Withdraw(2, 0))
}

#[test]
fn only_a_offers_and_stops_and_b_offers_two_seconds_later() {
    tell(&only_a(), |story| {
        story.until(10.0);
        assert_eq!(story.owner(0), 0);
        story.step(Step::Withdraw(0, 0));
        story.wait(2_000);
        assert!(story.answerers(0).is_empty());
        story.step(Step::Offer(1, 0));
        story.wait(500);
        assert_eq!(story.owner(0), 1);
        story.until(20.0);
    });
}

#[test]
fn only_a_offers_and_dies_and_its_pod_moves_to_b() {
    for pause in [100, 300, 2_000] {
        tell(&only_a(), |story| {
            story.until(10.0);
            story.step(Step::Crash(0));
            story.wait(pause);
            story.step(Step::Offer(1, 0));
            story.wait(1_000);
            assert_eq!(story.owner(0), 1);
            story.until(20.0);
        });
    }
}

#[test]
fn a_new_service_is_seen_150_ms_later_by_one_node() {
    for late in 0..3 {
        let new = Step::ServiceLate(2, late, Duration::from_millis(150));
        tell(&History::of(3), |story| {
            story.until(10.0);
            story.step(new.clone());
            story.until(15.0);
            story.owner(2);
            assert_eq!(story.takes(), 3);
        });
    }
}

#[test]
fn an_address_that_is_released_is_silent() {
    tell(&History::of(3), |story| {
        story.until(10.0);
        story.step(Step::Unserve(0));
        story.until(15.0);
        assert!(story.simulation().world.nodes.iter().all(|node| node.owns(address(0)).is_none()));
        story.step(Step::Service(0));
        story.until(20.0);
        story.owner(0);
    });
}

#[test]
fn offers_that_flap_leave_one_owner() {
    let mut history = History::of(4).until(30);
    for (index, node) in [0, 1, 2, 3, 0, 2, 1, 3].into_iter().enumerate() {
        let at = 10.0 + index as f64 * 0.37;
        history = history.at(at, Step::Withdraw(node, 0)).at(at + 0.9, Step::Offer(node, 0));
    }
    keeps_its_promises(&history);
}

#[test]
fn a_node_that_the_api_server_forgets_and_remembers_loses_nothing() {
    tell(&History::of(3).addresses(1), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Forget(owner));
        story.until(15.0);
        story.step(Step::Remember(owner));
        story.until(20.0);
        assert_eq!((story.owner(0), story.takes()), (owner, 1));
    });
}

#[test]
fn an_unrelated_node_that_leaves_moves_nothing() {
    tell(&History::of(5).addresses(2), |story| {
        story.until(10.0);
        let owners = (story.owner(0), story.owner(1));
        for node in (0..5).filter(|&node| node != owners.0 && node != owners.1) {
            story.step(Step::Leave(node));
            story.wait(3_000);
        }
        assert_eq!((story.owner(0), story.owner(1), story.takes()), (owners.0, owners.1, 2));
    });
}
