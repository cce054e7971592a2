//! Many nodes, many addresses.

use patina_simulation::history::History;

use crate::story::tell_once;

/// All addresses have exactly one owner some seconds after so many nodes have started in one millisecond.
fn starts_together(nodes: u16, seconds: f64) {
    tell_once(History::of(nodes), |story| {
        story.until(seconds);
        let owners = (story.owner(0), story.owner(1));
        assert_eq!(story.takes(), 2, "{owners:?}");
    });
}

#[test]
fn forty_nodes_start_in_one_millisecond() {
    starts_together(40, 5.0);
}

#[test]
fn sixty_four_nodes_start_in_one_millisecond() {
    starts_together(64, 4.0);
}

#[test]
fn two_hundred_nodes_start_in_one_millisecond() {
    starts_together(200, 2.5);
}
