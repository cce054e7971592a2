//! Addresses that nobody holds and that somebody held lately: others get them last, the coolest first.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::addr::Family;
use crate::name::PoolName;
use crate::time::WallTime;

/// Such addresses of all pools.
#[derive(Clone, Debug, Default)]
pub(super) struct Cooling {
    by_age: BTreeMap<(PoolName, Family), BTreeSet<(WallTime, IpAddr)>>,
    places: BTreeMap<IpAddr, (PoolName, WallTime)>,
}

impl Cooling {
    /// The address was let go of last at `since`.
    pub(super) fn put(&mut self, pool: &PoolName, address: IpAddr, since: WallTime) {
        self.remove(address);
        let of_pool = self.by_age.entry((pool.clone(), Family::of(address))).or_default();
        of_pool.insert((since, address));
        self.places.insert(address, (pool.clone(), since));
    }

    /// The address is held, or free like any other.
    pub(super) fn remove(&mut self, address: IpAddr) {
        let Some((pool, since)) = self.places.remove(&address) else { return };
        let key = (pool, Family::of(address));
        if let Some(of_pool) = self.by_age.get_mut(&key) {
            of_pool.remove(&(since, address));
            if of_pool.is_empty() {
                self.by_age.remove(&key);
            }
        }
    }

    /// Those of a pool, the coolest first.
    pub(super) fn of_pool(&self, pool: &PoolName, family: Family) -> impl Iterator<Item = IpAddr> + '_ {
        let of_pool = self.by_age.get(&(pool.clone(), family));
        of_pool.into_iter().flatten().map(|(_, address)| *address)
    }
}
