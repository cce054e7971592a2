//! One machine, alone or beside a peer that only exists as far as a test needs it.

use std::time::Duration;

use super::*;
use crate::addr::HardwareAddr;
use crate::membership::Identity;
use crate::membership::member::{ClusterId, Incarnation};
use crate::membership::offers::Weight;
use crate::membership::timing::Profile;
use crate::name::NodeName;

const MILLI: Duration = Duration::from_millis(1);

struct Alone {
    now: Instant,
    membership: Membership,
    ownership: Ownership,
}

fn address() -> IpAddr {
    "10.0.0.1".parse().unwrap()
}

fn terms(fresh: bool) -> BTreeMap<IpAddr, Terms> {
    [(address(), Terms { weight: Weight(0), fresh })].into()
}

impl Alone {
    /// A node that nobody else is known beside, after a second.
    fn active() -> Self {
        let now = Instant::ZERO + Duration::from_secs(1_000);
        let me = Identity {
            cluster: ClusterId::default(),
            name: NodeName::from("node-a"),
            hardware: HardwareAddr([2, 0, 0, 0, 0, 1]),
            incarnation: Incarnation(7),
        };
        let membership = Membership::new(me, Profile::Default.timing(), now);
        let mut alone = Self { now, membership, ownership: Ownership::new() };
        alone.run(1_000);
        alone
    }

    fn run(&mut self, millis: u32) {
        for _ in 0..millis {
            self.now += MILLI;
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.membership.handle_timeout(self.now);
        while let Some(change) = self.membership.poll_change() {
            self.ownership.handle_change(&change);
        }
        self.ownership.handle_timeout(&mut self.membership, self.now);
        self.membership.speak(self.now);
        while self.membership.poll_datagram().is_some() {}
    }

    fn offer(&mut self, offers: BTreeMap<IpAddr, Terms>) {
        self.ownership.set_offers(offers, &mut self.membership, self.now);
    }

    fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.ownership.poll_output()).collect()
    }
}

#[test]
fn what_is_offered_and_claimed_by_nobody_is_taken_and_published() {
    let mut alone = Alone::active();
    alone.offer(terms(false));
    alone.run(5);
    assert!(matches!(alone.outputs()[..], [Output::Took { cause: Cause::Unowned, .. }]));
    assert!(alone.ownership.owns(address()) && alone.membership.claims.get(address()).is_some());
}

#[test]
fn a_fresh_address_is_probed_three_times_before_it_is_taken() {
    let mut alone = Alone::active();
    alone.offer(terms(true));
    alone.run(440);
    assert_eq!(alone.outputs(), [Output::Probe(address()); 3]);
    assert!(!alone.ownership.owns(address()) && alone.ownership.concerns(address()));
    alone.run(20);
    assert!(alone.ownership.owns(address()));
}

#[test]
fn an_address_that_was_in_use_when_first_offered_is_never_probed() {
    let mut alone = Alone::active();
    alone.offer(terms(false));
    alone.offer(terms(true));
    alone.run(5);
    assert!(alone.ownership.owns(address()));
}

#[test]
fn what_is_no_longer_offered_is_dropped_and_forgotten_by_the_list() {
    let mut alone = Alone::active();
    alone.offer(terms(false));
    alone.run(5);
    alone.outputs();
    alone.offer(BTreeMap::new());
    alone.run(5);
    assert!(matches!(alone.outputs()[..], [Output::Dropped { cause: Cause::NotOffered, .. }]));
    assert!(alone.membership.claims.is_empty() && alone.ownership.is_idle());
}

#[test]
fn a_stranger_keeps_a_fresh_address_from_being_taken_for_five_minutes() {
    let mut alone = Alone::active();
    alone.offer(terms(true));
    alone.run(100);
    let now = alone.now;
    assert!(alone.ownership.handle_stranger(address(), false, &mut alone.membership, now));
    alone.run(2_000);
    assert!(!alone.ownership.owns(address()) && alone.membership.offers.is_empty());
    alone.now += Duration::from_secs(300);
    alone.run(1_000);
    assert!(alone.ownership.owns(address()));
}

#[test]
fn an_owner_defends_its_address_once_in_ten_seconds() {
    let mut alone = Alone::active();
    alone.offer(terms(false));
    alone.run(5);
    let mut defends = |after: u64| {
        let now = alone.now + Duration::from_secs(after);
        alone.ownership.handle_stranger(address(), true, &mut alone.membership, now)
    };
    assert_eq!([0, 9, 10].map(&mut defends), [true, false, true]);
}

#[test]
fn a_probe_of_a_stranger_is_no_attack_on_an_owner() {
    let mut alone = Alone::active();
    alone.offer(terms(false));
    alone.run(5);
    let now = alone.now;
    assert!(!alone.ownership.handle_stranger(address(), false, &mut alone.membership, now));
}

#[test]
fn only_an_owner_can_be_asked_to_move_and_keeps_what_nobody_takes() {
    let mut alone = Alone::active();
    let now = alone.now;
    assert!(!alone.ownership.plan_move(address(), None, now));
    alone.offer(terms(false));
    alone.run(5);
    let now = alone.now;
    assert!(alone.ownership.plan_move(address(), None, now));
    alone.run(2_000);
    assert!(alone.ownership.owns(address()));
}

#[test]
fn a_fourth_planned_move_within_three_minutes_is_refused() {
    let mut alone = Alone::active();
    alone.offer(terms(false));
    alone.run(5);
    let now = alone.now;
    let slot = alone.ownership.slots.get_mut(&address()).unwrap();
    slot.moves.extend([now, now, now]);
    assert!(!alone.ownership.plan_move(address(), None, now + Duration::from_secs(179)));
    assert!(alone.ownership.plan_move(address(), None, now + Duration::from_secs(180)));
}

#[test]
fn a_lost_carrier_ends_every_claim_without_a_word() {
    let mut alone = Alone::active();
    alone.offer(terms(false));
    alone.run(5);
    alone.outputs();
    alone.ownership.lose_carrier(&mut alone.membership);
    assert!(matches!(alone.outputs()[..], [Output::Dropped { cause: Cause::CarrierLost, .. }]));
    assert_eq!(alone.ownership.owned().count(), 0);
}

#[test]
fn a_members_frame_that_says_mine_is_answered_once_in_300_ms() {
    let mut alone = Alone::active();
    alone.offer(terms(false));
    alone.run(5);
    alone.outputs();
    for _ in 0..10 {
        alone.ownership.handle_gratuitous(address());
        alone.run(60);
    }
    let asserted = alone.outputs();
    assert_eq!(asserted, [Output::Assert(address()); 2], "in 600 ms");
}
