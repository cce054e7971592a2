//! Keeping what a Service holds, if it is still right for it.

use super::search::Search;
use super::trace::Step;
use super::{Addresses, Allocation, Ledger, Refusal};
use crate::addr::Family;
use crate::config::PoolState;

/// What is left of the addresses that a Service held.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept {
    /// What it keeps.
    pub(super) allocation: Option<Allocation>,
    /// Why it does not keep all.
    pub(super) lost: Option<Refusal>,
    /// Of two addresses it has lost one and keeps the other.
    pub(super) partly: bool,
}

impl Search<'_> {
    /// The first of `candidates` of which something can be kept. An address of a family that is no longer wanted goes
    /// without a word.
    pub(super) fn adopt(&mut self, candidates: &[Addresses], ledger: &Ledger) -> Kept {
        let mut lost = None;
        for candidate in candidates.iter().filter(|c| !c.is_empty()) {
            let kept = self.adopt_one(self.wanted(*candidate), ledger);
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
        match self.keep(addresses, ledger) {
            Ok(allocation) => Kept { allocation: Some(allocation), ..Kept::default() },
            Err(lost) if addresses.is_dual() => {
                let part = Family::ALL
                    .into_iter()
                    .find_map(|f| self.keep(addresses.without(f.other()), ledger).ok());
                Kept { partly: part.is_some(), allocation: part, lost: Some(lost) }
            }
            Err(lost) => Kept { lost: Some(lost), ..Kept::default() },
        }
    }

    fn keep(&mut self, addresses: Addresses, ledger: &Ledger) -> Result<Allocation, Refusal> {
        let kept = self.may_keep(addresses, ledger);
        self.note(|| Step::Keep { addresses, kept: kept.clone() });
        kept
    }

    fn may_keep(&self, addresses: Addresses, ledger: &Ledger) -> Result<Allocation, Refusal> {
        let pool = self.pool_of(addresses)?;
        if pool.state == PoolState::Sound && !self.admits(pool) {
            return Err(Refusal::PoolClosed(pool.name.clone()));
        }
        for address in addresses.iter() {
            if pool.state == PoolState::Sound && !pool.ranges.contains(address) {
                return Err(Refusal::BuggyAddress(address));
            }
            ledger.check(address, self.key(), &self.demand.terms)?;
        }
        Ok(Allocation { addresses, pool: pool.name.clone() })
    }

    fn wanted(&self, addresses: Addresses) -> Addresses {
        addresses.iter().filter(|address| self.demand.families.wants(Family::of(*address))).collect()
    }
}
