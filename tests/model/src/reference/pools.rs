//! Pools as lists of addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::object::{NAMESPACES, pool_key};
use crate::step::PoolWish;
use crate::truth::{Offered, Truth};

/// Longer ranges are not looked at: histories have none.
const LONGEST: usize = 64;

/// What a status shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// As shown.
    pub addresses: Vec<IpAddr>,
    /// The pools that the annotation names: one, or that of IPv4 and that of IPv6.
    pub mark: Vec<u8>,
}

/// A pool in force.
#[derive(Clone, Debug)]
pub struct Sound {
    /// Every address of its ranges.
    pub covered: Vec<IpAddr>,
    /// Those that may be held.
    sound: Vec<IpAddr>,
    /// Those that it gives out, in order.
    pub usable: Vec<IpAddr>,
}

/// All pools: those in force, and those that are rejected.
#[derive(Clone, Debug, Default)]
pub struct Book {
    sound: BTreeMap<u8, Sound>,
}

impl Book {
    /// The older of two that overlap is in force.
    pub fn read(truth: &Truth) -> Self {
        let mut by_age: Vec<(&u8, &Offered)> = truth.pools.iter().collect();
        by_age.sort_by_key(|(number, offered)| (offered.created, pool_key(**number)));
        let mut book = Self::default();
        for (number, offered) in by_age {
            let covered = addresses(&offered.wish).filter(|all| !all.is_empty());
            let Some(covered) = covered.filter(|all| all.iter().all(|a| book.sound_home(*a).is_none()))
            else {
                continue;
            };
            let sound: Vec<_> =
                covered.iter().copied().filter(|a| !offered.wish.avoid_buggy || !is_buggy(*a)).collect();
            let left_out = |a: &IpAddr| offered.wish.left_out.contains(a) || truth.foreign.contains(a);
            let usable = sound.iter().copied().filter(|address| !left_out(address)).collect();
            book.sound.insert(*number, Sound { covered, sound, usable });
        }
        book
    }

    /// The pool, if it is in force.
    pub fn sound(&self, pool: u8) -> Option<&Sound> {
        self.sound.get(&pool)
    }

    /// The pool in force that covers it.
    pub fn sound_home(&self, address: IpAddr) -> Option<u8> {
        self.sound.iter().find(|(_, sound)| sound.covered.contains(&address)).map(|(number, _)| *number)
    }

    /// The pool that an address is in: the one in force, or else a rejected one that it may come from.
    pub fn home(&self, truth: &Truth, address: IpAddr, mark: &[u8]) -> Option<u8> {
        if let Some(pool) = self.sound_home(address) {
            return Some(pool);
        }
        let named = mark.get(if address.is_ipv6() { mark.len().saturating_sub(1) } else { 0 }).copied();
        let rejected = |pool: &u8| truth.pools.contains_key(pool) && self.sound(*pool).is_none();
        let knows = |pool: &u8| truth.pools[pool].ever.contains(&address);
        named
            .filter(rejected)
            .or_else(|| truth.pools.keys().copied().find(|pool| rejected(pool) && knows(pool)))
    }

    /// Whether a Service may go on holding this address of the pool. A rejected one leaves it where it is.
    pub fn leaves(&self, truth: &Truth, pool: u8, service: u8, address: IpAddr) -> bool {
        let given = |sound: &Sound| sound.sound.contains(&address) && self.admits(truth, pool, service);
        self.sound(pool).is_none_or(given)
    }

    /// Whether the pool is for this Service at all.
    pub fn admits(&self, truth: &Truth, pool: u8, service: u8) -> bool {
        let Some(whom) = truth.pools[&pool].wish.whom else { return true };
        let namespace = service % NAMESPACES;
        let anywhere = whom.namespace.is_none() && whom.label.is_none();
        let here = anywhere
            || whom.namespace == Some(namespace)
            || whom.label == Some(truth.labels[usize::from(namespace)]);
        here && whom.app.is_none_or(|app| truth.services[&service].wish.app == app)
    }

    /// Pools that are given out unasked: those for somebody by priority, then the others by name.
    pub fn tiers(&self, truth: &Truth) -> Vec<Vec<u8>> {
        let open = self.sound.keys().copied().filter(|pool| !truth.pools[pool].wish.on_request);
        let (mut pinned, unpinned): (Vec<u8>, Vec<u8>) =
            open.partition(|pool| truth.pools[pool].wish.whom.is_some());
        pinned.sort_by_key(|pool| {
            let priority = truth.pools[pool].wish.whom.map_or(0, |whom| whom.priority);
            (priority == 0, priority, *pool)
        });
        vec![pinned, unpinned]
    }
}

/// All addresses of a pool, in order; `None` if what is written is wrong.
fn addresses(wish: &PoolWish) -> Option<Vec<IpAddr>> {
    let mut all = Vec::new();
    for range in &wish.ranges {
        for address in span(range)? {
            if all.contains(&address) {
                return None;
            }
            all.push(address);
        }
    }
    Some(all)
}

/// The addresses that can be understood, whatever else is wrong.
pub fn understood(wish: &PoolWish) -> impl Iterator<Item = IpAddr> + '_ {
    spans(&wish.ranges)
}

/// The addresses of these ranges.
pub fn spans(ranges: &[String]) -> impl Iterator<Item = IpAddr> + '_ {
    ranges.iter().filter_map(|range| span(range)).flatten()
}

fn span(range: &str) -> Option<Vec<IpAddr>> {
    let (first, last) = range.split_once('-')?;
    let (first, last): (IpAddr, IpAddr) = (first.parse().ok()?, last.parse().ok()?);
    if first.is_ipv4() != last.is_ipv4() || first > last {
        return None;
    }
    Some(
        std::iter::successors(Some(first), |address| (*address < last).then(|| next(*address)))
            .take(LONGEST)
            .collect(),
    )
}

fn next(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4(v4.to_bits().wrapping_add(1).into()),
        IpAddr::V6(v6) => IpAddr::V6(v6.to_bits().wrapping_add(1).into()),
    }
}

fn is_buggy(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => matches!(v4.octets()[3], 0 | 255),
        IpAddr::V6(_) => false,
    }
}
