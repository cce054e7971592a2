//! Looking for addresses that a Service could have.

use super::{Addresses, Demand, Families, Ledger, Refusal};
use crate::addr::Family;
use crate::config::{Config, Labels, Pool, PoolState};
use crate::name::{PoolName, ServiceKey};
use crate::world::{Service, World};

/// Who asks, and where.
pub(super) struct Search<'a> {
    config: &'a Config,
    pub(super) service: &'a Service,
    /// Labels of the Service's namespace.
    namespace: &'a Labels,
    pub(super) demand: Demand,
}

/// Addresses, and the pool that they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// At least one.
    pub addresses: Addresses,
    /// The one pool of all of them.
    pub pool: PoolName,
}

impl<'a> Search<'a> {
    pub(super) fn new(world: &'a World, config: &'a Config, service: &'a Service, demand: Demand) -> Self {
        let namespace = world.namespace(&service.key().namespace).map_or(Labels::NONE, |n| &n.labels);
        Self { config, service, namespace, demand }
    }

    pub(super) fn key(&self) -> &'a ServiceKey {
        self.service.key()
    }

    /// Whether the Service may have addresses of this pool.
    pub(super) fn admits(&self, pool: &Pool) -> bool {
        pool.admits(&self.key().namespace, self.namespace, &self.service.labels)
    }

    /// Addresses for a Service that holds none, or would like others.
    pub(super) fn find(&self, ledger: &mut Ledger) -> Result<Allocation, Refusal> {
        if let Some(requested) = self.demand.requested.clone()? {
            return self.requested(requested, ledger);
        }
        match &self.demand.pool {
            Some(name) => {
                let pools = [self.open_pool(name)?];
                self.in_pools(&pools, ledger).ok_or_else(|| self.why_none(&pools, ledger))
            }
            None => self.unasked(ledger),
        }
    }

    /// The other address for a Service that holds one: from the same pool, so that the first one can stay.
    pub(super) fn complete(&self, held: &Allocation, ledger: &mut Ledger) -> Result<Allocation, Refusal> {
        let missing = if held.addresses.get(Family::V4).is_some() { Family::V6 } else { Family::V4 };
        let pool = self.open_pool(&held.pool)?;
        if !pool.offers(missing) {
            return Err(Refusal::NoSuchFamily(missing));
        }
        let other = self.first_for(pool, missing, ledger).ok_or(Refusal::Exhausted(missing))?;
        Ok(Allocation { addresses: held.addresses.with(other), pool: held.pool.clone() })
    }

    /// Both addresses from one pool, for a Service that has lost one of them and asks for no pool in particular.
    pub(super) fn both(&self, ledger: &mut Ledger) -> Option<Allocation> {
        if self.demand.pool.is_some() || self.demand.requested != Ok(None) {
            return None;
        }
        let [pinned, unpinned] = self.tiers();
        self.first_with(Families::Both, &[pinned, unpinned].concat(), ledger)
    }

    /// The one pool that all these addresses are in.
    pub(super) fn pool_of(&self, addresses: Addresses) -> Result<&'a Pool, Refusal> {
        let from = self.service.annotations.allocated_from.as_deref();
        let mut found: Option<&Pool> = None;
        for address in addresses.iter() {
            let pool = self.config.pool_of(address, from).ok_or(Refusal::OutsidePools(address))?;
            match found {
                Some(first) if first.name != pool.name => {
                    return Err(Refusal::TwoPools(first.name.clone(), pool.name.clone()));
                }
                Some(_) | None => found = Some(pool),
            }
        }
        found.ok_or(Refusal::NoPools)
    }

    /// These very addresses, if they may be held.
    fn requested(&self, addresses: Addresses, ledger: &Ledger) -> Result<Allocation, Refusal> {
        let pool = self.pool_of(addresses)?;
        if let Some(requested) = &self.demand.pool {
            self.open_pool(requested)?;
            if let Some(address) = addresses.iter().next().filter(|_| pool.name != *requested) {
                let requested = requested.clone();
                return Err(Refusal::OtherPool { address, pool: pool.name.clone(), requested });
            }
        }
        self.open_pool(&pool.name)?;
        for address in addresses.iter() {
            if !pool.ranges.contains(address) {
                return Err(Refusal::BuggyAddress(address));
            }
            ledger.check(address, self.key(), &self.demand.terms)?;
        }
        Ok(Allocation { addresses, pool: pool.name.clone() })
    }

    /// A pool that gives addresses to this Service when it is named.
    fn open_pool(&self, name: &PoolName) -> Result<&'a Pool, Refusal> {
        let pool = self.config.pool(name).ok_or_else(|| Refusal::PoolUnknown(name.clone()))?;
        match pool.state {
            PoolState::Invalid => Err(Refusal::PoolInvalid(name.clone())),
            PoolState::Sound if !self.admits(pool) => Err(Refusal::PoolClosed(name.clone())),
            PoolState::Sound => Ok(pool),
        }
    }

    /// A tier is searched to its end, single addresses included, before the next one is looked at.
    fn unasked(&self, ledger: &mut Ledger) -> Result<Allocation, Refusal> {
        let tiers = self.tiers();
        let found = tiers.iter().find_map(|tier| self.in_pools(tier, ledger));
        found.ok_or_else(|| self.why_none(&tiers.concat(), ledger))
    }

    fn tiers(&self) -> [Vec<&'a Pool>; 2] {
        self.config.tiers().map(|tier| tier.filter(|pool| self.admits(pool)).collect())
    }

    fn in_pools(&self, pools: &[&Pool], ledger: &mut Ledger) -> Option<Allocation> {
        match self.demand.families {
            Families::PreferBoth { primary } => {
                [Families::Both, Families::Only(primary), Families::Only(primary.other())]
                    .into_iter()
                    .find_map(|families| self.first_with(families, pools, ledger))
            }
            families @ (Families::Only(_) | Families::Both) => self.first_with(families, pools, ledger),
        }
    }

    fn first_with(&self, families: Families, pools: &[&Pool], ledger: &mut Ledger) -> Option<Allocation> {
        pools.iter().find_map(|pool| {
            let wanted = Family::ALL.into_iter().filter(|family| families.wants(*family));
            let addresses =
                wanted.map(|family| self.first_for(pool, family, ledger)).collect::<Option<_>>()?;
            Some(Allocation { addresses, pool: pool.name.clone() })
        })
    }

    fn first_for(&self, pool: &Pool, family: Family, ledger: &mut Ledger) -> Option<std::net::IpAddr> {
        ledger.first_for(pool, family, self.key(), &self.demand.terms)
    }

    /// The reason that says most, after none of these pools had what is wanted.
    fn why_none(&self, pools: &[&Pool], ledger: &mut Ledger) -> Refusal {
        if self.config.pools().next().is_none() {
            return Refusal::NoPools;
        }
        if pools.is_empty() {
            return Refusal::NotAutoAssignable;
        }
        let wanted = || Family::ALL.into_iter().filter(|family| self.demand.families.wants(*family));
        if let Some(family) = wanted().find(|family| !pools.iter().any(|pool| pool.offers(*family))) {
            return Refusal::NoSuchFamily(family);
        }
        let mut free = |family| pools.iter().any(|pool| self.first_for(pool, family, ledger).is_some());
        wanted().find(|family| !free(*family)).map_or(Refusal::NotTogether, Refusal::Exhausted)
    }
}
