//! ServiceCIDRs: which addresses the cluster gives to its own Services.

use k8s_openapi::api::networking::v1::ServiceCIDR as ApiServiceCidr;
use serde::{Deserialize, Serialize};

use crate::addr::AddressRange;
use crate::config::{ClusterRange, Identity, Occupant, Occupied};
use crate::name::ObjectKey;

/// A ServiceCIDR. Its status changes nothing that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceCidr {
    /// Its name; no namespace.
    pub key: ObjectKey,
    /// `spec.cidrs`.
    pub ranges: Box<[AddressRange]>,
}

impl ServiceCidr {
    /// Its ranges.
    pub fn occupied(&self) -> impl Iterator<Item = Occupied> {
        let by = || Occupant::Services(ClusterRange::Declared(self.key.name.clone()));
        self.ranges.iter().map(move |range| Occupied { by: by(), range: *range })
    }
}

impl From<&ApiServiceCidr> for ServiceCidr {
    fn from(object: &ApiServiceCidr) -> Self {
        let all = object.spec.iter().flat_map(|spec| spec.cidrs.iter().flatten());
        Self {
            key: Identity::from(&object.metadata).key,
            ranges: all.filter_map(|range| range.parse().ok()).collect(),
        }
    }
}
