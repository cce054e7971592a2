//! Looking in one pool.

use std::net::IpAddr;

use super::keeping::Want;
use super::search::Search;
use super::trace::Step;
use super::{Addresses, Allocation, Families, Ledger, PassedOver};
use crate::addr::Family;
use crate::config::Pool;

/// How many addresses of each family are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// All that are asked for.
    All,
    /// As many as there are, one at least.
    Some,
}

impl Search<'_> {
    pub(super) fn amounts(&self) -> &'static [Amount] {
        if self.demand.least() > 1 { &[Amount::All, Amount::Some] } else { &[Amount::All] }
    }

    pub(super) fn in_pool(
        &mut self,
        pool: &Pool,
        families: Families,
        amount: Amount,
        ledger: &mut Ledger,
    ) -> Result<Allocation, PassedOver> {
        let found = self.look(pool, families, amount, ledger);
        self.searched(pool, families, &found);
        found
    }

    pub(super) fn searched(
        &mut self,
        pool: &Pool,
        families: Families,
        found: &Result<Allocation, PassedOver>,
    ) {
        self.note(|| Step::Search { pool: pool.name.clone(), families, found: found.clone() });
    }

    /// Addresses of all these families from one pool.
    pub(super) fn look(
        &mut self,
        pool: &Pool,
        families: Families,
        amount: Amount,
        ledger: &mut Ledger,
    ) -> Result<Allocation, PassedOver> {
        if let Some(family) = families.each().find(|family| self.has_none(pool, *family)) {
            return Err(PassedOver::NoSuchFamily(family));
        }
        // An endpoint is asked for both at once.
        let found: Vec<_> =
            families.each().map(|family| (family, self.some_of(pool, family, ledger))).collect();
        let mut addresses = Addresses::NONE;
        for (family, found) in found {
            let found = found?;
            if amount == Amount::All && found.len() < self.demand.least() {
                return Err(PassedOver::TooFew(family));
            }
            addresses = found.into_iter().fold(addresses, Addresses::with);
        }
        Ok(Allocation::from_one(&pool.name, addresses))
    }

    /// What the Service holds of this pool and is to keep.
    fn held_of(&self, pool: &Pool, family: Family) -> Addresses {
        let held = self.held.as_ref().filter(|held| held.pools.of(family) == Some(&pool.name));
        held.map(|held| held.addresses.of(family).collect()).unwrap_or_default()
    }

    fn has_none(&self, pool: &Pool, family: Family) -> bool {
        !pool.offers(family) && self.held_of(pool, family).is_empty()
    }

    /// As many addresses of a family as are asked for, or as there are; those that the Service holds of this pool come first.
    pub(super) fn some_of(
        &mut self,
        pool: &Pool,
        family: Family,
        ledger: &mut Ledger,
    ) -> Result<Vec<IpAddr>, PassedOver> {
        let held = self.held_of(pool, family);
        let more = self.more_of(pool, family, &held, ledger);
        if held.is_empty() { more } else { Ok(held.iter().chain(more.unwrap_or_default()).collect()) }
    }

    /// What is lacking of a family besides what is `held` of it: one address at least, and of an endpoint no more than the
    /// first.
    pub(super) fn more_of(
        &mut self,
        pool: &Pool,
        family: Family,
        held: &Addresses,
        ledger: &mut Ledger,
    ) -> Result<Vec<IpAddr>, PassedOver> {
        let has = held.count(family);
        if has == 0 && !pool.offers(family) {
            return Err(PassedOver::NoSuchFamily(family));
        }
        if has == 0 && pool.options.ipam.is_some() {
            return self.borrowed(pool, family, ledger).map(|address| vec![address]);
        }
        let lacks = self.demand.least().saturating_sub(has);
        let lacks = if pool.options.ipam.is_some() { 0 } else { lacks };
        let more = ledger.first_for(pool, family, self.want(held, lacks));
        match (more.is_empty(), has) {
            (false, _) => Ok(more),
            (true, 0) => Err(self.nothing(pool, family, ledger)),
            (true, _) => Err(PassedOver::TooFew(family)),
        }
    }

    fn want<'b>(&'b self, besides: &'b Addresses, count: usize) -> Want<'b> {
        let (service, terms, reach) = (self.service.key(), &*self.demand.terms, self.reach);
        Want { service, terms, besides, count, reach }
    }
}
