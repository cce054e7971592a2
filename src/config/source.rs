//! The operator's objects as they are written, before anybody has judged them.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::{Deserialize, Serialize};

use super::{Identity, Labels};

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
    /// Fields that are set and have no meaning yet.
    pub unsupported: Vec<Unsupported>,
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
    /// Fields that are set and have no meaning yet.
    pub unsupported: Vec<Unsupported>,
}

/// One of `spec.preferredNodeSelectors`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreferenceSource {
    /// 1 to 100, added to the weight of each matching node.
    pub weight: i32,
    /// Which nodes.
    pub selector: LabelSelector,
}

/// A field that is set, and read by nobody yet: reported on its object, never ignored in silence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unsupported {
    /// Its path, as in `spec.aggregationLength`.
    pub field: String,
}
