//! Looking first where something is kept for the Service, and saying whom an address is kept for that it does not get.

use std::net::IpAddr;

use super::keeping::Reach;
use super::search::Search;
use super::{Allocation, Ledger, PassedOver};
use crate::addr::Family;
use crate::config::Pool;

impl<'a> Search<'a> {
    /// What is kept for a Service that asks for no pool in particular.
    pub(super) fn own_unasked(&mut self, ledger: &mut Ledger) -> Option<Allocation> {
        let own = self.own_pools(ledger);
        if own.is_empty() {
            return None;
        }
        for families in self.demand.families.choices().into_iter().flatten() {
            for amount in self.amounts() {
                for (pool, kept) in &own {
                    let found = self.look(pool, families, *amount, ledger).ok();
                    let is_own = |found: &Allocation| found.addresses.iter().any(|a| kept.contains(&a));
                    if let Some(found) = found.filter(is_own) {
                        self.searched(pool, families, &Ok(found.clone()));
                        return Some(found);
                    }
                }
            }
        }
        None
    }

    /// Pools in which something is reserved for the Service, without autoAssign too, since a reservation names it; then those
    /// in which it let go of something, the last first. With each, what is kept there.
    fn own_pools(&self, ledger: &Ledger) -> Vec<(&'a Pool, Vec<IpAddr>)> {
        let reserved = self.config.pools().filter(|pool| pool.options.ipam.is_none());
        let reserved = reserved.map(|pool| (pool, pool.options.reservations.of(self.key()).to_vec()));
        let reserved = reserved.filter(|(_, reserved)| !reserved.is_empty());
        let left: Vec<_> = ledger.remembered(self.key()).collect();
        let mut left_in: Vec<&'a Pool> = Vec::new();
        for pool in left.iter().filter_map(|address| self.config.pool_of(*address, None)) {
            let is_new = left_in.iter().all(|known| known.name != pool.name);
            left_in.extend(Some(pool).filter(|pool| is_new && pool.auto_assign));
        }
        let own = reserved.chain(left_in.into_iter().map(|pool| (pool, left.clone())));
        own.filter(|(pool, _)| self.barred(pool).is_none()).collect()
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
