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
