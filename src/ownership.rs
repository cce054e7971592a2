//! Who holds an address on a link, and how that changes.
//!
//! One machine per link, for all its addresses. For each address it remembers little ([`slot`]), asks membership what
//! others say now, and lets the rules decide ([`rules::decide`], a function of facts). No state can be forgotten that way:
//! whatever happened, the next look at the facts decides anew.
//!
//! ```text
//!   Change (a claim, an offer, a peer) ─┐                     ┌─► the own claims, in membership's list
//!   deadline (place in line, hand-over) ┼─► facts ─► decide ──┤
//!   offers of this node, planned moves ─┘                     └─► Output: took, dropped, assert, probe
//! ```
//!
//! Only addresses that something happened to are looked at; a turn looks at a bounded number, the urgent ones first.

pub mod rules;
pub mod slot;

mod act;
mod facts;
mod failback;
mod stranger;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use crate::membership::list::Stamp;
use crate::membership::member::{NodeId, State};
use crate::membership::{Change, Membership};
use crate::time::Instant;
pub use failback::FailBack;
use slot::{AddressState, LastClaim, Planned, Slot};
pub use slot::{Cause, Terms};

/// Looks at claims and offers of peers that one turn may take, so that beats are never late.
const LOOKS_PER_TURN: usize = 20_000;

/// What follows from a decision, outside the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// This node answers from now on: burst.
    Took {
        /// The address.
        address: IpAddr,
        /// Why.
        cause: Cause,
        /// Since the owner's silence became suspicious, or since the address was offered.
        took: Duration,
    },
    /// This node no longer answers.
    Dropped {
        /// The address.
        address: IpAddr,
        /// Why.
        cause: Cause,
    },
    /// Burst again for what this node holds.
    Assert(IpAddr),
    /// Ask whether a stranger uses the address.
    Probe(IpAddr),
    /// A stranger uses the address; it is defended, or withheld for a while.
    Conflict(IpAddr),
}

/// The machine. See the module's documentation.
#[derive(Debug, Default)]
pub struct Ownership {
    slots: BTreeMap<IpAddr, Slot>,
    mine: BTreeSet<IpAddr>,
    vacant: BTreeSet<IpAddr>,
    in_line: BTreeSet<IpAddr>,
    unconfirmed: BTreeSet<IpAddr>,
    unproven: BTreeSet<IpAddr>,
    urgent: BTreeSet<IpAddr>,
    stale: BTreeSet<IpAddr>,
    deadlines: BTreeSet<(Instant, IpAddr)>,
    outputs: VecDeque<Output>,
    confirmed_at: (Stamp, u64),
    unwell: bool,
    calm: failback::Calm,
    policy: FailBack,
}

impl Ownership {
    /// Nothing offered, nothing held.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether this node answers for the address.
    pub fn owns(&self, address: IpAddr) -> bool {
        self.mine.contains(&address)
    }

    /// What this node answers for.
    pub fn owned(&self) -> impl Iterator<Item = IpAddr> {
        self.mine.iter().copied()
    }

    /// Whether this node offers the address, holds it, or asks whether a stranger does.
    pub fn concerns(&self, address: IpAddr) -> bool {
        self.slots.get(&address).is_some_and(|slot| slot.offer.is_some() || slot.owner().is_some())
    }

    /// Whether nothing depends on this node's beats: it holds nothing, is first or second in line for nothing, and
    /// waits for nothing.
    pub fn is_idle(&self) -> bool {
        self.mine.is_empty() && self.vacant.is_empty() && self.in_line.is_empty()
    }

    /// All that this node offers here from now on.
    pub fn set_offers(&mut self, wanted: BTreeMap<IpAddr, Terms>, membership: &mut Membership, now: Instant) {
        for (address, slot) in &mut self.slots {
            if slot.offer.is_some() && !wanted.contains_key(address) {
                (slot.offer, slot.offered_at) = (None, None);
                self.urgent.insert(*address);
            }
        }
        for (address, terms) in wanted {
            let slot = self.slots.entry(address).or_default();
            if slot.offer != Some(terms) {
                // An address that was in use when first offered stays known as used.
                let fresh = terms.fresh && slot.offer.is_none_or(|old| old.fresh);
                slot.offer = Some(Terms { fresh, ..terms });
                slot.offered_at.get_or_insert(now);
                self.urgent.insert(address);
            }
        }
        self.publish_offers(membership, now);
    }

    fn publish_offers(&self, membership: &mut Membership, now: Instant) {
        let offered = self.slots.iter().filter(|(_, slot)| slot.quarantined_until.is_none_or(|at| at <= now));
        membership.offer(&offered.filter_map(|(a, slot)| Some((*a, slot.offer?.weight))).collect());
    }

    /// Asks for the address to be handed over; it stays when nobody takes it. Tells whether that is tried: an address
    /// that moved three times within 180 s stays where it is.
    pub fn plan_move(&mut self, address: IpAddr, to: Option<NodeId>, now: Instant) -> bool {
        let Some(slot) = self.slots.get_mut(&address) else { return false };
        if slot.owner().is_none() || !slot.may_move(now) {
            return false;
        }
        slot.planned = Some(Planned { to });
        self.urgent.insert(address)
    }

    /// This node stalls too often to hold anything, or no longer does.
    pub fn set_unwell(&mut self, unwell: bool) {
        if unwell != self.unwell {
            self.unwell = unwell;
            self.urgent.extend(&self.mine);
        }
    }

    /// When addresses go back to their first choice.
    pub fn set_fail_back(&mut self, policy: FailBack) {
        self.policy = policy;
    }

    /// Takes what has changed among the peers.
    pub fn handle_change(&mut self, change: &Change) {
        match change {
            Change::Claims(address) => {
                self.urgent.insert(*address);
            }
            Change::HandOver { address, from, claim } => {
                if let Some(slot) = self.slots.get_mut(address) {
                    slot.last = Some(LastClaim::of(*from, claim));
                }
            }
            Change::Offers(address) => {
                self.stale.insert(*address);
            }
            Change::Candidates => {
                self.calm.disturb();
                self.stale.extend(self.mine.iter().chain(&self.vacant));
            }
            Change::Peer { .. } | Change::Newcomer | Change::Gone(_) | Change::Twins(_) => {}
        }
    }

    /// This node's own state has changed: everything that it holds or might take is looked at.
    pub fn handle_state(&mut self, state: State) {
        match state {
            State::Active | State::Starting => self.stale.extend(&self.vacant),
            State::Doubting | State::Leaving => {}
        }
        self.urgent.extend(&self.mine);
    }

    /// Looks at what is due.
    pub fn handle_timeout(&mut self, membership: &mut Membership, now: Instant) {
        while let Some((due, address)) = self.deadlines.first().copied().filter(|(due, _)| *due <= now) {
            self.deadlines.remove(&(due, address));
            self.urgent.insert(address);
        }
        if membership.receiving(now) {
            self.urgent.append(&mut self.unproven);
        }
        let mut budget = LOOKS_PER_TURN / (1 + membership.peer_count());
        while let Some(address) = self.urgent.pop_first().or_else(|| self.stale.pop_first()) {
            self.stale.remove(&address);
            self.look(address, membership, now);
            budget = budget.saturating_sub(1);
            if budget == 0 {
                break;
            }
        }
        self.confirm(membership);
        self.fail_back(self.policy, membership, now);
    }

    /// When `handle_timeout` wants to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if !self.urgent.is_empty() || !self.stale.is_empty() {
            return Some(Instant::ZERO);
        }
        self.deadlines.first().map(|(due, _)| *due).into_iter().chain(self.calm.poll_timeout()).min()
    }

    /// What follows, oldest first.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The link has lost its carrier: what was held is gone at once, without a word.
    pub fn lose_carrier(&mut self, membership: &mut Membership) {
        for address in std::mem::take(&mut self.mine) {
            self.end(address, Cause::CarrierLost, membership);
        }
    }

    /// Another link of this node answers on the same segment.
    pub fn give_way(&mut self, membership: &mut Membership) {
        for address in std::mem::take(&mut self.mine) {
            self.end(address, Cause::HandOver, membership);
        }
    }

    /// Every address that is known, in order.
    pub fn snapshot(&self) -> Vec<AddressState> {
        self.slots.iter().map(|(address, slot)| slot.snapshot(*address)).collect()
    }

    fn set_deadline(&mut self, address: IpAddr, due: Option<Instant>) {
        let Some(slot) = self.slots.get_mut(&address) else { return };
        if let Some(old) = std::mem::replace(&mut slot.deadline, due) {
            self.deadlines.remove(&(old, address));
        }
        self.deadlines.extend(due.map(|due| (due, address)));
    }
}

#[cfg(test)]
mod tests;
