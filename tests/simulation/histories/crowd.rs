//! Many nodes, many addresses.

use patina_simulation::fault::Step;
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

#[test]
fn a_list_of_ten_thousand_addresses_changes_while_chunks_are_lost() {
    tell_once(History::of(3).addresses(10_000), |story| {
        story.until(8.0);
        story.step(Step::Loss(100));
        for number in 0..20 {
            story.step(Step::Withdraw(0, number));
            story.wait(50);
        }
        story.step(Step::Loss(0));
        story.until(16.0);
        let owners: Vec<_> = (0..10_000).map(|number| story.answerers(number).len()).collect();
        let wrong = owners.iter().filter(|&&owners| owners != 1).count();
        assert_eq!(wrong, 0);
        assert!((0..20).all(|number| story.owner(number) != 0));
    });
}

/// Every third frame comes up to 0.4 s late, so that slices overtake each other and are overtaken by beats.
#[test]
fn a_list_of_thousands_completes_on_wires_that_reorder() {
    tell_once(History::of(3).addresses(4_000), |story| {
        story.step(Step::Late(300));
        story.until(6.0);
        for node in 0..3 {
            let snapshot = story.snapshot(node);
            let peers = &snapshot.links[0].peers;
            let lists: Vec<_> = peers.iter().map(|peer| (peer.offers.len(), peer.matches)).collect();
            assert_eq!(lists, [(4_000, true), (4_000, true)], "n{node}");
        }
    });
}
