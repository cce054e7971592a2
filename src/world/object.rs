//! The kinds that are watched, and how one change is told.

use serde::{Deserialize, Serialize};

use super::{Advertisement, EndpointSlice, L2Status, Namespace, Node, Pool, PoolState, Service, ServiceCidr};
use crate::config::ForeignSource;
use crate::name::ObjectKey;

/// A watched kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// `v1` Service.
    Service,
    /// `discovery.k8s.io/v1` EndpointSlice.
    EndpointSlice,
    /// `v1` Node.
    Node,
    /// `v1` Namespace.
    Namespace,
    /// `metallb.io/v1beta1` IPAddressPool.
    Pool,
    /// `metallb.io/v1beta1` L2Advertisement.
    Advertisement,
    /// `metallb.io/v1beta1` ServiceL2Status.
    L2Status,
    /// `patina.dev/v1alpha1` PoolState.
    PoolState,
    /// `patina.dev/v1alpha1` ForeignRange.
    ForeignRange,
    /// `networking.k8s.io/v1` ServiceCIDR, which API servers have since Kubernetes 1.33.
    ServiceCidr,
    /// Links of this node, from the kernel; never watched at the API server.
    Link,
}

/// One object of a watched kind, trimmed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Object {
    /// `v1` Service.
    Service(Service),
    /// `discovery.k8s.io/v1` EndpointSlice.
    EndpointSlice(EndpointSlice),
    /// `v1` Node.
    Node(Node),
    /// `v1` Namespace.
    Namespace(Namespace),
    /// `metallb.io/v1beta1` IPAddressPool.
    Pool(Pool),
    /// `metallb.io/v1beta1` L2Advertisement.
    Advertisement(Advertisement),
    /// `metallb.io/v1beta1` ServiceL2Status.
    L2Status(L2Status),
    /// `patina.dev/v1alpha1` PoolState.
    PoolState(PoolState),
    /// `patina.dev/v1alpha1` ForeignRange.
    ForeignRange(ForeignSource),
    /// `networking.k8s.io/v1` ServiceCIDR.
    ServiceCidr(ServiceCidr),
}

impl Object {
    /// Which kind it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Service(_) => Kind::Service,
            Self::EndpointSlice(_) => Kind::EndpointSlice,
            Self::Node(_) => Kind::Node,
            Self::Namespace(_) => Kind::Namespace,
            Self::Pool(_) => Kind::Pool,
            Self::Advertisement(_) => Kind::Advertisement,
            Self::L2Status(_) => Kind::L2Status,
            Self::PoolState(_) => Kind::PoolState,
            Self::ForeignRange(_) => Kind::ForeignRange,
            Self::ServiceCidr(_) => Kind::ServiceCidr,
        }
    }

    /// Without our conditions, which the controller alone decides on: with their sentences they are a third of a Service.
    #[must_use]
    pub fn without_conditions(self) -> Self {
        let Self::Service(service) = self else { return self };
        Self::Service(Service { conditions: Box::default(), ..service })
    }
}

/// What a watch tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "a change lives only between a watch and the World")]
pub enum Change {
    /// The object exists and looks like this.
    Apply(Object),
    /// The object is gone.
    Delete(Kind, ObjectKey),
    /// A list: these objects exist, and no others of this kind.
    Reset(Kind, Vec<Object>),
}

impl Change {
    /// The same, without our conditions.
    #[must_use]
    pub fn without_conditions(self) -> Self {
        match self {
            Self::Apply(object) => Self::Apply(object.without_conditions()),
            Self::Reset(kind, objects) => {
                Self::Reset(kind, objects.into_iter().map(Object::without_conditions).collect())
            }
            Self::Delete(kind, key) => Self::Delete(kind, key),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn a_service_without_its_conditions_is_the_same_in_everything_else() {
        let object = |conditions| {
            let service: k8s_openapi::api::core::v1::Service = from_value(json!({
                "metadata": { "namespace": "web", "name": "shop" },
                "spec": { "type": "LoadBalancer" },
                "status": { "loadBalancer": { "ingress": [{ "ip": "192.0.2.1" }] }, "conditions": conditions },
            }))
            .unwrap();
            Object::Service(Service::from(&service))
        };
        let condition = json!([{
            "type": "patina.dev/Allocated", "status": "True", "reason": "Allocated", "message": "192.0.2.1 from gold",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }]);
        let (with, without) = (object(condition), object(json!([])));
        assert_ne!(with, without);
        assert_eq!(with.clone().without_conditions(), without);
        let list = |object: &Object| Change::Reset(Kind::Service, vec![object.clone()]);
        assert_eq!(list(&with).without_conditions(), list(&without));
    }
}
