//! Looking for addresses that a Service could have.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::trace::{Log, Step};
use super::{Addresses, Allocation, Demand, Families, Ledger, PassedOver, Refusal};
use crate::addr::Family;
use crate::config::{Config, Labels, Pool, PoolState};
use crate::name::{PoolName, ServiceKey};
use crate::world::{Lie, LoanKey, Loans, Service, World};

/// Who asks, and where.
pub(super) struct Search<'a> {
    pub(super) config: &'a Config,
    /// What endpoints have answered.
    pub(super) loans: &'a Loans,
    pub(super) service: &'a Service,
    /// Labels of the Service's namespace.
    namespace: &'a Labels,
    pub(super) demand: Demand,
    /// What was tried; `None`: nobody asks.
    pub(super) log: Option<Log>,
    /// What was asked of endpoints since the last decision, and what is wrong with what they lend.
    pub(super) wishes: BTreeMap<LoanKey, Option<(IpAddr, Lie)>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(world: &'a World, config: &'a Config, service: &'a Service, demand: Demand) -> Self {
        let namespace = world.namespace(&service.key().namespace).map_or(Labels::NONE, |n| &n.labels);
        let loans = world.loans();
        Self { config, loans, service, namespace, demand, log: None, wishes: BTreeMap::new() }
    }

    pub(super) fn key(&self) -> &'a ServiceKey {
        self.service.key()
    }

    /// Writes down what was tried, if somebody asks.
    pub(super) fn note(&mut self, step: impl FnOnce() -> Step) {
        if let Some(log) = &mut self.log {
            log.note(step());
        }
    }

    /// Whether the Service may have addresses of this pool.
    pub(super) fn admits(&self, pool: &Pool) -> bool {
        pool.admits(&self.key().namespace, self.namespace, &self.service.labels)
    }

    /// Addresses for a Service that holds none, or would like others.
    pub(super) fn find(&mut self, ledger: &mut Ledger) -> Result<Allocation, Refusal> {
        if let Some(addresses) = self.demand.requested.clone()? {
            let found = self.requested(addresses, ledger);
            self.note(|| Step::Request { addresses, found: found.clone() });
            return found;
        }
        match self.demand.pool.clone() {
            Some(name) => {
                let pools = [self.open_pool(&name)?];
                self.in_pools(&pools, ledger).unwrap_or_else(|| Err(self.why_none(&pools, ledger)))
            }
            None => self.unasked(ledger),
        }
    }

    /// The other address for a Service that holds one: from the same pool, so that the first one can stay.
    pub(super) fn complete(&mut self, held: &Allocation, ledger: &mut Ledger) -> Result<Allocation, Refusal> {
        let missing = if held.addresses.get(Family::V4).is_some() { Family::V6 } else { Family::V4 };
        let pool = self.open_pool(&held.pool)?;
        let with_held = |other: Allocation| Allocation {
            addresses: held.addresses.iter().chain(other.addresses.iter()).collect(),
            ..other
        };
        let found = self.look(pool, Families::Only(missing), ledger).map(with_held);
        self.searched(pool, Families::Only(missing), &found);
        found.map_err(|passed| passed.refusal(&pool.name))
    }

    /// Both addresses from one pool, for a Service that has lost one of them and asks for no pool in particular.
    pub(super) fn both(&mut self, ledger: &mut Ledger) -> Option<Allocation> {
        if self.demand.pool.is_some() || self.demand.requested != Ok(None) {
            return None;
        }
        let [pinned, unpinned] = self.config.tiers();
        let pools = self.open(pinned.chain(unpinned));
        self.first_with(Families::Both, &pools, ledger).and_then(Result::ok)
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
    fn requested(&mut self, addresses: Addresses, ledger: &Ledger) -> Result<Allocation, Refusal> {
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
        let lent: Vec<_> = addresses.iter().map(|a| self.lent_by_name(pool, a, ledger)).collect();
        lent.into_iter().collect::<Result<(), _>>()?;
        Ok(Allocation { addresses, pool: pool.name.clone() })
    }

    /// A pool that gives addresses to this Service when it is named.
    fn open_pool(&self, name: &PoolName) -> Result<&'a Pool, Refusal> {
        let pool = self.config.pool(name).ok_or_else(|| Refusal::PoolUnknown(name.clone()))?;
        self.barred(pool).map_or(Ok(pool), |passed| Err(passed.refusal(name)))
    }

    /// Why the pool gives this Service nothing, whatever is free and whether it is named or not.
    pub(super) fn barred(&self, pool: &Pool) -> Option<PassedOver> {
        match pool.state {
            PoolState::Invalid => Some(PassedOver::Invalid),
            PoolState::Sound if !self.admits(pool) => Some(PassedOver::Closed),
            PoolState::Sound => None,
        }
    }

    /// Those of the pools that give this Service addresses.
    fn open(&mut self, pools: impl Iterator<Item = &'a Pool>) -> Vec<&'a Pool> {
        let mut open = Vec::new();
        for pool in pools {
            match self.barred(pool) {
                None => open.push(pool),
                Some(passed) => self.searched(pool, self.demand.families, &Err(passed)),
            }
        }
        open
    }

    /// A tier is searched to its end, single addresses included, before the next one is looked at.
    fn unasked(&mut self, ledger: &mut Ledger) -> Result<Allocation, Refusal> {
        let mut searched = Vec::new();
        for tier in self.config.tiers() {
            let tier = self.open(tier);
            if let Some(found) = self.in_pools(&tier, ledger) {
                return found;
            }
            searched.extend(tier);
        }
        Err(self.why_none(&searched, ledger))
    }

    /// What was found, or that an endpoint has to answer first; `None`: none of these pools has what is wanted.
    fn in_pools(&mut self, pools: &[&Pool], ledger: &mut Ledger) -> Option<Result<Allocation, Refusal>> {
        match self.demand.families {
            Families::PreferBoth { primary } => {
                [Families::Both, Families::Only(primary), Families::Only(primary.other())]
                    .into_iter()
                    .find_map(|families| self.first_with(families, pools, ledger))
            }
            families @ (Families::Only(_) | Families::Both) => self.first_with(families, pools, ledger),
        }
    }

    fn first_with(
        &mut self,
        families: Families,
        pools: &[&Pool],
        ledger: &mut Ledger,
    ) -> Option<Result<Allocation, Refusal>> {
        pools.iter().find_map(|pool| match self.in_pool(pool, families, ledger) {
            Ok(found) => Some(Ok(found)),
            Err(passed) if passed.is_pending() => Some(Err(passed.refusal(&pool.name))),
            Err(_) => None,
        })
    }

    fn in_pool(
        &mut self,
        pool: &Pool,
        families: Families,
        ledger: &mut Ledger,
    ) -> Result<Allocation, PassedOver> {
        let found = self.look(pool, families, ledger);
        self.searched(pool, families, &found);
        found
    }

    fn searched(&mut self, pool: &Pool, families: Families, found: &Result<Allocation, PassedOver>) {
        self.note(|| Step::Search { pool: pool.name.clone(), families, found: found.clone() });
    }

    /// Addresses of all these families from one pool.
    fn look(
        &mut self,
        pool: &Pool,
        families: Families,
        ledger: &mut Ledger,
    ) -> Result<Allocation, PassedOver> {
        let wanted = Family::ALL.into_iter().filter(|family| families.wants(*family));
        // An endpoint is asked for both at once.
        let found: Vec<_> = wanted.map(|family| self.one_of(pool, family, ledger)).collect();
        let addresses = found.into_iter().collect::<Result<_, _>>()?;
        Ok(Allocation { addresses, pool: pool.name.clone() })
    }

    fn one_of(&mut self, pool: &Pool, family: Family, ledger: &mut Ledger) -> Result<IpAddr, PassedOver> {
        if !pool.offers(family) {
            return Err(PassedOver::NoSuchFamily(family));
        }
        if pool.options.ipam.is_some() {
            return self.borrowed(pool, family, ledger);
        }
        self.first_for(pool, family, ledger).ok_or(PassedOver::Exhausted(family))
    }

    fn first_for(&self, pool: &Pool, family: Family, ledger: &mut Ledger) -> Option<IpAddr> {
        ledger.first_for(pool, family, self.key(), &self.demand.terms)
    }

    /// The reason that says most, after none of these pools had what is wanted.
    fn why_none(&mut self, pools: &[&Pool], ledger: &mut Ledger) -> Refusal {
        if self.config.pools().next().is_none() {
            return Refusal::NoPools;
        }
        if pools.is_empty() {
            return Refusal::NotAutoAssignable;
        }
        let families = self.demand.families;
        let wanted = || Family::ALL.into_iter().filter(|family| families.wants(*family));
        if let Some(family) = wanted().find(|family| !pools.iter().any(|pool| pool.offers(*family))) {
            return Refusal::NoSuchFamily(family);
        }
        if let Some(unlent) = wanted().find_map(|family| self.unlent(pools, family, ledger)) {
            return unlent;
        }
        let mut free = |family| pools.iter().any(|pool| self.one_of(pool, family, ledger).is_ok());
        wanted().find(|family| !free(*family)).map_or(Refusal::NotTogether, Refusal::Exhausted)
    }
}
