//! Stations and speakers that do not keep to the rules.

use patina_simulation::fault::Step;
use patina_simulation::history::History;

use crate::story::tell;

#[test]
fn a_stranger_that_uses_the_address_is_told_once_and_moves_nothing() {
    for number in [0, 1] {
        tell(&History::of(3), |story| {
            story.until(10.0);
            let owner = story.owner(number);
            story.step(Step::Stranger(number));
            story.until(20.0);
            assert_eq!(story.owner(number), owner);
        });
    }
}

#[test]
fn an_address_that_a_stranger_already_uses_is_not_taken() {
    tell(&History::of(3), |story| {
        story.until(10.0);
        story.step(Step::Stranger(2));
        story.step(Step::Service(2));
        story.until(20.0);
        assert!(story.answerers(2).is_empty());
    });
}

#[test]
fn a_node_with_another_key_is_no_peer() {
    tell(&History::of(3).without(2), |story| {
        story.until(10.0);
        let takes = story.takes();
        story.step(Step::Keys(2, vec![7]));
        story.step(Step::Withdraw(2, 0));
        story.step(Step::Withdraw(2, 1));
        story.step(Step::Start(2));
        story.until(60.0);
        assert_eq!(story.takes(), takes);
        assert_ne!(story.owner(0), 2);
    });
}

#[test]
fn beats_that_arrive_garbled_change_nothing() {
    tell(&History::of(3), |story| {
        story.until(5.0);
        story.step(Step::Record);
        story.until(10.0);
        let owners = (story.owner(0), story.owner(1), story.takes());
        story.step(Step::Garble);
        story.until(20.0);
        assert_eq!((story.owner(0), story.owner(1), story.takes()), owners);
    });
}

#[test]
fn a_liar_with_the_right_key_is_believed_no_longer_than_it_speaks() {
    tell(&History::of(4), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::Liar);
        story.until(14.0);
        assert!(story.answerers(0).is_empty(), "whoever has the key is believed");
        story.step(Step::Crash(owner));
        story.until(16.0);
        story.step(Step::LiarGone);
        // Whatever it announced, nobody is waited for longer than five seconds.
        story.until(24.0);
        let second = story.owner(0);
        story.step(Step::Crash(second));
        story.until(34.0);
        assert!(![owner, second].contains(&story.owner(0)));
    });
}
