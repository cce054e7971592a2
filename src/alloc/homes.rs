//! Which pool each address of a Service is in: one for each family.

use std::net::IpAddr;

use super::search::Search;
use super::{Addresses, Allocation, PoolWish, Refusal};
use crate::addr::Family;
use crate::config::{Pool, PoolState};

/// Addresses, and the pools that they are in.
pub(super) struct Homes<'a> {
    addresses: Addresses,
    v4: Option<&'a Pool>,
    v6: Option<&'a Pool>,
}

impl<'a> Homes<'a> {
    fn of(addresses: &Addresses) -> Self {
        Self { addresses: addresses.clone(), v4: None, v6: None }
    }

    const fn slot(&mut self, family: Family) -> &mut Option<&'a Pool> {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }

    const fn get(&self, family: Family) -> Option<&'a Pool> {
        match family {
            Family::V4 => self.v4,
            Family::V6 => self.v6,
        }
    }

    /// Each pool with the addresses of one family that are in it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a Pool, impl Iterator<Item = IpAddr> + '_)> {
        Family::ALL
            .into_iter()
            .filter_map(|family| self.get(family).map(|pool| (pool, self.addresses.of(family))))
    }

    pub(super) fn allocation(&self) -> Allocation {
        let of = |family| {
            let addresses: Addresses = self.addresses.of(family).collect();
            self.get(family).map(|pool| Allocation::from_one(&pool.name, addresses))
        };
        match (of(Family::V4), of(Family::V6)) {
            (Some(v4), Some(v6)) => v4.and(&v6),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Allocation { addresses: Addresses::NONE, pools: Default::default() },
        }
    }
}

impl<'a> Search<'a> {
    /// The pools that these addresses are in. There are two only for a Service that asks for two, or whose
    /// addresses are known to have been given out of two.
    pub(super) fn homes_of(&self, addresses: &Addresses) -> Result<Homes<'a>, Refusal> {
        let from = self.service.annotations.allocated_from.as_deref();
        let mut homes = Homes::of(addresses);
        for address in addresses.iter() {
            let pool = self.config.pool_of(address, from).ok_or(Refusal::OutsidePools(address))?;
            match homes.slot(Family::of(address)).replace(pool) {
                Some(first) if first.name != pool.name => return Err(two(first, pool)),
                Some(_) | None => {}
            }
        }
        match (homes.v4, homes.v6) {
            (None, None) => Err(Refusal::NoPools),
            (Some(v4), Some(v6)) if v4.name != v6.name && !self.may_be_apart(v4, v6) => Err(two(v4, v6)),
            _ => Ok(homes),
        }
    }

    fn may_be_apart(&self, v4: &Pool, v6: &Pool) -> bool {
        let from = self.service.annotations.allocated_from.as_deref();
        let known = from.and_then(|names| names.split_once(','));
        known == Some((v4.name.as_str(), v6.name.as_str()))
            || matches!(self.demand.named_pools(), Some(PoolWish::Apart(..)))
    }

    /// Which of two pools that are asked for is for `family`.
    pub(super) fn apart(&self, one: &'a Pool, other: &'a Pool, family: Family) -> Result<&'a Pool, Refusal> {
        // Of a rejected pool it is not known what it was to have. What others hold of a pool does not change what it is for.
        let written = |pool: &Pool, family| pool.ranges.ranges().iter().any(|range| range.family() == family);
        let has = |pool: &Pool, family| pool.state == PoolState::Invalid || written(pool, family);
        let fits = |v4: &Pool, v6: &Pool| has(v4, Family::V4) && has(v6, Family::V6);
        let (v4, v6) = match (fits(one, other), fits(other, one)) {
            (true, _) => (one, other),
            (false, true) => (other, one),
            (false, false) => return Err(Refusal::SameFamily(one.name.clone(), other.name.clone())),
        };
        Ok(match family {
            Family::V4 => v4,
            Family::V6 => v6,
        })
    }

    /// The pool that is asked for, for this family; `None`: none is.
    pub(super) fn asked_for(&self, family: Family) -> Result<Option<&'a Pool>, Refusal> {
        let known = |name| self.config.pool(name).ok_or_else(|| Refusal::PoolUnknown(name.clone()));
        match &self.demand.pool {
            Ok(None) => Ok(None),
            Ok(Some(PoolWish::One(name))) => known(name).map(Some),
            Ok(Some(PoolWish::Apart(one, other))) => self.apart(known(one)?, known(other)?, family).map(Some),
            Err(unreadable) => Err(unreadable.clone()),
        }
    }
}

fn two(first: &Pool, second: &Pool) -> Refusal {
    Refusal::TwoPools(first.name.clone(), second.name.clone())
}
