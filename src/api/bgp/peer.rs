//! BGPPeer: a router to talk BGP with, in both versions that are served.
//!
//! v1beta2 is stored. The API server converts by renaming the version alone, which loses nothing from v1beta1 to v1beta2:
//! every field of the old version has the same name and meaning in the new one. Who writes an object back in v1beta1
//! drops what only v1beta2 knows; that is why v1beta1 is marked as deprecated, as in MetalLB.

pub mod v1beta1;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A router to talk BGP with.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "metallb.io",
    version = "v1beta2",
    kind = "BGPPeer",
    plural = "bgppeers",
    namespaced,
    derive = "PartialEq",
    derive = "Default",
    status = "BGPPeerStatus",
    doc = "A router to talk BGP with.",
    printcolumn(name = "Address", type_ = "string", json_path = ".spec.peerAddress"),
    printcolumn(name = "ASN", type_ = "string", json_path = ".spec.peerASN"),
    printcolumn(name = "BFD Profile", type_ = "string", json_path = ".spec.bfdProfile"),
    printcolumn(name = "Multi Hops", type_ = "string", json_path = ".spec.ebgpMultiHop")
)]
#[serde(rename_all = "camelCase")]
pub struct BGPPeerSpec {
    /// Own AS number.
    #[serde(rename = "myASN")]
    #[schemars(with = "i64", range(min = 0, max = 4_294_967_295_u32))]
    pub my_asn: u32,
    /// The peer's AS number; either this or `dynamicASN`.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "peerASN")]
    #[schemars(with = "i64", range(min = 0, max = 4_294_967_295_u32))]
    pub peer_asn: Option<u32>,
    /// Own AS number as shown to this peer.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "localASN")]
    #[schemars(with = "i64", range(min = 1, max = 4_294_967_295_u32))]
    pub local_asn: Option<u32>,
    /// Accept whatever AS number the peer has, as long as it is the own one or another one.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "dynamicASN")]
    #[schemars(with = "DynamicAsn")]
    pub dynamic_asn: Option<DynamicAsn>,
    /// Address of the peer; either this or `interface`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_address: Option<String>,
    /// Link on which the peer is found by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// Own address of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_address: Option<String>,
    /// Port of the peer.
    #[serde(default = "bgp_port", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i32", range(min = 1, max = 16_384), default = "bgp_port")]
    pub peer_port: Option<i32>,
    /// Hold time as a duration, such as 90s (RFC 4271 section 4.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_time: Option<String>,
    /// Interval of keep-alives as a duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keepalive_time: Option<String>,
    /// Pause between attempts to connect, as a duration in whole seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "connect_time")]
    pub connect_time: Option<String>,
    /// Own BGP identifier, written as an IPv4 address.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "routerID")]
    pub router_id: Option<String>,
    /// Nodes that open the session; one selector that matches is enough. Without any: all nodes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub node_selectors: Vec<LabelSelector>,
    /// Password of the session (RFC 2385); either this or `passwordSecret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Secret of type `kubernetes.io/basic-auth` that holds the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SecretRef")]
    pub password_secret: Option<SecretRef>,
    /// Name of the BFDProfile that watches the peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bfd_profile: Option<String>,
    /// Whether routes outlive a restart of the session (RFC 4724). Cannot be changed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "immutable_switch")]
    pub enable_graceful_restart: Option<bool>,
    /// Whether the peer is more than one hop away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ebgp_multi_hop: Option<bool>,
    /// VRF of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vrf: Option<String>,
    /// Deprecated: one session for each family.
    #[serde(default, rename = "disableMP")]
    pub disable_mp: bool,
    /// Whether both families are announced over the one session.
    #[serde(default)]
    pub dual_stack_address_family: bool,
}

/// Which AS numbers to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DynamicAsn {
    /// Only the own one.
    Internal,
    /// Any but the own one.
    External,
}

/// A Secret by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct SecretRef {
    /// Name of the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Namespace of the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// Nothing yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BGPPeerStatus {}

fn bgp_port() -> Option<i32> {
    Some(179)
}

fn connect_time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": 32,
        "x-kubernetes-validations": [
            {
                "rule": "duration(self).getSeconds() >= 1 && duration(self).getSeconds() <= 65535",
                "message": "must be between 1 and 65535 seconds",
            },
            {
                "rule": "duration(self).getMilliseconds() % 1000 == 0",
                "message": "must be a whole number of seconds",
            },
        ],
    })
}

fn immutable_switch(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "boolean",
        "x-kubernetes-validations": [{ "rule": "self == oldSelf", "message": "cannot be changed" }],
    })
}
