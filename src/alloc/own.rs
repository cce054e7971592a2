//! Looking first where something is kept for the Service, and saying whom an address is kept for that it does not get.

use super::keeping::Reach;
use super::search::Search;
use super::{Allocation, Ledger, PassedOver};
use crate::addr::Family;
use crate::config::Pool;

impl<'a> Search<'a> {
    /// What is kept for a Service that asks for no pool in particular.
    pub(super) fn own_unasked(&mut self, ledger: &mut Ledger) -> Option<Allocation> {
        let pools = self.own_pools(ledger);
        if pools.is_empty() {
            return None;
        }
        for families in self.demand.families.choices().into_iter().flatten() {
            for amount in self.amounts() {
                for pool in &pools {
                    let found = self.look(pool, families, *amount, ledger).ok();
                    if let Some(found) = found.filter(|found| self.has_own(pool, found, ledger)) {
                        self.searched(pool, families, &Ok(found.clone()));
                        return Some(found);
                    }
                }
            }
        }
        None
    }

    /// Pools in which something is reserved for the Service, without autoAssign too, since a reservation names it; then those
    /// in which it let go of something, the last first.
    fn own_pools(&self, ledger: &Ledger) -> Vec<&'a Pool> {
        let reserves = |pool: &&Pool| !pool.options.reservations.of(self.key()).is_empty();
        let reserving = self.config.pools().filter(|pool| pool.options.ipam.is_none()).filter(reserves);
        let left = ledger.remembered(self.key()).filter_map(|address| self.config.pool_of(address, None));
        let mut pools: Vec<&'a Pool> = Vec::new();
        for pool in reserving.chain(left.filter(|pool| pool.auto_assign)) {
            let is_new = pools.iter().all(|known| known.name != pool.name);
            pools.extend((is_new && self.barred(pool).is_none()).then_some(pool));
        }
        pools
    }

    fn has_own(&self, pool: &Pool, found: &Allocation, ledger: &Ledger) -> bool {
        let reserved = pool.options.reservations.of(self.key());
        let left: Vec<_> = ledger.remembered(self.key()).collect();
        found.addresses.iter().any(|address| reserved.contains(&address) || left.contains(&address))
    }

    /// Why a pool that has addresses of this family gives none.
    pub(super) fn nothing(&self, pool: &Pool, family: Family, ledger: &Ledger) -> PassedOver {
        let cooling = || ledger.coolest(&pool.name, family).filter(|_| self.reach == Reach::Free);
        let usage = ledger.usage(&pool.name);
        let held = match family {
            Family::V4 => usage.v4,
            Family::V6 => usage.v6,
        };
        match cooling() {
            Some((address, service, until)) => PassedOver::Cooling { address, service, until },
            None if u128::from(held) < pool.ranges.count(family) => PassedOver::AllReserved(family),
            None => PassedOver::Exhausted(family),
        }
    }
}
