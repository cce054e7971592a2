//! Looking for addresses that a Service could have.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::keeping::Reach;
use super::trace::{Log, Step};
use super::{Addresses, Allocation, Demand, Families, Ledger, PassedOver, PoolWish, Refusal};
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
    /// What the Service holds while others are looked for: of a pool that it is to hold addresses of, those stay.
    pub(super) held: Option<Allocation>,
    /// How far is gone for an address.
    pub(super) reach: Reach,
    /// What was tried; `None`: nobody asks.
    pub(super) log: Option<Log>,
    /// What was asked of endpoints since the last decision, and what is wrong with what they lend.
    pub(super) wishes: BTreeMap<LoanKey, Option<(IpAddr, Lie)>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(world: &'a World, config: &'a Config, service: &'a Service, demand: Demand) -> Self {
        let namespace = world.namespace(&service.key().namespace).map_or(Labels::NONE, |n| &n.labels);
        let (loans, wishes) = (world.loans(), BTreeMap::new());
        Self { config, loans, service, namespace, demand, held: None, reach: Reach::Any, log: None, wishes }
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
            let found = self.requested(&addresses, ledger);
            self.note(|| Step::Request { addresses, found: found.clone() });
            return found;
        }
        self.demand.per_family.clone()?;
        match self.demand.pool.clone()? {
            Some(PoolWish::One(name)) => {
                let pools = [self.open_pool(&name)?];
                self.in_pools(&pools, ledger).unwrap_or_else(|| Err(self.why_none(&pools, ledger)))
            }
            Some(PoolWish::Apart(one, other)) => self.in_two(&one, &other, ledger),
            None => self.unasked(ledger),
        }
    }

    /// These very addresses, if they may be held.
    fn requested(&mut self, addresses: &Addresses, ledger: &Ledger) -> Result<Allocation, Refusal> {
        let homes = self.homes_of(addresses)?;
        for (pool, mut addresses) in homes.iter() {
            let Some(address) = addresses.next() else { continue };
            if let Some(requested) = self.asked_for(Family::of(address))? {
                self.open_pool(&requested.name)?;
                if requested.name != pool.name {
                    let (pool, requested) = (pool.name.clone(), requested.name.clone());
                    return Err(Refusal::OtherPool { address, pool, requested });
                }
            }
            self.open_pool(&pool.name)?;
            for address in [address].into_iter().chain(addresses) {
                if let Some(barred) = barred(pool, address) {
                    return Err(barred);
                }
                if let Some(service) = pool.options.reservations.bar(address, self.key()) {
                    return Err(Refusal::Reserved { address, service: service.clone() });
                }
                ledger.check(address, self.key(), &self.demand.terms)?;
            }
        }
        let each = homes.iter().flat_map(|(pool, addresses)| addresses.map(move |address| (pool, address)));
        let lent: Vec<_> = each.map(|(pool, a)| self.lent_by_name(pool, a, ledger)).collect();
        lent.into_iter().collect::<Result<(), _>>()?;
        Ok(homes.allocation())
    }

    /// A pool that gives addresses to this Service when it is named.
    pub(super) fn open_pool(&self, name: &PoolName) -> Result<&'a Pool, Refusal> {
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
    pub(super) fn open(&mut self, pools: impl Iterator<Item = &'a Pool>) -> Vec<&'a Pool> {
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
        if let Some(own) = self.own_unasked(ledger) {
            return Ok(own);
        }
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
        let choices = self.demand.families.choices();
        choices.into_iter().flatten().find_map(|families| self.first_with(families, pools, ledger))
    }

    /// The first pool that has as many as are asked for, or else the first that has any. What cools for others is left to
    /// them as long as another pool has something else.
    pub(super) fn first_with(
        &mut self,
        families: Families,
        pools: &[&Pool],
        ledger: &mut Ledger,
    ) -> Option<Result<Allocation, Refusal>> {
        let cools = |pool: &&Pool| families.each().any(|family| ledger.coolest(&pool.name, family).is_some());
        let reaches = if pools.iter().any(cools) { &[Reach::Free, Reach::Any][..] } else { &[Reach::Any] };
        let choices = self.amounts().iter().flat_map(|amount| reaches.iter().map(|reach| (*amount, *reach)));
        let found = choices.into_iter().find_map(|(amount, reach)| {
            self.reach = reach;
            pools.iter().find_map(|pool| match self.in_pool(pool, families, amount, ledger) {
                Ok(found) => Some(Ok(found)),
                Err(passed) if passed.is_pending() => Some(Err(passed.refusal(&pool.name))),
                Err(_) => None,
            })
        });
        self.reach = Reach::Any;
        found
    }

    /// The reason that says most, after none of these pools had what is wanted.
    fn why_none(&mut self, pools: &[&Pool], ledger: &mut Ledger) -> Refusal {
        if self.config.pools().next().is_none() {
            return Refusal::NoPools;
        }
        if pools.is_empty() {
            return Refusal::NotAutoAssignable;
        }
        let offered = |family: &Family| pools.iter().any(|pool| pool.offers(*family));
        let (wanted, absent): (Vec<_>, Vec<_>) = self.demand.wanted().partition(offered);
        // Who would be content with one family waits for that which there is.
        if let Some(family) =
            absent.first().filter(|_| wanted.is_empty() || self.demand.families.are_required())
        {
            return Refusal::NoSuchFamily(*family);
        }
        if let Some(unlent) = wanted.iter().find_map(|family| self.unlent(pools, *family, ledger)) {
            return unlent;
        }
        let mut free = |family| pools.iter().any(|pool| self.some_of(pool, family, ledger).is_ok());
        let Some(family) = wanted.into_iter().find(|family| !free(*family)) else {
            return Refusal::NotTogether;
        };
        let passed = pools.iter().map(|pool| self.nothing(pool, family, ledger));
        if passed.into_iter().any(|passed| passed == PassedOver::AllReserved(family)) {
            return Refusal::AllReserved(family);
        }
        Refusal::Exhausted(family)
    }
}

/// Why a pool never gives out an address of its ranges.
pub(super) fn barred(pool: &Pool, address: IpAddr) -> Option<Refusal> {
    if pool.ranges.contains(address) {
        return None;
    }
    if let Some(node) = pool.node_at(address) {
        return Some(Refusal::NodeAddress { address, node: node.clone() });
    }
    if let Some(holder) = pool.foreign_at(address) {
        return Some(Refusal::ForeignRange { address, holder: holder.clone() });
    }
    let buggy = pool.ranges.bars_last_octet(address);
    Some(if buggy { Refusal::BuggyAddress(address) } else { Refusal::Excluded(address) })
}
