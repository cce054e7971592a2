//! ServiceL2Status objects: who says that it answers for a Service.

use serde::{Deserialize, Serialize};

use crate::api::ServiceL2Status;
use crate::config::Identity;
use crate::name::{LinkName, NodeName, ObjectKey, ServiceKey};

/// A ServiceL2Status. Each speaker writes its own; the controller reads all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct L2Status {
    /// Which object.
    pub identity: Identity,
    /// `status.serviceNamespace` and `status.serviceName`; `None` while the status is empty.
    pub service: Option<ServiceKey>,
    /// `status.node`; `None` while the status is empty.
    pub node: Option<NodeName>,
    /// `status.interfaces`.
    pub links: Vec<LinkName>,
}

impl From<&ServiceL2Status> for L2Status {
    fn from(object: &ServiceL2Status) -> Self {
        let status = object.status.clone().unwrap_or_default();
        let names = status.interfaces.iter().filter_map(|i| i.name.as_deref());
        Self {
            identity: Identity::from(&object.metadata),
            links: names.map(LinkName::from).collect(),
            service: status
                .service_namespace
                .zip(status.service_name)
                .map(|(ns, name)| ObjectKey::new(ns, name)),
            node: status.node.as_deref().map(NodeName::from),
        }
    }
}
