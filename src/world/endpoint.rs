//! Endpoint slices: on which nodes a Service has something that serves.

use std::collections::BTreeSet;

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice as ApiSlice};
use serde::{Deserialize, Serialize};

use crate::config::Identity;
use crate::name::{NodeName, ObjectKey, ServiceKey};

/// Label that names the Service of a slice (Kubernetes, "EndpointSlices").
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// An EndpointSlice, reduced to where it serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointSlice {
    /// Its own key.
    pub key: ObjectKey,
    /// Whose slice it is; `None` when it names no Service.
    pub service: Option<ServiceKey>,
    /// Nodes with a serving endpoint.
    pub nodes: BTreeSet<NodeName>,
    /// Some serving endpoint names no node.
    pub elsewhere: bool,
}

impl EndpointSlice {
    /// Whether some endpoint serves, wherever it is.
    pub fn serves(&self) -> bool {
        self.elsewhere || !self.nodes.is_empty()
    }
}

impl From<&ApiSlice> for EndpointSlice {
    fn from(slice: &ApiSlice) -> Self {
        let Identity { key, .. } = Identity::from(&slice.metadata);
        let service = slice.metadata.labels.as_ref().and_then(|l| l.get(SERVICE_LABEL));
        let service =
            service.map(|name| ObjectKey { namespace: key.namespace.clone(), name: name.as_str().into() });
        let serving = || slice.endpoints.iter().filter(|e| serving(e));
        let nodes = serving().filter_map(|e| e.node_name.as_deref()).map(NodeName::from).collect();
        Self { service, nodes, elsewhere: serving().any(|e| e.node_name.is_none()), key }
    }
}

/// Ready (or silent about it), or terminating but still serving.
fn serving(endpoint: &Endpoint) -> bool {
    let Some(conditions) = &endpoint.conditions else { return true };
    conditions.ready.unwrap_or(true) || conditions.serving.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::discovery::v1::EndpointConditions;

    use super::*;

    fn endpoint(ready: Option<bool>, serving: Option<bool>) -> Endpoint {
        let conditions = EndpointConditions { ready, serving, terminating: None };
        Endpoint { conditions: Some(conditions), ..Endpoint::default() }
    }

    #[test]
    fn an_endpoint_that_terminates_and_still_serves_counts() {
        assert!(serving(&endpoint(Some(false), Some(true))));
        assert!(serving(&endpoint(None, None)));
        assert!(serving(&Endpoint::default()));
        assert!(!serving(&endpoint(Some(false), Some(false))));
        assert!(!serving(&endpoint(Some(false), None)));
    }
}
