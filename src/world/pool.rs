//! IPAddressPools: what the operator wrote, and what we last wrote below it.

use serde::{Deserialize, Serialize};

use super::Condition;
use crate::api::{IPAddressPool, IPAddressPoolStatus};
use crate::config::PoolSource;

/// `status` counters of an IPAddressPool; a shared address counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolCounters {
    /// `assignedIPv4`.
    pub assigned_v4: i64,
    /// `assignedIPv6`.
    pub assigned_v6: i64,
    /// `availableIPv4`: capacity less what is assigned; saturates at `i64::MAX`.
    pub available_v4: i64,
    /// `availableIPv6`: capacity less what is assigned; saturates at `i64::MAX`.
    pub available_v6: i64,
}

/// An IPAddressPool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    /// What the operator wrote.
    pub source: PoolSource,
    /// `status` counters, `None` when nobody has written them.
    pub counters: Option<PoolCounters>,
    /// Our conditions in its status.
    pub conditions: Box<[Condition]>,
}

impl From<&IPAddressPool> for Pool {
    fn from(pool: &IPAddressPool) -> Self {
        let status = pool.status.as_ref();
        Self {
            source: PoolSource::from(pool),
            counters: status.map(PoolCounters::from),
            conditions: Condition::ours(status.map(|s| &s.conditions)),
        }
    }
}

impl From<&IPAddressPoolStatus> for PoolCounters {
    fn from(status: &IPAddressPoolStatus) -> Self {
        Self {
            assigned_v4: status.assigned_ipv4,
            assigned_v6: status.assigned_ipv6,
            available_v4: status.available_ipv4,
            available_v6: status.available_ipv6,
        }
    }
}
