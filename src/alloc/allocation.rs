//! What a Service is given, and where that comes from.

use std::fmt;

use super::Addresses;
use crate::addr::Family;
use crate::name::PoolName;

/// Addresses, and the pools that they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// At least one.
    pub addresses: Addresses,
    /// One pool for each family that is among the addresses.
    pub pools: Pools,
}

/// One pool for each family, mostly the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pools {
    v4: Option<PoolName>,
    v6: Option<PoolName>,
}

impl Allocation {
    /// All of them from one pool.
    pub(super) fn from_one(pool: &PoolName, addresses: Addresses) -> Self {
        Self { pools: Pools::one(pool, &addresses), addresses }
    }

    /// Both together; of a family that both have, the pool is the same.
    pub(super) fn and(self, other: &Self) -> Self {
        let addresses = other.addresses.iter().fold(self.addresses, Addresses::with);
        let (v4, v6) = (self.pools.v4.or_else(|| other.pools.v4.clone()), self.pools.v6);
        Self { addresses, pools: Pools { v4, v6: v6.or_else(|| other.pools.v6.clone()) } }
    }
}

impl Pools {
    /// This pool for each family that is among the addresses.
    pub(super) fn one(pool: &PoolName, addresses: &Addresses) -> Self {
        let of = |family| addresses.first(family).map(|_| pool.clone());
        Self { v4: of(Family::V4), v6: of(Family::V6) }
    }

    /// The pool that addresses of `family` come from.
    pub const fn of(&self, family: Family) -> Option<&PoolName> {
        match family {
            Family::V4 => self.v4.as_ref(),
            Family::V6 => self.v6.as_ref(),
        }
    }

    /// Each pool once, that of IPv4 first.
    pub fn names(&self) -> impl Iterator<Item = &PoolName> {
        let second = self.v6.as_ref().filter(|v6| self.v4.as_ref() != Some(*v6));
        self.v4.iter().chain(second)
    }

    /// The value of `metallb.io/ip-allocated-from-pool`: the name, or both names as `metallb.io/address-pool` takes
    /// them, that of IPv4 first.
    pub fn annotation(&self) -> String {
        self.names().map(PoolName::as_str).collect::<Vec<_>>().join(",")
    }
}

impl fmt::Display for Pools {
    /// `pool a` or `pools a and b`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().map(PoolName::as_str).collect();
        write!(f, "pool{} {}", if names.len() > 1 { "s" } else { "" }, names.join(" and "))
    }
}

impl fmt::Display for Allocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.addresses, self.pools)
    }
}
