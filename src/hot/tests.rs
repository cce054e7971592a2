//! A few machines on a perfect segment under one virtual clock.

mod lan;
mod links;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::*;
use crate::membership::timing::Profile;
use crate::wire::arp::Arp;
use lan::{Lan, MILLI};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

fn address() -> IpAddr {
    ADDRESS.into()
}

/// Three nodes that offer one used address; by the hash, node-b is its first choice, then node-a, then node-c.
fn settled() -> Lan {
    let mut lan = Lan::new(&["node-a", "node-b", "node-c"]);
    lan.offer_all(&[address()]);
    lan.run(MILLI * 1500);
    lan
}

#[test]
fn the_first_choice_is_the_one_of_the_hash() {
    let lan = settled();
    assert_eq!(lan.owners(address()), ["node-b"]);
}

#[test]
fn a_claim_is_confirmed_by_the_majority() {
    let lan = settled();
    let state = lan.node("node-b").snapshot(lan.now);
    assert!(state.links[0].addresses[0].claim.is_some_and(|claim| claim.confirmed), "{state:?}");
}

#[test]
fn a_dead_owner_is_replaced_within_the_bound_and_by_its_successor() {
    for offset in 0..10 {
        let mut lan = settled();
        lan.run(MILLI * 10 * offset);
        let died = lan.now;
        lan.kill("node-b");
        lan.run_until(|lan| lan.owners(address()) == ["node-a"], Duration::from_secs(2));
        let gap = lan.now.since(died);
        assert!(gap >= MILLI * 220 && gap <= MILLI * 330, "{gap:?}");
        assert_eq!(lan.last_gratuitous(address()), Some("node-a"));
    }
}

#[test]
fn a_hand_over_leaves_no_instant_without_an_answer() {
    let mut lan = settled();
    lan.control("node-b", Control::Leave);
    let end = lan.now + MILLI * 600;
    while lan.now < end {
        lan.run(MILLI);
        assert!(!lan.owners(address()).is_empty(), "nobody answers at {}", lan.now);
    }
    assert_eq!(lan.owners(address()), ["node-a"]);
    lan.run(MILLI * 1000);
    assert!(lan.reports("node-b").iter().any(|report| matches!(report, Report::Left)));
}

#[test]
fn a_node_that_returns_takes_nothing() {
    let mut lan = settled();
    lan.kill("node-b");
    lan.run(MILLI * 1000);
    lan.revive("node-b");
    lan.offer_all(&[address()]);
    for _ in 0..50 {
        lan.run(MILLI * 100);
        assert_eq!(lan.owners(address()), ["node-a"]);
    }
}

#[test]
fn a_healed_partition_has_one_owner_and_its_frames_are_the_last() {
    let mut lan = settled();
    lan.isolate("node-b");
    lan.run(MILLI * 3000);
    assert_eq!(lan.owners(address()), ["node-a"], "node-b hears nobody and doubts itself");
    lan.heal();
    lan.run(MILLI * 250);
    assert_eq!(lan.owners(address()), ["node-a"]);
    lan.run(MILLI * 500);
    assert_eq!(lan.last_gratuitous(address()), Some("node-a"));
}

#[test]
fn the_owner_alone_answers_requests() {
    let mut lan = settled();
    let client = HardwareAddr([2, 0, 0, 0, 1, 1]);
    let request = Arp::request(client, Ipv4Addr::new(10, 0, 0, 200), ADDRESS).broadcast();
    lan.inject(request.as_bytes());
    lan.run(MILLI * 2);
    assert_eq!(lan.answers(), ["node-b"]);
    assert_eq!(
        lan.node("node-a").counters().frames_ignored().find(|(word, _)| *word == "notOwned").unwrap().1,
        1
    );
}

#[test]
fn an_owner_that_slept_answers_nothing_before_it_has_looked_around() {
    let mut lan = settled();
    lan.freeze("node-b");
    lan.run(MILLI * 600);
    assert_eq!(lan.owners(address()), ["node-a"]);
    let client = HardwareAddr([2, 0, 0, 0, 1, 1]);
    let request = Arp::request(client, Ipv4Addr::new(10, 0, 0, 200), ADDRESS).broadcast();
    lan.inject(request.as_bytes());
    lan.run(MILLI * 2);
    lan.thaw("node-b");
    lan.run(MILLI * 200);
    assert_eq!(lan.answers(), ["node-a"]);
    assert_eq!(lan.owners(address()), ["node-a"]);
}

#[test]
fn a_fresh_address_is_probed_before_its_first_use() {
    let mut lan = Lan::new(&["node-a", "node-b"]);
    lan.run(MILLI * 1500);
    let offered = lan.now;
    lan.offer_fresh(&[address()]);
    lan.run_until(|lan| !lan.owners(address()).is_empty(), Duration::from_secs(2));
    let took = lan.now.since(offered);
    assert!(took >= MILLI * 450 && took <= MILLI * 460, "{took:?}");
    assert_eq!(lan.owners(address()), ["node-b"]);
    assert_eq!(lan.node("node-b").counters().probes, 3);
}

#[test]
fn an_address_that_a_stranger_uses_is_withheld_and_reported() {
    let mut lan = Lan::new(&["node-a", "node-b"]);
    lan.run(MILLI * 1500);
    lan.offer_fresh(&[address()]);
    lan.run(MILLI * 100);
    let stranger = HardwareAddr([2, 0, 0, 0, 9, 9]);
    let answer = Arp::probe(HardwareAddr([2, 0, 0, 0, 0, 1]), ADDRESS).reply(stranger);
    lan.inject(answer.frame(HardwareAddr::BROADCAST).as_bytes());
    lan.run(Duration::from_secs(10));
    assert!(lan.owners(address()).is_empty());
    let conflict = |report: &Report| matches!(report, Report::Conflict { stranger: s, .. } if *s == stranger);
    assert!(lan.reports("node-b").iter().any(conflict));
}

#[test]
fn nodes_that_start_together_take_each_address_once_in_every_profile() {
    for profile in [Profile::Fast, Profile::Default, Profile::Calm] {
        let mut lan = Lan::with_profile(&["node-0", "node-1", "node-2"], profile);
        let addresses: Vec<IpAddr> = (0..8).map(|n| Ipv4Addr::new(10, 0, 0, n).into()).collect();
        lan.offer_all(&addresses);
        lan.run(Duration::from_secs(5));
        let took =
            |name| lan.reports(name).iter().filter(|report| matches!(report, Report::Took { .. })).count();
        assert_eq!(took("node-0") + took("node-1") + took("node-2"), 8, "{profile:?}");
    }
}

#[test]
fn under_balance_an_overloaded_owner_gives_back_after_ten_minutes_of_calm_and_one_at_a_time() {
    let mut lan = Lan::new(&["node-a", "node-b"]);
    let addresses: Vec<IpAddr> = (0..8).map(|n| Ipv4Addr::new(10, 0, 0, n).into()).collect();
    lan.offer_all(&addresses);
    lan.run(Duration::from_secs(2));
    lan.kill("node-b");
    lan.run(Duration::from_secs(2));
    lan.revive("node-b");
    lan.offer_all(&addresses);
    let held = |lan: &Lan| addresses.iter().filter(|a| lan.owners(**a) == ["node-b"]).count();
    lan.run(Duration::from_secs(590));
    assert_eq!(held(&lan), 0, "a node that returns takes nothing");
    lan.run_until(|lan| held(lan) == 1, Duration::from_secs(60));
    lan.run(Duration::from_secs(120));
    assert!((2..=4).contains(&held(&lan)), "{}", held(&lan));
}
