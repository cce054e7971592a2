//! All allocations: who holds which address, on which terms, and how full each pool is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::cooling::Cooling;
use super::keeping::{Reach, Want};
use super::memory::Memory;
use super::{Addresses, Pools, Refusal, SharingKey, Terms};
use crate::addr::{AddressRange, Family, Runs};
use crate::config::Pool;
use crate::name::{PoolName, ServiceKey};
use crate::time::WallTime;

/// What one Service holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// `metadata.uid` of the Service.
    pub uid: Arc<str>,
    /// Its addresses, never none.
    pub addresses: Addresses,
    /// Where they come from.
    pub pools: Pools,
    /// On which terms.
    pub terms: Arc<Terms>,
}

/// Addresses of a pool that are held; a shared one counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// IPv4.
    pub v4: u64,
    /// IPv6.
    pub v6: u64,
}

/// All allocations.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    holdings: BTreeMap<ServiceKey, Holding>,
    entries: BTreeMap<IpAddr, Entry>,
    /// The keys of `entries`, and what is kept for somebody.
    pub(super) taken: Runs,
    shared: BTreeMap<SharingKey, BTreeSet<IpAddr>>,
    usage: BTreeMap<PoolName, Usage>,
    /// How many usable addresses of a pool, from its start, are all taken: nobody has to step over them again.
    pub(super) full: BTreeMap<(PoolName, Family), u128>,
    pub(super) reserved: BTreeSet<IpAddr>,
    pub(super) memory: Memory,
    pub(super) cooling: Cooling,
    /// The date of what is written in.
    pub(super) now: WallTime,
}

/// One address that is held.
#[derive(Clone, Debug)]
struct Entry {
    pool: PoolName,
    /// Sorted, never empty.
    holders: Vec<ServiceKey>,
}

impl Ledger {
    /// What the Service holds.
    pub fn holding(&self, service: &ServiceKey) -> Option<&Holding> {
        self.holdings.get(service)
    }

    /// All that is held, by Service.
    pub fn holdings(&self) -> impl Iterator<Item = (&ServiceKey, &Holding)> {
        self.holdings.iter()
    }

    /// Who holds the address, in the order of the keys.
    pub fn holders(&self, address: IpAddr) -> &[ServiceKey] {
        self.entries.get(&address).map_or(&[], |entry| &entry.holders)
    }

    /// How many addresses of this range are held as those of the pool.
    pub fn held_in(&self, pool: &PoolName, range: &AddressRange) -> u64 {
        let entries = self.entries.range(range.first()..=range.last());
        entries.fold(0, |held, (_, entry)| held + u64::from(entry.pool == *pool))
    }

    /// How much of a pool is held.
    pub fn usage(&self, pool: &PoolName) -> Usage {
        self.usage.get(pool).copied().unwrap_or_default()
    }

    /// Whether the Service may hold the address on these terms, besides those who hold it now.
    ///
    /// # Errors
    /// [`Refusal::InUse`].
    pub fn check(&self, address: IpAddr, service: &ServiceKey, terms: &Terms) -> Result<(), Refusal> {
        for by in self.holders(address).iter().filter(|by| *by != service) {
            if let Some(clash) = self.holdings.get(by).and_then(|h| terms.clash(&h.terms)) {
                return Err(Refusal::InUse { address, by: by.clone(), clash });
            }
        }
        Ok(())
    }

    /// The first addresses of the pool that a Service may have, as many as it wants or as there are: those that are kept for
    /// it, those that are free or that it can share, and then, if it goes so far, those that cool for others.
    pub(super) fn first_for(&mut self, pool: &Pool, family: Family, want: Want<'_>) -> Vec<IpAddr> {
        let mut all = self.own(pool, family, want);
        if all.len() < want.count {
            let open = self.open(pool, family, want);
            all.extend(open.into_iter().filter(|address| !all.contains(address)).collect::<Vec<_>>());
        }
        if all.len() < want.count && want.reach != Reach::Free {
            let lacks = want.count - all.len();
            let cooling = self.cooling.of_pool(&pool.name, family).filter(|address| !all.contains(address));
            let fits = |address: &IpAddr| self.fits(pool, family, want, *address);
            all.extend(cooling.filter(fits).take(lacks).collect::<Vec<_>>());
        }
        all.truncate(want.count);
        all
    }

    /// Addresses that are free, and those that can be shared, in the order of the pool.
    fn open(&mut self, pool: &Pool, family: Family, want: Want<'_>) -> Vec<IpAddr> {
        let free = self.free(pool, family, want.besides, want.count);
        let shared = self.shared(pool, family, (want.service, want.terms));
        let fits = |address: &IpAddr| self.fits(pool, family, want, *address);
        let mut open: Vec<_> = shared.filter(fits).chain(free).collect();
        open.sort_by_key(|address| place(pool, *address));
        open
    }

    /// The first address of the pool that is held, and that can be shared on these terms.
    pub(super) fn shared_for(
        &self,
        pool: &Pool,
        family: Family,
        service: &ServiceKey,
        terms: &Terms,
    ) -> Option<IpAddr> {
        self.shared(pool, family, (service, terms)).min_by_key(|address| place(pool, *address))
    }

    fn shared(
        &self,
        pool: &Pool,
        family: Family,
        (service, terms): (&ServiceKey, &Terms),
    ) -> impl Iterator<Item = IpAddr> {
        let shared = terms.key.as_ref().and_then(|key| self.shared.get(key)).into_iter().flatten().copied();
        let fits = move |address: &IpAddr| {
            Family::of(*address) == family
                && pool.ranges.contains(*address)
                && self.check(*address, service, terms).is_ok()
        };
        shared.filter(fits)
    }

    fn free(&mut self, pool: &Pool, family: Family, besides: &Addresses, count: usize) -> Vec<IpAddr> {
        let mut index = self.first_free(pool, family);
        let mut free = Vec::with_capacity(count);
        while let Some(address) = pool.ranges.nth(family, index).filter(|_| free.len() < count) {
            match self.taken.last_from(address) {
                Some(last) => index = pool.ranges.index_behind(family, index, last),
                None => {
                    free.extend((!besides.contains(address)).then_some(address));
                    index += 1;
                }
            }
        }
        free
    }

    /// How many addresses at the pool's start are taken without a gap.
    fn first_free(&mut self, pool: &Pool, family: Family) -> u128 {
        let full = self.full.entry((pool.name.clone(), family)).or_default();
        while let Some(address) = pool.ranges.nth(family, *full) {
            let Some(last) = self.taken.last_from(address) else { break };
            *full = pool.ranges.index_behind(family, *full, last);
        }
        *full
    }

    /// Writes down what the Service holds, in place of what it held. The addresses have passed [`Ledger::check`].
    /// The answer tells whether it let go of an address.
    pub(super) fn hold(&mut self, service: &ServiceKey, holding: Holding) -> bool {
        if self.holdings.get(service) == Some(&holding) {
            return false;
        }
        let before = self.strike(service);
        for address in holding.addresses.iter() {
            self.enter(service, &holding, address);
        }
        let now = holding.addresses.clone();
        self.holdings.insert(service.clone(), holding);
        let Some(before) = before else { return false };
        let left: Vec<_> = before.addresses.iter().filter(|address| !now.contains(*address)).collect();
        left.iter().for_each(|address| self.cool(service, &before, *address));
        !left.is_empty()
    }

    fn enter(&mut self, service: &ServiceKey, holding: &Holding, address: IpAddr) {
        let Some(pool) = holding.pools.of(Family::of(address)) else { return };
        let usage = self.usage.entry(pool.clone()).or_default();
        let entry = self.entries.entry(address).or_insert_with(|| {
            *usage.of(address) += 1;
            Entry { pool: pool.clone(), holders: Vec::with_capacity(1) }
        });
        if let Err(at) = entry.holders.binary_search(service) {
            entry.holders.insert(at, service.clone());
        }
        self.taken.insert(address);
        self.cooling.remove(address);
        if let Some(key) = &holding.terms.key {
            self.shared.entry(key.clone()).or_default().insert(address);
        }
    }

    /// Strikes out what the Service holds, and tells what that was.
    pub(super) fn release(&mut self, service: &ServiceKey) -> Addresses {
        let Some(holding) = self.strike(service) else { return Addresses::NONE };
        holding.addresses.iter().for_each(|address| self.cool(service, &holding, address));
        holding.addresses
    }

    fn cool(&mut self, service: &ServiceKey, holding: &Holding, address: IpAddr) {
        if let Some(pool) = holding.pools.of(Family::of(address)) {
            self.remember(pool, service, address);
        }
    }

    fn strike(&mut self, service: &ServiceKey) -> Option<Holding> {
        let holding = self.holdings.remove(service)?;
        holding.addresses.iter().for_each(|address| self.leave(service, &holding, address));
        Some(holding)
    }

    fn leave(&mut self, service: &ServiceKey, holding: &Holding, address: IpAddr) {
        let Some(entry) = self.entries.get_mut(&address) else { return };
        entry.holders.retain(|holder| holder != service);
        if !entry.holders.is_empty() {
            return;
        }
        let pool = entry.pool.clone();
        self.entries.remove(&address);
        *self.usage.entry(pool.clone()).or_default().of(address) -= 1;
        self.sort_in(&pool, address);
        if let Some(shared) = holding.terms.key.as_ref().and_then(|key| self.shared.get_mut(key)) {
            shared.remove(&address);
        }
    }
}

impl PartialEq for Ledger {
    /// Two ledgers are equal if the same Services hold the same addresses on the same terms; the rest follows.
    fn eq(&self, other: &Self) -> bool {
        self.holdings == other.holdings
    }
}

impl Usage {
    const fn of(&mut self, address: IpAddr) -> &mut u64 {
        match address {
            IpAddr::V4(_) => &mut self.v4,
            IpAddr::V6(_) => &mut self.v6,
        }
    }
}

/// Where in the order of a pool an address is: the range as listed, then the address.
fn place(pool: &Pool, address: IpAddr) -> (Option<usize>, IpAddr) {
    (pool.ranges.place(address), address)
}
