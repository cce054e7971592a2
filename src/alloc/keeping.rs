//! What the ledger keeps for somebody: addresses that are reserved, and addresses that cool.
//!
//! ```text
//!   held ── let go of ──► cooling ── cool-down is over ──► free
//!    ▲                      │  who held it comes back, or nothing else is left
//!    └──────────────────────┘
//!   reserved: kept for those who are named, whether they exist or not
//! ```
//!
//! Both stand among what is taken, so that the search for a free address steps over them as it does over what is held.

use std::net::IpAddr;

use super::memory::Memory;
use super::{Addresses, Ledger, Terms};
use crate::addr::Family;
use crate::config::{Config, Pool, PoolState};
use crate::name::{PoolName, ServiceKey};
use crate::time::WallTime;
use crate::world::{Released, World};

/// How far a search for addresses goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reach {
    /// None cools for others.
    Free,
    /// Everything but what is reserved for others.
    #[default]
    Any,
}

/// Who looks for how many addresses.
#[derive(Clone, Copy)]
pub(super) struct Want<'a> {
    pub(super) service: &'a ServiceKey,
    pub(super) terms: &'a Terms,
    /// What it has already.
    pub(super) besides: &'a Addresses,
    pub(super) count: usize,
    pub(super) reach: Reach,
}

impl Ledger {
    /// A ledger of these pools in which nobody holds anything; what `last` and the PoolStates remember goes on.
    pub(super) fn begin(world: &World, config: &Config, last: &Self, now: WallTime) -> Self {
        let mut ledger = Self::default();
        (ledger.memory, ledger.now) = (Memory::of(config), now);
        // What a rejected pool has said stays with it: others that have its addresses now give them out.
        let in_force = config.pools().filter(|pool| pool.state == PoolState::Sound);
        for address in in_force.flat_map(|pool| pool.options.reservations.addresses()) {
            ledger.reserved.insert(address);
            ledger.taken.insert(address);
        }
        last.memory.all().for_each(|released| ledger.recall(config, released));
        ledger.read(world, config);
        ledger.date(now);
        ledger
    }

    /// Takes over what PoolStates say.
    pub(super) fn read(&mut self, world: &World, config: &Config) {
        let written = world.pool_states().flat_map(|state| &state.released);
        written.for_each(|released| self.recall(config, released));
    }

    /// It is this time now: what has cooled down is free.
    pub(super) fn date(&mut self, now: WallTime) {
        self.now = now;
        for (pool, address) in self.memory.expire(now) {
            self.sort_in(&pool, address);
        }
    }

    /// What is remembered counts for the pool that gives out the address now.
    fn recall(&mut self, config: &Config, released: &Released) {
        let pool = config.pool_of(released.address, None);
        if let Some(pool) = pool.filter(|pool| pool.ranges.contains(released.address)) {
            self.note(&pool.name, released);
        }
    }

    /// What was held and is not any more begins to cool.
    pub(super) fn let_go(&mut self, config: &Config, before: &Self) {
        for (service, held) in before.holdings() {
            let holds = self.holding(service).map(|holding| holding.addresses.clone()).unwrap_or_default();
            for address in held.addresses.iter().filter(|address| !holds.contains(*address)) {
                let released = Released { since: self.now, address, service: service.clone() };
                self.recall(config, &released);
            }
        }
    }

    /// The Service lets go of the address now.
    pub(super) fn remember(&mut self, pool: &PoolName, service: &ServiceKey, address: IpAddr) {
        self.note(pool, &Released { since: self.now, address, service: service.clone() });
    }

    fn note(&mut self, pool: &PoolName, released: &Released) {
        if self.memory.note(pool, released, self.now) {
            self.sort_in(pool, released.address);
        }
    }

    /// Says of an address whether it is taken, and whether it cools.
    pub(super) fn sort_in(&mut self, pool: &PoolName, address: IpAddr) {
        let is_kept = !self.holders(address).is_empty() || self.reserved.contains(&address);
        let since = self.memory.last(address).map(|(since, _)| since);
        match since.filter(|_| !is_kept) {
            Some(since) => self.cooling.put(pool, address, since),
            None => self.cooling.remove(address),
        }
        if is_kept || since.is_some() {
            self.taken.insert(address);
        } else {
            self.taken.remove(address);
            self.full.remove(&(pool.clone(), Family::of(address)));
        }
    }

    /// Addresses of the pool that are kept for the Service and that it could hold: those that are reserved as listed, then
    /// those that it let go of, the last first.
    pub(super) fn own(&self, pool: &Pool, family: Family, want: Want<'_>) -> Vec<IpAddr> {
        let reserved = pool.options.reservations.of(want.service).iter().copied();
        let mut own: Vec<IpAddr> = Vec::new();
        for address in reserved.chain(self.memory.of_service(want.service)) {
            if !own.contains(&address) && self.fits(pool, family, want, address) {
                own.push(address);
            }
        }
        own
    }

    /// Whether the address is one of the pool that the Service could be given.
    pub(super) fn fits(&self, pool: &Pool, family: Family, want: Want<'_>, address: IpAddr) -> bool {
        Family::of(address) == family
            && pool.ranges.contains(address)
            && !want.besides.contains(address)
            && pool.options.reservations.bar(address, want.service).is_none()
            && self.check(address, want.service, want.terms).is_ok()
    }

    /// What the Service let go of, the last first.
    pub(super) fn remembered(&self, service: &ServiceKey) -> impl Iterator<Item = IpAddr> + '_ {
        self.memory.of_service(service)
    }

    /// Until when the address is kept for the Service, which let go of it.
    pub(super) fn kept_until(
        &self,
        pool: &PoolName,
        address: IpAddr,
        service: &ServiceKey,
    ) -> Option<WallTime> {
        self.memory.since(address, service).map(|since| self.memory.end(pool, since))
    }

    /// The coolest address of the pool, whom it is kept for, and until when.
    pub(super) fn coolest(&self, pool: &PoolName, family: Family) -> Option<(IpAddr, ServiceKey, WallTime)> {
        let address = self.cooling.of_pool(pool, family).next()?;
        let (since, service) = self.memory.last(address)?;
        Some((address, service.clone(), self.memory.end(pool, since)))
    }

    /// What is remembered of the addresses of a pool that were let go of, the oldest first.
    pub fn released(&self, pool: &PoolName) -> impl Iterator<Item = &Released> {
        self.memory.of_pool(pool)
    }
}
