//! What is remembered of addresses that were let go of: by whom, and since when.
//!
//! An entry lives as long as the cool-down of its pool and does not end when somebody holds the address again: who comes back
//! is asked for nothing but the address's being free. Of each pool the newest entries are kept, up to what a PoolState takes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::api::MOST_RELEASED;
use crate::config::{Config, CoolDown};
use crate::name::{PoolName, ServiceKey};
use crate::time::WallTime;
use crate::world::Released;

/// Entries of all pools.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Memory {
    cool_downs: BTreeMap<PoolName, CoolDown>,
    pools: BTreeMap<PoolName, BTreeSet<Released>>,
    addresses: BTreeMap<IpAddr, Past>,
    services: BTreeMap<ServiceKey, BTreeSet<(WallTime, IpAddr)>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Past {
    pool: PoolName,
    services: BTreeMap<ServiceKey, WallTime>,
}

impl Memory {
    /// Nothing is remembered of these pools yet.
    pub(super) fn of(config: &Config) -> Self {
        // What an endpoint lends it alone chooses.
        let chosen_here = config.pools().filter(|pool| pool.options.ipam.is_none());
        let cool_downs = chosen_here.map(|pool| (pool.name.clone(), pool.options.cool_down));
        Self { cool_downs: cool_downs.collect(), ..Self::default() }
    }

    /// Remembers, unless that is over or known better. Whether anything is new.
    pub(super) fn note(&mut self, pool: &PoolName, released: &Released, now: WallTime) -> bool {
        let known = self.since(released.address, &released.service);
        if !self.lasts(pool, released.since, now) || known.is_some_and(|known| known >= released.since) {
            return false;
        }
        if let Some(since) = known {
            self.forget(&Released { since, ..released.clone() });
        }
        let past = || Past { pool: pool.clone(), services: BTreeMap::new() };
        let past = self.addresses.entry(released.address).or_insert_with(past);
        past.services.insert(released.service.clone(), released.since);
        let pool = past.pool.clone();
        self.pools.entry(pool).or_default().insert(released.clone());
        let service = self.services.entry(released.service.clone()).or_default();
        service.insert((released.since, released.address));
        true
    }

    /// Forgets what is over, and what is too much. The answer are the addresses that nothing is remembered of any more.
    pub(super) fn expire(&mut self, now: WallTime) -> Vec<(PoolName, IpAddr)> {
        let mut over = Vec::new();
        for (pool, released) in &self.pools {
            let surplus = released.len().saturating_sub(MOST_RELEASED);
            let lasts = |entry: &&Released| self.lasts(pool, entry.since, now);
            let old = released.iter().take_while(|entry| !lasts(entry)).count();
            over.extend(released.iter().take(old.max(surplus)).cloned());
            // A date that lies far ahead was taken from a clock that was wrong.
            over.extend(released.iter().skip(old.max(surplus)).rev().take_while(|e| !lasts(e)).cloned());
        }
        over.iter().filter_map(|entry| self.forget(entry)).collect()
    }

    /// The answer is the pool and the address, if nothing is remembered of that any more.
    fn forget(&mut self, entry: &Released) -> Option<(PoolName, IpAddr)> {
        if let Some(of_service) = self.services.get_mut(&entry.service) {
            of_service.remove(&(entry.since, entry.address));
            if of_service.is_empty() {
                self.services.remove(&entry.service);
            }
        }
        let past = self.addresses.get_mut(&entry.address)?;
        past.services.remove(&entry.service);
        let (pool, is_last) = (past.pool.clone(), past.services.is_empty());
        if let Some(released) = self.pools.get_mut(&pool) {
            released.remove(entry);
        }
        if is_last {
            self.addresses.remove(&entry.address);
        }
        is_last.then_some((pool, entry.address))
    }

    /// The last who let go of the address: when, and who.
    pub(super) fn last(&self, address: IpAddr) -> Option<(WallTime, &ServiceKey)> {
        let services = &self.addresses.get(&address)?.services;
        services.iter().map(|(service, since)| (*since, service)).max()
    }

    /// What the Service let go of, the last first.
    pub(super) fn of_service(&self, service: &ServiceKey) -> impl Iterator<Item = IpAddr> + '_ {
        self.services.get(service).into_iter().flatten().rev().map(|(_, address)| *address)
    }

    /// What is remembered of a pool, the oldest first.
    pub(super) fn of_pool(&self, pool: &PoolName) -> impl Iterator<Item = &Released> {
        let released = self.pools.get(pool);
        let surplus = released.map_or(0, |released| released.len().saturating_sub(MOST_RELEASED));
        released.into_iter().flatten().skip(surplus)
    }

    /// Everything, by pool.
    pub(super) fn all(&self) -> impl Iterator<Item = &Released> {
        self.pools.values().flatten()
    }

    /// When the Service let go of the address.
    pub(super) fn since(&self, address: IpAddr, service: &ServiceKey) -> Option<WallTime> {
        self.addresses.get(&address)?.services.get(service).copied()
    }

    /// When it is over for an address of this pool that was let go of then.
    pub(super) fn end(&self, pool: &PoolName, since: WallTime) -> WallTime {
        since.after(self.cool_downs.get(pool).copied().unwrap_or_default().0)
    }

    /// Whether it is to be remembered still. Clocks differ a little: a date that lies ahead by less than the cool-down is one.
    fn lasts(&self, pool: &PoolName, since: WallTime, now: WallTime) -> bool {
        let cool_down = self.cool_downs.get(pool).copied().unwrap_or(CoolDown::OFF);
        now.distance(since) < cool_down.0
    }
}
