//! PoolState: what the controller remembers of a pool's addresses.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most addresses that are remembered of one pool: the object stays well below what an API server stores.
pub const MOST_RELEASED: usize = 4096;

/// Addresses that were let go of. There is no status beside it: one request writes it whole, over the version that was read.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "patina.dev",
    version = "v1alpha1",
    kind = "PoolState",
    plural = "poolstates",
    namespaced,
    derive = "PartialEq",
    derive = "Default",
    doc = "Addresses of the IPAddressPool of the same name that were let go of, each kept for a while for who held it. \
           Written by the controller."
)]
pub struct PoolStateSpec {
    /// The last that were let go of, the longest ago first.
    #[serde(default)]
    #[schemars(extend("maxItems" = MOST_RELEASED, "x-kubernetes-list-type" = "atomic"))]
    pub released: Vec<ReleasedAddress>,
}

/// An address that was let go of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleasedAddress {
    /// The address.
    #[schemars(length(max = 45))]
    pub address: String,
    /// Namespace of the Service that held it.
    #[schemars(length(max = 63))]
    pub namespace: String,
    /// Name of the Service that held it.
    #[schemars(length(max = 63))]
    pub name: String,
    /// When it was let go of (RFC 3339).
    #[schemars(length(max = 35))]
    pub since: String,
}
