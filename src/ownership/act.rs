//! Carries decisions out: the own claims, the slot's memory, and what others must be told.

use std::net::IpAddr;

use super::facts::line;
use super::rules::{Decision, HAND_AT_MOST, HAND_BEATS, PROBE_SPACING, PROBES, Rival};
use super::slot::{Cause, Hand, Owner, Role, next_version};
use super::{Output, Ownership};
use crate::membership::Membership;
use crate::membership::member::{NodeId, Version};
use crate::membership::offers::Claim;
use crate::membership::session::Peer;
use crate::time::Instant;

impl Ownership {
    pub(super) fn act(
        &mut self,
        address: IpAddr,
        decision: Decision,
        rivals: &[Rival],
        membership: &mut Membership,
        now: Instant,
    ) {
        let mut due = None;
        self.unproven.remove(&address);
        match decision {
            Decision::Rest => {}
            Decision::Wait(until) => due = Some(until),
            Decision::WaitForProof => {
                self.unproven.insert(address);
            }
            Decision::Yield(cause) => self.yields(address, cause, membership, now),
            Decision::Assert => self.assert_against(address, rivals, membership, now),
            Decision::Take(cause) => self.take(address, cause, rivals, membership, now),
            Decision::Probe => {
                self.set_role(address, Role::Prober { since: now, sent: 0 });
                self.urgent.insert(address);
            }
            Decision::StopProbing => self.set_role(address, Role::Bystander),
            Decision::Propose(target) => due = self.propose(address, target, membership, now),
            Decision::CallOff => self.call_off(address, membership),
            Decision::Drop(cause) => {
                self.mine.remove(&address);
                self.end(address, cause, membership);
                self.urgent.insert(address);
            }
        }
        let withheld = self.slots.get(&address).and_then(|slot| slot.quarantined_until);
        let due = self.probe(address, now).into_iter().chain(due).chain(withheld).min();
        self.set_deadline(address, due);
        self.reline(address, membership);
    }

    fn set_role(&mut self, address: IpAddr, role: Role) {
        if let Some(slot) = self.slots.get_mut(&address) {
            slot.role = role;
        }
    }

    /// Sends the probes that are due; gives the time of the next one.
    fn probe(&mut self, address: IpAddr, now: Instant) -> Option<Instant> {
        let Role::Prober { since, sent } = &mut self.slots.get_mut(&address)?.role else { return None };
        while *sent < PROBES && *since + PROBE_SPACING * *sent <= now {
            *sent += 1;
            self.outputs.push_back(Output::Probe(address));
        }
        (*sent < PROBES).then(|| *since + PROBE_SPACING * *sent)
    }

    fn take(
        &mut self,
        address: IpAddr,
        cause: Cause,
        rivals: &[Rival],
        membership: &mut Membership,
        now: Instant,
    ) {
        let Some(slot) = self.slots.get_mut(&address) else { return };
        let handed =
            rivals.iter().any(|rival| rival.claim.target == Some(membership.id) && rival.claim.confirmed);
        let claim = Claim {
            epoch: slot.highest.next(),
            confirmed: handed && membership.hears_majority(),
            weight: slot.offer.map(|terms| terms.weight).unwrap_or_default(),
            line: line(address, membership),
            target: None,
        };
        let since = slot.last.and_then(|last| last.suspected_at).or(slot.vacant_since).unwrap_or(now);
        let made = next_version(membership.claims.stamp());
        slot.highest = claim.epoch;
        slot.role = Role::Owner(Owner { claim, made, since: now, hand: None, answered: Vec::new() });
        (slot.vacant_since, slot.planned, slot.last) = (None, None, None);
        membership.claims.set(address, claim);
        membership.urge();
        self.mine.insert(address);
        self.vacant.remove(&address);
        if !claim.confirmed {
            self.unconfirmed.insert(address);
            self.confirmed_at.1 = u64::MAX;
        }
        self.outputs.push_back(Output::Took { address, cause, took: now.since(since) });
    }

    fn yields(&mut self, address: IpAddr, cause: Cause, membership: &mut Membership, now: Instant) {
        self.mine.remove(&address);
        self.end(address, cause, membership);
        let Some(slot) = self.slots.get_mut(&address) else { return };
        match cause {
            Cause::HandOver => slot.moves.push_back(now),
            Cause::Unowned
            | Cause::OwnerDied
            | Cause::NotOffered
            | Cause::Yielded
            | Cause::Doubt
            | Cause::CarrierLost
            | Cause::Conflict
            | Cause::Leaving => slot.hold_until = Some(now + membership.timing.dead_time()),
        }
    }

    /// The claim ends. The caller has taken the address out of `mine`.
    pub(super) fn end(&mut self, address: IpAddr, cause: Cause, membership: &mut Membership) {
        if let Some(slot) = self.slots.get_mut(&address) {
            slot.role = Role::Bystander;
            slot.provoked = false;
            (slot.vacant_since, slot.planned, slot.last) = (None, None, None);
        }
        self.unconfirmed.remove(&address);
        membership.claims.remove(address);
        membership.urge();
        self.outputs.push_back(Output::Dropped { address, cause });
    }

    fn assert_against(
        &mut self,
        address: IpAddr,
        rivals: &[Rival],
        membership: &mut Membership,
        now: Instant,
    ) {
        let Some(slot) = self.slots.get_mut(&address) else { return };
        (slot.asserted_at, slot.provoked) = (Some(now), false);
        if let Some(owner) = slot.owner_mut() {
            owner.answered = rivals.iter().map(|rival| (rival.id, rival.claim.epoch)).collect();
        }
        membership.urge();
        self.outputs.push_back(Output::Assert(address));
        self.urgent.insert(address);
    }

    fn propose(
        &mut self,
        address: IpAddr,
        target: NodeId,
        membership: &mut Membership,
        now: Instant,
    ) -> Option<Instant> {
        let until = now + (membership.timing.beat * HAND_BEATS).min(HAND_AT_MOST / 2);
        let owner = self.slots.get_mut(&address)?.owner_mut()?;
        let hand = owner.hand.get_or_insert_with(|| Hand { began: now, until, tried: Vec::new() });
        hand.until = until;
        hand.tried.push(target);
        owner.claim.target = Some(target);
        membership.claims.set(address, owner.claim);
        membership.urge();
        Some(until)
    }

    fn call_off(&mut self, address: IpAddr, membership: &mut Membership) {
        let Some(slot) = self.slots.get_mut(&address) else { return };
        slot.planned = None;
        let Some(owner) = slot.owner_mut() else { return };
        (owner.hand, owner.claim.target) = (None, None);
        membership.claims.set(address, owner.claim);
        membership.urge();
    }

    /// Names the heirs anew; that is told with the next regular beat.
    fn reline(&mut self, address: IpAddr, membership: &mut Membership) {
        let Some(owner) = self.slots.get_mut(&address).and_then(|slot| slot.owner_mut()) else { return };
        let line = line(address, membership);
        if owner.claim.line != line {
            owner.claim.line = line;
            membership.claims.set(address, owner.claim);
        }
    }

    /// Marks the claims that more than half of the members have held.
    pub(super) fn confirm(&mut self, membership: &mut Membership) {
        let looked = (membership.claims.stamp(), membership.echoes());
        if self.unconfirmed.is_empty() || looked == self.confirmed_at {
            return;
        }
        for address in self.unconfirmed.clone() {
            let Some(owner) = self.slots.get_mut(&address).and_then(|slot| slot.owner_mut()) else {
                continue;
            };
            if is_held_by_majority(membership, address, owner.made) {
                owner.claim.confirmed = true;
                membership.claims.set(address, owner.claim);
                self.unconfirmed.remove(&address);
            }
        }
        self.confirmed_at = (membership.claims.stamp(), membership.echoes());
    }
}

/// An echo counts only from a member whose claims do not oppose this one.
fn is_held_by_majority(membership: &Membership, address: IpAddr, made: Version) -> bool {
    let oppose = |peer: &Peer| peer.claims.get(address).is_some();
    membership.is_majority(membership.held_by(made, oppose))
}
