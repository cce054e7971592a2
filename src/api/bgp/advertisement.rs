//! BGPAdvertisement: which pools are announced by BGP, to whom and how.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Announce addresses of the chosen pools to BGP peers.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "metallb.io",
    version = "v1beta1",
    kind = "BGPAdvertisement",
    plural = "bgpadvertisements",
    namespaced,
    derive = "PartialEq",
    derive = "Default",
    status = "BGPAdvertisementStatus",
    doc = "Announces the addresses of pools to BGP peers.",
    printcolumn(name = "IPAddressPools", type_ = "string", json_path = ".spec.ipAddressPools"),
    printcolumn(
        name = "IPAddressPool Selectors",
        type_ = "string",
        json_path = ".spec.ipAddressPoolSelectors"
    ),
    printcolumn(name = "Peers", type_ = "string", json_path = ".spec.peers"),
    printcolumn(name = "Node Selectors", type_ = "string", json_path = ".spec.nodeSelectors", priority = 10)
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.serviceSelectors) || self.serviceSelectors.size() == 0 \
             || ((!has(self.aggregationLength) || self.aggregationLength == 32) \
             && (!has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128))",
    "message": "serviceSelectors need the default aggregation lengths, 32 and 128",
}]))]
pub struct BGPAdvertisementSpec {
    /// Prefix length in which IPv4 addresses are announced.
    #[serde(default = "single_ipv4", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i32", range(min = 1), default = "single_ipv4")]
    pub aggregation_length: Option<i32>,
    /// Prefix length in which IPv6 addresses are announced.
    #[serde(
        default = "single_ipv6",
        skip_serializing_if = "Option::is_none",
        rename = "aggregationLengthV6"
    )]
    #[schemars(with = "i32", default = "single_ipv6")]
    pub aggregation_length_v6: Option<i32>,
    /// LOCAL_PREF towards peers of the own AS (RFC 4271 section 5.1.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64", range(min = 0, max = 4_294_967_295_u32))]
    pub local_pref: Option<u32>,
    /// Communities to attach: `65000:100`, `large:65000:1:2`, or the name of an alias.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub communities: Vec<String>,
    /// Pools by name. Without names and selectors: every pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ip_address_pools: Vec<String>,
    /// Pools by label, in addition to those named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ip_address_pool_selectors: Vec<LabelSelector>,
    /// Nodes that announce; one selector that matches is enough. Without any: all nodes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub node_selectors: Vec<LabelSelector>,
    /// Peers by name. Without any: all peers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<String>,
    /// Services whose addresses are announced; one selector that matches is enough. Without any: all of the pools'.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_selectors: Vec<LabelSelector>,
}

/// Nothing yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BGPAdvertisementStatus {}

fn single_ipv4() -> Option<i32> {
    Some(32)
}

fn single_ipv6() -> Option<i32> {
    Some(128)
}
