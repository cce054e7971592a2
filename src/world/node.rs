//! Nodes: which of them may announce.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::Node as ApiNode;
use serde::{Deserialize, Serialize};

use crate::addr::AddressRange;
use crate::config::{Identity, Labels, Occupant, Occupied};
use crate::name::{NodeName, ObjectKey};

/// A node that carries this label, with any value, takes no traffic from outside.
///
/// Source: Kubernetes, "Well-Known Labels, Annotations and Taints".
pub const EXCLUDE_LABEL: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// A Node. Its heartbeats change nothing that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// `metadata.name`.
    pub name: NodeName,
    /// `metadata.labels`, for node selectors and [`EXCLUDE_LABEL`].
    pub labels: Labels,
    /// Condition `Ready` is `True`.
    pub ready: bool,
    /// Condition `NetworkUnavailable` is `True`.
    pub network_unavailable: bool,
    /// `status.addresses` of the types InternalIP and ExternalIP.
    pub addresses: Box<[IpAddr]>,
    /// `spec.podCIDRs`.
    pub pod_ranges: Box<[AddressRange]>,
}

impl Node {
    /// The key under which the API server names it.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new("", self.name.as_str())
    }

    /// Addresses that it uses itself, and those that it gives to Pods.
    pub fn occupied(&self) -> impl Iterator<Item = Occupied> {
        let own = |address: &IpAddr| Occupied {
            by: Occupant::Node(self.name.clone()),
            range: AddressRange::single(*address),
        };
        let pods = |range: &AddressRange| Occupied { by: Occupant::Pods(self.name.clone()), range: *range };
        self.addresses.iter().map(own).chain(self.pod_ranges.iter().map(pods))
    }

    /// Whether it carries [`EXCLUDE_LABEL`].
    pub fn excluded(&self) -> bool {
        self.labels.has(EXCLUDE_LABEL)
    }
}

impl From<&ApiNode> for Node {
    fn from(node: &ApiNode) -> Self {
        let conditions = node.status.as_ref().and_then(|s| s.conditions.as_ref());
        let holds =
            |kind: &str| conditions.into_iter().flatten().any(|c| c.type_ == kind && c.status == "True");
        Self {
            name: NodeName::new(Identity::from(&node.metadata).key.name),
            labels: Labels::from(&node.metadata.labels),
            ready: holds("Ready"),
            network_unavailable: holds("NetworkUnavailable"),
            addresses: read_addresses(node),
            pod_ranges: read_pod_ranges(node),
        }
    }
}

fn read_addresses(node: &ApiNode) -> Box<[IpAddr]> {
    let all = node.status.iter().flat_map(|status| status.addresses.iter().flatten());
    let own = all.filter(|address| matches!(address.type_.as_str(), "InternalIP" | "ExternalIP"));
    own.filter_map(|address| address.address.parse().ok()).collect()
}

fn read_pod_ranges(node: &ApiNode) -> Box<[AddressRange]> {
    let all = node.spec.iter().flat_map(|spec| spec.pod_cidrs.iter().flatten());
    all.filter_map(|range| range.parse().ok()).collect()
}
