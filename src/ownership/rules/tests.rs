//! Every rule, one row or more.

use super::*;
use crate::membership::offers::Weight;
use crate::membership::timing::Profile;

const ME: NodeId = NodeId(1);
const OTHER: NodeId = NodeId(2);
const MILLI: Duration = Duration::from_millis(1);

/// Facts that a test changes where it differs: an active bystander at 10 s that offers an address that nobody claims.
struct Case {
    name: NodeName,
    ranking: Ranking,
    claim: Claim,
    hand: Option<Hand>,
    answered: Vec<(NodeId, Epoch)>,
    rivals: Vec<Rival>,
    owns: bool,
    probing: Option<Instant>,
    change: fn(&mut Facts<'_>),
}

fn now() -> Instant {
    Instant::ZERO + Duration::from_secs(10)
}

fn claim(epoch: u32, confirmed: bool) -> Claim {
    Claim { epoch: Epoch(epoch), confirmed, weight: Weight(0), line: [None; 2], target: None }
}

fn rival(claim: Claim) -> Rival {
    Rival { id: OTHER, name: NodeName::from("node-b"), claim, state: State::Active, deaf_to_me: false }
}

fn bystander() -> Case {
    Case {
        name: NodeName::from("node-a"),
        ranking: Ranking::of("10.0.0.1".parse().unwrap()),
        claim: claim(3, true),
        hand: None,
        answered: Vec::new(),
        rivals: Vec::new(),
        owns: false,
        probing: None,
        change: |_| {},
    }
}

fn owner() -> Case {
    Case { owns: true, ..bystander() }
}

fn handing(began: Duration, until: Duration) -> Option<Hand> {
    Some(Hand { began: now() - began, until: now() + until, tried: vec![OTHER] })
}

impl Case {
    fn decide(&self) -> Decision {
        let part = match (self.owns, self.probing) {
            (true, _) => {
                Part::Owner { claim: &self.claim, hand: self.hand.as_ref(), answered: &self.answered }
            }
            (false, Some(since)) => Part::Prober(since),
            (false, None) => Part::Bystander,
        };
        let mut facts = Facts {
            now: now(),
            timing: Profile::Default.timing(),
            me: (ME, &self.name),
            state: State::Active,
            offered: true,
            fresh: false,
            part,
            rivals: &self.rivals,
            hearing: true,
            hold_until: None,
            vacant_since: now(),
            place: 1,
            vacant_by: Cause::OwnerDied,
            given_up: false,
            parting: None,
            next_target: None,
            asserted_at: None,
            provoked: false,
            unwell: false,
            unread: false,
            ranking: &self.ranking,
        };
        (self.change)(&mut facts);
        decide(&facts)
    }
}

#[test]
fn yield_to_a_confirmed_claim_when_mine_is_not() {
    let case = Case { claim: claim(9, false), rivals: vec![rival(claim(1, true))], ..owner() };
    assert_eq!(case.decide(), Decision::Yield(Cause::Yielded));
}

#[test]
fn yield_to_a_higher_epoch() {
    let case = Case { rivals: vec![rival(claim(4, true))], ..owner() };
    assert_eq!(case.decide(), Decision::Yield(Cause::Yielded));
}

#[test]
fn yield_to_a_higher_weight_in_one_epoch() {
    let heavier = Claim { weight: Weight(5), ..claim(3, true) };
    let case = Case { rivals: vec![rival(heavier)], ..owner() };
    assert_eq!(case.decide(), Decision::Yield(Cause::Yielded));
}

#[test]
fn in_a_tie_the_lower_hash_stays() {
    // For 10.0.0.1 the hash prefers node-b to node-a, and node-a to node-c.
    let mut tie = Case { rivals: vec![rival(claim(3, true))], ..owner() };
    assert_eq!(tie.decide(), Decision::Yield(Cause::Yielded));
    tie.rivals[0].name = NodeName::from("node-c");
    assert_eq!(tie.decide(), Decision::Assert);
}

#[test]
fn yield_to_a_later_claim_of_one_that_cannot_hear_me() {
    let deaf = Rival { deaf_to_me: true, ..rival(claim(4, false)) };
    let mut case = Case { rivals: vec![deaf], ..owner() };
    assert_eq!(case.decide(), Decision::Yield(Cause::Yielded));
    case.rivals[0].claim.epoch = Epoch(2);
    assert_eq!(case.decide(), Decision::Assert);
}

#[test]
fn a_hold_off_delays_the_end_of_probing() {
    let since = now() - PROBE_SPACING * PROBES;
    let mut case = Case { probing: Some(since), ..bystander() };
    assert_eq!(case.decide(), Decision::Take(Cause::Unowned));
    case.change = |facts| facts.hold_until = Some(now() + MILLI);
    assert_eq!(case.decide(), Decision::Wait(now() + MILLI));
}

#[test]
fn nobody_yields_to_one_that_doubts_itself() {
    let doubting = Rival { state: State::Doubting, ..rival(claim(4, true)) };
    let mut case = Case { rivals: vec![doubting], ..owner() };
    assert_eq!(case.decide(), Decision::Assert);
    case.change = |facts| facts.state = State::Doubting;
    assert_eq!(case.decide(), Decision::Rest, "of two that doubt, whoever resumes decides");
    case.rivals[0].state = State::Active;
    assert_eq!(case.decide(), Decision::Yield(Cause::Doubt));
}

#[test]
fn a_doubter_hands_nothing_over() {
    let change: fn(&mut Facts<'_>) = |facts| {
        (facts.state, facts.next_target) = (State::Doubting, Some(OTHER));
        facts.parting = Some(Parting::NotOffered);
    };
    assert_eq!(Case { change, ..owner() }.decide(), Decision::Drop(Cause::NotOffered));
}

#[test]
fn assert_against_a_new_lower_claim_once() {
    let mut case = Case { rivals: vec![rival(claim(2, true))], ..owner() };
    assert_eq!(case.decide(), Decision::Assert);
    case.answered = vec![(OTHER, Epoch(2))];
    assert_eq!(case.decide(), Decision::Rest);
}

#[test]
fn assert_after_a_members_frame_but_not_within_300_ms_of_the_last_time() {
    let provoked = Case { change: |facts| facts.provoked = true, ..owner() };
    assert_eq!(provoked.decide(), Decision::Assert);
    let again = Case {
        change: |facts| {
            facts.provoked = true;
            facts.asserted_at = Some(facts.now - MILLI * 100);
        },
        ..owner()
    };
    assert_eq!(again.decide(), Decision::Wait(now() + MILLI * 200));
}

#[test]
fn take_a_vacant_address_at_once_when_first_in_line() {
    assert_eq!(bystander().decide(), Decision::Take(Cause::OwnerDied));
}

#[test]
fn take_after_the_place_in_line() {
    let third = Case { change: |facts| facts.place = 3, ..bystander() };
    assert_eq!(third.decide(), Decision::Wait(now() + MILLI * 40));
    let waited = Case {
        change: |facts| {
            facts.place = 3;
            facts.vacant_since = facts.now - MILLI * 40;
        },
        ..bystander()
    };
    assert_eq!(waited.decide(), Decision::Take(Cause::OwnerDied));
}

#[test]
fn what_a_living_owner_gave_up_is_taken_a_place_later() {
    let given_up = Case { change: |facts| facts.given_up = true, ..bystander() };
    assert_eq!(given_up.decide(), Decision::Wait(now() + MILLI * 20));
}

#[test]
fn take_nothing_while_the_claims_of_one_ahead_are_on_their_way_but_for_a_second_at_most() {
    let unread = Case { change: |facts| facts.unread = true, ..bystander() };
    assert_eq!(unread.decide(), Decision::Wait(now() + MILLI * 20));
    let long = Case {
        change: |facts| {
            facts.unread = true;
            facts.vacant_since = facts.now - Duration::from_secs(1);
        },
        ..bystander()
    };
    assert_eq!(long.decide(), Decision::Take(Cause::OwnerDied));
}

#[test]
fn take_nothing_that_is_claimed_held_off_or_not_offered() {
    let claimed = Case { rivals: vec![rival(claim(1, false))], ..bystander() };
    assert_eq!(claimed.decide(), Decision::Rest);
    let held = Case { change: |facts| facts.hold_until = Some(facts.now + MILLI), ..bystander() };
    assert_eq!(held.decide(), Decision::Wait(now() + MILLI));
    let unoffered = Case { change: |facts| facts.offered = false, ..bystander() };
    assert_eq!(unoffered.decide(), Decision::Rest);
}

#[test]
fn take_nothing_while_not_active() {
    for change in [
        (|facts| facts.state = State::Starting) as fn(&mut Facts<'_>),
        |facts| facts.state = State::Doubting,
        |facts| facts.state = State::Leaving,
    ] {
        assert_eq!(Case { change, ..bystander() }.decide(), Decision::Rest);
    }
}

#[test]
fn take_nothing_without_proof_of_reception() {
    let deaf = Case { change: |facts| facts.hearing = false, ..bystander() };
    assert_eq!(deaf.decide(), Decision::WaitForProof);
}

#[test]
fn take_what_is_handed_over_even_when_held_off() {
    let handed = Claim { target: Some(ME), ..claim(3, true) };
    let case = Case {
        rivals: vec![rival(handed)],
        change: |facts| facts.hold_until = Some(facts.now + MILLI),
        ..bystander()
    };
    assert_eq!(case.decide(), Decision::Take(Cause::HandOver));
}

#[test]
fn a_node_that_stalls_too_often_is_handed_nothing() {
    let handed = Claim { target: Some(ME), ..claim(3, true) };
    let case = Case { rivals: vec![rival(handed)], change: |facts| facts.unwell = true, ..bystander() };
    assert_eq!(case.decide(), Decision::Rest);
}

#[test]
fn probe_what_was_never_used() {
    let fresh = Case { change: |facts| facts.fresh = true, ..bystander() };
    assert_eq!(fresh.decide(), Decision::Probe);
}

#[test]
fn a_prober_takes_after_three_probes_and_its_place_in_line() {
    let probing = |since| Case { probing: Some(now() - since), ..bystander() };
    assert_eq!(probing(MILLI * 449).decide(), Decision::Wait(now() + MILLI));
    assert_eq!(probing(MILLI * 450).decide(), Decision::Take(Cause::Unowned));
    let second = Case { change: |facts| facts.place = 2, ..probing(MILLI * 450) };
    assert_eq!(second.decide(), Decision::Wait(now() + MILLI * 20));
}

#[test]
fn a_prober_stops_when_a_claim_stands_or_the_offer_ends() {
    let probing = || Case { probing: Some(now()), ..bystander() };
    assert_eq!(Case { rivals: vec![rival(claim(1, false))], ..probing() }.decide(), Decision::StopProbing);
    assert_eq!(Case { change: |facts| facts.offered = false, ..probing() }.decide(), Decision::StopProbing);
}

#[test]
fn release_to_the_best_candidate_or_to_nobody() {
    let to = Case {
        change: |facts| {
            facts.parting = Some(Parting::NotOffered);
            facts.next_target = Some(OTHER);
        },
        ..owner()
    };
    assert_eq!(to.decide(), Decision::Propose(OTHER));
    let alone = Case { change: |facts| facts.parting = Some(Parting::Leaving), ..owner() };
    assert_eq!(alone.decide(), Decision::Drop(Cause::Leaving));
}

#[test]
fn a_hand_over_waits_for_its_target_and_ends_when_it_took() {
    let mut case = Case {
        hand: handing(MILLI * 50, MILLI * 150),
        change: |facts| facts.parting = Some(Parting::Leaving),
        ..owner()
    };
    assert_eq!(case.decide(), Decision::Wait(now() + MILLI * 150));
    case.rivals = vec![rival(claim(4, false))];
    assert_eq!(case.decide(), Decision::Yield(Cause::HandOver));
}

#[test]
fn a_hand_over_that_nobody_takes_ends_after_a_second() {
    let expired = |parting: fn(&mut Facts<'_>)| Case {
        hand: handing(Duration::from_secs(1), Duration::ZERO),
        change: parting,
        ..owner()
    };
    let planned = expired(|facts| facts.parting = Some(Parting::Planned));
    assert_eq!(planned.decide(), Decision::CallOff);
    let leaving = expired(|facts| facts.parting = Some(Parting::Leaving));
    assert_eq!(leaving.decide(), Decision::Drop(Cause::Leaving));
    let next = expired(|facts| {
        facts.parting = Some(Parting::NotOffered);
        facts.next_target = Some(NodeId(3));
    });
    assert_eq!(next.decide(), Decision::Drop(Cause::NotOffered), "a second in all, whoever is left");
}

#[test]
fn a_hand_over_without_a_reason_any_longer_is_called_off() {
    let case = Case { hand: handing(MILLI, MILLI * 200), ..owner() };
    assert_eq!(case.decide(), Decision::CallOff);
}

#[test]
fn in_doubt_any_claim_of_another_ends_mine() {
    let doubting = |rivals| Case { rivals, change: |facts| facts.state = State::Doubting, ..owner() };
    assert_eq!(doubting(vec![rival(claim(1, false))]).decide(), Decision::Yield(Cause::Doubt));
    assert_eq!(doubting(Vec::new()).decide(), Decision::Rest);
}

#[test]
fn of_two_claims_exactly_one_outranks_the_other() {
    let ranking = Ranking::of("10.0.0.1".parse().unwrap());
    let (a, b) = (NodeName::from("node-a"), NodeName::from("node-b"));
    let claims =
        [claim(1, false), claim(1, true), claim(2, false), Claim { weight: Weight(1), ..claim(1, false) }];
    for one in &claims {
        for other in &claims {
            let forth = outranks(&ranking, (one, &a, ME), (other, &b, OTHER));
            let back = outranks(&ranking, (other, &b, OTHER), (one, &a, ME));
            assert_ne!(forth, back, "{one:?} {other:?}");
        }
    }
}
