//! From what a Service keeps to what it gets.

use super::adopt::Kept;
use super::search::Search;
use super::{Allocation, Decision, Families, Ledger, Refusal, Strictness};

impl Search<'_> {
    /// Decides with the ledger as it stands; what is kept is in it already. Writes nothing down.
    pub(super) fn settle(&mut self, kept: &Kept, strictness: Strictness, ledger: &mut Ledger) -> Decision {
        if let Some(log) = &mut self.log {
            log.search_again();
        }
        let decision = match &kept.allocation {
            None => self.afresh(ledger),
            Some(held) => self.improve(held, kept.partly, strictness, ledger),
        };
        let decision = self.with_wishes(decision, ledger);
        let released = decision.allocation.is_none() && kept.allocation.is_some();
        let lost = if released { decision.refusal.clone() } else { None };
        Decision { lost: kept.lost.clone().or(lost), ..decision }
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
            Err(Refusal::WrongFamily) if strictness == Strictness::Parity => return self.afresh(ledger),
            Err(unreadable) => Some(unreadable),
            Ok(true) => {
                let other = self.afresh(ledger);
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

    /// Something new, whatever is held.
    fn afresh(&mut self, ledger: &mut Ledger) -> Decision {
        let decision = Decision::from(self.find(ledger));
        let single = decision.allocation.as_ref().filter(|found| self.lacks(found));
        let missing = single.and_then(|found| self.complete(found, ledger).err());
        Decision { missing, ..decision }
    }

    /// Whether the user asks for something else than what is held.
    pub(super) fn wishes(&self, held: &Allocation) -> Result<bool, Refusal> {
        let requested = self.demand.requested.clone()?;
        let other_addresses = requested.is_some_and(|requested| requested != held.addresses);
        Ok(other_addresses || self.demand.pool.as_ref().is_some_and(|pool| *pool != held.pool))
    }

    /// Whether an address of a wanted family is missing.
    pub(super) fn lacks(&self, held: &Allocation) -> bool {
        !matches!(self.demand.families, Families::Only(_)) && !held.addresses.is_dual()
    }

    /// Adds the missing address, if one is missing. Who must have both and cannot loses the one.
    fn complement(&mut self, held: &Allocation, partly: bool, ledger: &mut Ledger) -> Decision {
        if !self.lacks(held) {
            return Decision::from(Ok(held.clone()));
        }
        let required = self.demand.families == Families::Both;
        match self.complete(held, ledger) {
            Ok(both) => Decision::from(Ok(both)),
            Err(missing) => match (required || partly).then(|| self.both(ledger)).flatten() {
                Some(both) => Decision::from(Ok(both)),
                None if required && missing.is_unlent() => {
                    Decision { refusal: Some(missing), ..Decision::from(Ok(held.clone())) }
                }
                None if required => Decision::from(Err(missing)),
                None => Decision { missing: Some(missing), ..Decision::from(Ok(held.clone())) },
            },
        }
    }
}

impl From<Result<Allocation, Refusal>> for Decision {
    fn from(found: Result<Allocation, Refusal>) -> Self {
        let (allocation, refusal) = match found {
            Ok(allocation) => (Some(allocation), None),
            Err(refusal) => (None, Some(refusal)),
        };
        Self { allocation, refusal, missing: None, lost: None, wishes: Vec::new() }
    }
}
