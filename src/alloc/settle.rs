//! From what a Service keeps to what it gets.

use super::adopt::Kept;
use super::search::{Search, barred};
use super::{Allocation, Decision, Families, Ledger, Refusal, Strictness};
use crate::addr::Family;
use crate::config::PoolState;

impl Search<'_> {
    /// Decides with the ledger as it stands; what is kept is in it already. Writes nothing down.
    pub(super) fn settle(&mut self, kept: &Kept, strictness: Strictness, ledger: &mut Ledger) -> Decision {
        if let Some(log) = &mut self.log {
            log.search_again();
        }
        let decision = match &kept.allocation {
            None => self.afresh(None, ledger),
            Some(held) => self.improve(held, kept.partly, strictness, ledger),
        };
        let decision = self.with_wishes(decision, ledger);
        let doubt = decision.allocation.as_ref().and_then(|held| self.doubt(held));
        let decision = Decision { doubt, ..decision };
        let released = decision.allocation.is_none() && kept.allocation.is_some();
        let lost = if released { decision.refusal.clone() } else { None };
        Decision { lost: kept.lost.clone().or(lost), ..decision }
    }

    /// Why what is held would not be given out today.
    fn doubt(&self, held: &Allocation) -> Option<Refusal> {
        held.addresses.iter().find_map(|address| {
            let pool = self.config.pool(held.pools.of(Family::of(address))?)?;
            let judged = pool.state == PoolState::Sound && !pool.ranges.gaps().is_empty();
            if judged { barred(pool, address) } else { None }
        })
    }

    fn improve(
        &mut self,
        held: &Allocation,
        partly: bool,
        strictness: Strictness,
        ledger: &mut Ledger,
    ) -> Decision {
        let refusal = match self.wishes(held) {
            Ok(false) => None,
            Err(Refusal::WrongFamily) if strictness == Strictness::Parity => {
                return self.afresh(Some(held), ledger);
            }
            Err(unreadable) => Some(unreadable),
            Ok(true) => {
                let other = self.afresh(Some(held), ledger);
                let waits = other.refusal.as_ref().is_some_and(Refusal::is_pending);
                if other.allocation.is_some() || strictness == Strictness::Parity && !waits {
                    return other;
                }
                other.refusal
            }
        };
        let decision = self.complement(held, partly, ledger);
        Decision { refusal: refusal.or(decision.refusal), ..decision }
    }

    /// Something new; of what is `held` stays what could be found.
    fn afresh(&mut self, held: Option<&Allocation>, ledger: &mut Ledger) -> Decision {
        self.held = held.cloned();
        let found = self.find(ledger);
        self.held = None;
        found.map_or_else(|refusal| Decision::from(Err(refusal)), |found| self.filled(found, ledger))
    }

    /// What was found, with what else there is of it.
    fn filled(&mut self, found: Allocation, ledger: &mut Ledger) -> Decision {
        if !self.lacks(&found) {
            return Decision::from(Ok(found));
        }
        let (grown, missing) = self.complete(&found, ledger);
        Decision { missing, ..Decision::from(Ok(grown)) }
    }

    /// Whether the user asks for something else than what is held.
    pub(super) fn wishes(&self, held: &Allocation) -> Result<bool, Refusal> {
        let requested = self.demand.requested.clone()?;
        self.demand.per_family.clone()?;
        let other_addresses = requested.is_some_and(|requested| requested != held.addresses);
        let written = |family| self.demand.named_pools().map(|wish| wish.written_for(family));
        let elsewhere = |family| match self.asked_for(family) {
            // Whose pools have changed their parts stays where the user wrote it.
            Ok(Some(asked)) => ![Some(&asked.name), written(family)].contains(&held.pools.of(family)),
            Ok(None) => false,
            // What cannot be had is something else too.
            Err(_) => true,
        };
        let mut families = Family::ALL.into_iter().filter(|family| held.pools.of(*family).is_some());
        Ok(other_addresses || families.any(elsewhere))
    }

    /// Whether an address is missing: of a wanted family, or one of several.
    pub(super) fn lacks(&self, held: &Allocation) -> bool {
        let least = self.demand.least();
        self.demand.wanted().any(|family| held.addresses.count(family) < least)
    }

    /// Whether an address of a wanted family is missing.
    fn lacks_family(&self, held: &Allocation) -> bool {
        self.demand.wanted().any(|family| held.addresses.first(family).is_none())
    }

    /// Adds what is missing. Who must have both families and cannot loses the one.
    fn complement(&mut self, held: &Allocation, partly: bool, ledger: &mut Ledger) -> Decision {
        if !self.lacks(held) {
            return Decision::from(Ok(held.clone()));
        }
        let (grown, missing) = self.complete(held, ledger);
        let Some(missing) = missing.clone().filter(|_| self.lacks_family(&grown)) else {
            return Decision { missing, ..Decision::from(Ok(grown)) };
        };
        let required = self.demand.families == Families::Both;
        match (required || partly).then(|| self.both(ledger)).flatten() {
            Some(both) => self.filled(both, ledger),
            None if required && missing.is_unlent() => {
                Decision { refusal: Some(missing), ..Decision::from(Ok(grown)) }
            }
            None if required => Decision::from(Err(missing)),
            None => Decision { missing: Some(missing), ..Decision::from(Ok(grown)) },
        }
    }
}

impl From<Result<Allocation, Refusal>> for Decision {
    fn from(found: Result<Allocation, Refusal>) -> Self {
        let (allocation, refusal) = match found {
            Ok(allocation) => (Some(allocation), None),
            Err(refusal) => (None, Some(refusal)),
        };
        Self { allocation, refusal, missing: None, doubt: None, lost: None, wishes: Vec::new() }
    }
}
