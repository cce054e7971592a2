//! ServiceL2Status objects: who says that it answers for a Service.

use serde::{Deserialize, Serialize};

use crate::config::Identity;
use crate::name::{LinkName, NodeName, ServiceKey};

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
