//! A node with two links on one segment.

use patina_simulation::fault::Step;
use patina_simulation::history::History;
use patina_simulation::node::address;

use crate::story::{Story, tell};

/// Every node and link that says it answers for an address.
fn answering_links(story: &mut Story, number: u16) -> Vec<(usize, u8)> {
    let nodes = story.simulation().world.nodes.iter().enumerate();
    let speakers = nodes.filter_map(|(node, this)| Some((node, this.speaker.as_ref()?)));
    let owned = speakers.flat_map(|(node, speaker)| speaker.owns.keys().map(move |key| (node, *key)));
    owned.filter(|(_, (owned, _))| *owned == address(number)).map(|(node, (_, link))| (node, link)).collect()
}

#[test]
fn two_links_of_one_node_on_one_segment_answer_once_and_on_the_lower_one() {
    tell(&History::of(3).links(2).joined(), |story| {
        story.until(10.0);
        for number in 0..2 {
            let answering = answering_links(story, number);
            assert!(matches!(answering[..], [(_, 0)]), "address {number}: {answering:?}");
        }
        assert_eq!(story.takes(), 2);
        story.until(20.0);
    });
}

#[test]
fn the_second_link_of_a_segment_serves_while_the_first_has_no_carrier() {
    tell(&History::of(1).links(2).joined().addresses(1), |story| {
        story.until(10.0);
        assert_eq!(answering_links(story, 0), [(0, 0)]);
        story.step(Step::CarrierDown(0, 0));
        story.until(20.0);
        assert_eq!(answering_links(story, 0), [(0, 1)]);
        story.step(Step::CarrierUp(0, 0));
        story.until(40.0);
        assert_eq!(answering_links(story, 0).len(), 1);
    });
}

#[test]
fn an_owner_with_two_links_on_one_segment_that_loses_one_leaves_one_owner() {
    tell(&History::of(3).links(2).joined(), |story| {
        story.until(10.0);
        let owner = story.owner(0);
        story.step(Step::CarrierDown(owner, 0));
        story.until(20.0);
        assert_eq!(answering_links(story, 0).len(), 1);
        story.step(Step::CarrierUp(owner, 0));
        story.until(40.0);
        assert_eq!(answering_links(story, 0).len(), 1);
    });
}
