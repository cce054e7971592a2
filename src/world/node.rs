//! Nodes: which of them may announce.

use k8s_openapi::api::core::v1::Node as ApiNode;
use serde::{Deserialize, Serialize};

use crate::config::{Identity, Labels};
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
}

impl Node {
    /// The key under which the API server names it.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new("", self.name.as_str())
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
        }
    }
}
