//! Wires that lose, delay and repeat frames, and nothing else.

use patina_simulation::fault::Step;
use patina_simulation::history::{History, Profiles};

use crate::story::tell;

fn nothing_moves(nodes: u16, weather: Step) {
    tell(&History::of(nodes).addresses(1), |story| {
        story.until(10.0);
        story.step(weather.clone());
        story.until(40.0);
        assert_eq!(story.takes(), 1, "{weather}");
    });
}

#[test]
fn five_percent_loss_moves_nothing() {
    [3, 5, 8].into_iter().for_each(|nodes| nothing_moves(nodes, Step::Loss(50)));
}

#[test]
fn ten_percent_loss_moves_nothing() {
    [3, 5, 8].into_iter().for_each(|nodes| nothing_moves(nodes, Step::Loss(100)));
}

#[test]
fn twenty_percent_loss_moves_nothing() {
    [3, 5, 8].into_iter().for_each(|nodes| nothing_moves(nodes, Step::Loss(200)));
}

#[test]
fn thirty_percent_loss_moves_nothing() {
    [3, 5, 8].into_iter().for_each(|nodes| nothing_moves(nodes, Step::Loss(300)));
}

#[test]
fn frames_that_come_late_or_twice_move_nothing() {
    nothing_moves(4, Step::Late(100));
    nothing_moves(4, Step::Twice(300));
}

#[test]
fn an_owner_that_dies_on_bad_wires_is_followed() {
    for loss in [50, 100, 200, 300] {
        tell(&History::of(4), |story| {
            story.until(10.0);
            story.step(Step::Loss(loss));
            story.until(12.0);
            let owner = story.simulation().world.answerers(0)[0];
            story.step(Step::Crash(owner));
            story.until(35.0);
            assert_ne!(story.owner(0), owner);
        });
    }
}

#[test]
fn profiles_mixed_during_a_rolling_change_move_nothing() {
    tell(&History::of(4).profiles(Profiles::Mixed).addresses(1), |story| {
        story.until(40.0);
        assert_eq!(story.takes(), 1);
        let owner = story.owner(0);
        story.step(Step::Crash(owner));
        story.until(50.0);
        assert_ne!(story.owner(0), owner);
    });
}
