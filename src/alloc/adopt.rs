//! Keeping what a Service holds, if it is still right for it.

use std::net::IpAddr;

use super::search::Search;
use super::trace::Step;
use super::{Addresses, Allocation, Ledger, Refusal};
use crate::config::PoolState;

/// What is left of the addresses that a Service held.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept {
    /// What it keeps.
    pub(super) allocation: Option<Allocation>,
    /// Why it does not keep all.
    pub(super) lost: Option<Refusal>,
    /// Of several addresses it has lost some and keeps the others.
    pub(super) partly: bool,
}

impl Search<'_> {
    /// The first of `candidates` of which something can be kept. An address of a family that is no longer wanted, and one
    /// too many of its family, goes without a word.
    pub(super) fn adopt(&mut self, candidates: &[Addresses], ledger: &Ledger) -> Kept {
        let mut lost = None;
        for candidate in candidates.iter().filter(|c| !c.is_empty()) {
            let kept = self.adopt_one(self.wanted(candidate), ledger);
            if kept.allocation.is_some() {
                return Kept { lost: kept.lost.or(lost), ..kept };
            }
            lost = lost.or(kept.lost);
        }
        Kept { lost, ..Kept::default() }
    }

    fn adopt_one(&mut self, addresses: Addresses, ledger: &Ledger) -> Kept {
        if addresses.is_empty() {
            return Kept { lost: Some(Refusal::WrongFamily), ..Kept::default() };
        }
        match self.keep(addresses.clone(), ledger) {
            Ok(allocation) => Kept { allocation: Some(allocation), ..Kept::default() },
            Err(lost) => {
                let part = self.keep_part(&addresses, ledger);
                Kept { partly: part.is_some(), allocation: part, lost: Some(lost) }
            }
        }
    }

    /// As many as can be kept together, of those that cannot all be: IPv4 before IPv6.
    fn keep_part(&mut self, all: &Addresses, ledger: &Ledger) -> Option<Allocation> {
        let mut part: Option<Allocation> = None;
        for address in all.iter() {
            let held = part.as_ref().map_or(Addresses::NONE, |part| part.addresses.clone());
            let more = held.with(address);
            if more != *all {
                part = self.keep(more, ledger).ok().or(part);
            }
        }
        part
    }

    fn keep(&mut self, addresses: Addresses, ledger: &Ledger) -> Result<Allocation, Refusal> {
        let kept = self.may_keep(&addresses, ledger);
        self.note(|| Step::Keep { addresses, kept: kept.clone() });
        kept
    }

    fn may_keep(&self, addresses: &Addresses, ledger: &Ledger) -> Result<Allocation, Refusal> {
        let homes = self.homes_of(addresses)?;
        for (pool, addresses) in homes.iter() {
            if pool.state == PoolState::Sound && !self.admits(pool) {
                return Err(Refusal::PoolClosed(pool.name.clone()));
            }
            for address in addresses {
                if pool.state == PoolState::Sound && pool.ranges.bars_last_octet(address) {
                    return Err(Refusal::BuggyAddress(address));
                }
                ledger.check(address, self.key(), &self.demand.terms)?;
            }
        }
        Ok(homes.allocation())
    }

    /// Of those that the Service holds, those that have a place: where there are too many of a family, first those that
    /// it asks for, then those that its status shows first.
    fn wanted(&self, addresses: &Addresses) -> Addresses {
        let requested = self.demand.requested.as_ref().ok().and_then(Option::as_ref);
        let shown = |address: &IpAddr| self.service.ingress.iter().position(|shown| shown == address);
        let rank = |address: &IpAddr| {
            let asked = requested.is_some_and(|requested| requested.contains(*address));
            (!asked, shown(address).unwrap_or(usize::MAX), *address)
        };
        let of_family = |family| {
            let mut all: Vec<_> = addresses.of(family).collect();
            if all.len() > self.demand.most() {
                all.sort_by_key(rank);
                all.truncate(self.demand.most());
            }
            all
        };
        self.demand.wanted().flat_map(of_family).collect()
    }
}
