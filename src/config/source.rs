//! The operator's objects as they are written, before anybody has judged them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::{Deserialize, Serialize};

use super::{Identity, Labels};
use crate::api::{
    IPAddressPool, L2Advertisement, NodePreference, ServiceAllocation, Unsupported, own, unsupported,
};

/// An IPAddressPool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoolSource {
    /// Which object, and which version of it.
    pub identity: Identity,
    /// `metadata.labels`, for `ipAddressPoolSelectors`.
    pub labels: Labels,
    /// `spec.addresses`: CIDRs and `first-last` ranges, in the order in which they are used up.
    pub addresses: Vec<String>,
    /// `spec.autoAssign`; the absent field means true.
    pub auto_assign: bool,
    /// `spec.avoidBuggyIPs`.
    pub avoid_buggy: bool,
    /// `spec.serviceAllocation`.
    pub allocation: Option<AllocationSource>,
    /// Annotations under `patina.dev/`, each by the part of its key behind the prefix.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Paths of fields that are set and have no meaning yet.
    pub unsupported: Vec<String>,
}

impl PoolSource {
    /// Whether both are versions of one object that ask for the same.
    pub fn says_the_same(&self, other: &Self) -> bool {
        *self == Self { identity: self.identity.clone(), ..other.clone() }
            && self.identity.same_object(&other.identity)
    }
}

/// `spec.serviceAllocation` of an IPAddressPool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AllocationSource {
    /// Lower is tried first; 0 and absent are last.
    pub priority: i64,
    /// Namespaces by name.
    pub namespaces: Vec<String>,
    /// Namespaces by label, or-ed with the names.
    pub namespace_selectors: Vec<LabelSelector>,
    /// Services by label, and-ed with the namespaces.
    pub service_selectors: Vec<LabelSelector>,
}

/// An L2Advertisement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdvertisementSource {
    /// Which object, and which version of it.
    pub identity: Identity,
    /// `spec.ipAddressPools`; with `pool_selectors` empty too: every pool.
    pub pools: Vec<String>,
    /// `spec.ipAddressPoolSelectors`, or-ed with the names.
    pub pool_selectors: Vec<LabelSelector>,
    /// `spec.nodeSelectors`, or-ed; empty: every node.
    pub node_selectors: Vec<LabelSelector>,
    /// `spec.interfaces`; empty: every link whose prefixes hold the address.
    pub interfaces: Vec<String>,
    /// `spec.serviceSelectors`, or-ed; empty: every Service of the pools.
    pub service_selectors: Vec<LabelSelector>,
    /// `spec.preferredNodeSelectors`.
    pub preferences: Vec<PreferenceSource>,
    /// Paths of fields that are set and have no meaning yet.
    pub unsupported: Vec<String>,
}

impl AdvertisementSource {
    /// Whether both are versions of one object that ask for the same.
    pub fn says_the_same(&self, other: &Self) -> bool {
        *self == Self { identity: self.identity.clone(), ..other.clone() }
            && self.identity.same_object(&other.identity)
    }
}

/// One of `spec.preferredNodeSelectors`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreferenceSource {
    /// 1 to 100, added to the weight of each matching node.
    pub weight: i32,
    /// Which nodes.
    pub selector: LabelSelector,
}

impl From<&IPAddressPool> for PoolSource {
    fn from(pool: &IPAddressPool) -> Self {
        Self {
            identity: Identity::from(&pool.metadata),
            labels: Labels::from(&pool.metadata.labels),
            addresses: pool.spec.addresses.clone(),
            auto_assign: pool.spec.auto_assign,
            avoid_buggy: pool.spec.avoid_buggy_ips,
            allocation: pool.spec.service_allocation.as_ref().map(AllocationSource::from),
            options: own(pool.metadata.annotations.as_ref()),
            unsupported: paths(pool),
        }
    }
}

impl From<&ServiceAllocation> for AllocationSource {
    fn from(allocation: &ServiceAllocation) -> Self {
        Self {
            priority: allocation.priority.unwrap_or_default(),
            namespaces: allocation.namespaces.clone(),
            namespace_selectors: allocation.namespace_selectors.clone(),
            service_selectors: allocation.service_selectors.clone(),
        }
    }
}

impl From<&L2Advertisement> for AdvertisementSource {
    fn from(advertisement: &L2Advertisement) -> Self {
        let spec = &advertisement.spec;
        let preference =
            |p: &NodePreference| PreferenceSource { weight: p.weight, selector: p.preference.clone() };
        Self {
            identity: Identity::from(&advertisement.metadata),
            pools: spec.ip_address_pools.clone(),
            pool_selectors: spec.ip_address_pool_selectors.clone(),
            node_selectors: spec.node_selectors.clone(),
            interfaces: spec.interfaces.clone(),
            service_selectors: spec.service_selectors.clone(),
            preferences: spec.preferred_node_selectors.iter().map(preference).collect(),
            unsupported: paths(advertisement),
        }
    }
}

fn paths<K: Unsupported>(object: &K) -> Vec<String> {
    unsupported(object).into_iter().map(str::to_owned).collect()
}
