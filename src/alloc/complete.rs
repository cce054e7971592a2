//! Looking for what a Service that holds something lacks.

use super::search::Search;
use super::{Allocation, Families, Ledger, PoolWish, Refusal};
use crate::addr::Family;
use crate::config::Pool;

impl<'a> Search<'a> {
    /// What is missing, for a Service that holds something: from the same pool, or from that which is asked for for this
    /// family, so that what is held can stay. With it, why something is missing still.
    pub(super) fn complete(
        &mut self,
        held: &Allocation,
        ledger: &mut Ledger,
    ) -> (Allocation, Option<Refusal>) {
        let (mut grown, mut missing) = (held.clone(), None);
        let mut families: Vec<_> = self.demand.wanted().collect();
        families.sort_by_key(|family| held.addresses.first(*family).is_some());
        for family in families {
            match self.grow(&grown, family, ledger) {
                Ok(more) => grown = more,
                Err(less) => {
                    let (more, refusal) = *less;
                    if self.cannot_do_with(&more, family) {
                        return (more, Some(refusal));
                    }
                    grown = more;
                    missing.get_or_insert(refusal);
                }
            }
        }
        (grown, missing)
    }

    /// Whether a family is lacking that the Service must have: then nothing else is worth looking for.
    fn cannot_do_with(&self, found: &Allocation, family: Family) -> bool {
        self.demand.families == Families::Both && found.addresses.first(family).is_none()
    }

    fn grow(
        &mut self,
        held: &Allocation,
        family: Family,
        ledger: &mut Ledger,
    ) -> Result<Allocation, Box<(Allocation, Refusal)>> {
        let has = held.addresses.count(family);
        let lacks = self.demand.least().saturating_sub(has);
        if lacks == 0 {
            return Ok(held.clone());
        }
        let pool = self.pool_for(held, family).map_err(|refusal| Box::new((held.clone(), refusal)))?;
        let more = match self.more_of(pool, family, &held.addresses, ledger) {
            Ok(more) => more,
            Err(passed) => {
                self.searched(pool, Families::Only(family), &Err(passed.clone()));
                return Err(Box::new((held.clone(), passed.refusal(&pool.name))));
            }
        };
        let found = more.len();
        let grown = held.clone().and(&Allocation::from_one(&pool.name, more.into_iter().collect()));
        self.searched(pool, Families::Only(family), &Ok(grown.clone()));
        if found < lacks { Err(Box::new((grown, Refusal::TooFew(family)))) } else { Ok(grown) }
    }

    /// The pool that a Service gets more addresses of this family of.
    fn pool_for(&self, held: &Allocation, family: Family) -> Result<&'a Pool, Refusal> {
        let apart = matches!(self.demand.named_pools(), Some(PoolWish::Apart(..)));
        let named = match held.pools.of(family) {
            Some(same) => Some(same.clone()),
            None if apart => self.asked_for(family)?.map(|pool| pool.name.clone()),
            None => held.pools.of(family.other()).cloned(),
        };
        self.open_pool(&named.ok_or(Refusal::NoPools)?)
    }

    /// Both addresses from one pool, for a Service that has lost one of them and asks for no pool in particular.
    pub(super) fn both(&mut self, ledger: &mut Ledger) -> Option<Allocation> {
        if self.demand.pool != Ok(None) || self.demand.requested != Ok(None) {
            return None;
        }
        let [pinned, unpinned] = self.config.tiers();
        let pools = self.open(pinned.chain(unpinned));
        self.first_with(Families::Both, &pools, ledger).and_then(Result::ok)
    }
}
