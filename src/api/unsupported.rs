//! Fields that users may set and that nothing acts on yet. They are reported on the object, never ignored in silence.

use super::bgp::{BFDProfile, BGPAdvertisement, BGPPeer, Community};
use super::{IPAddressPool, L2Advertisement};

/// Paths of the fields of `object` that are set and have no effect yet.
pub fn unsupported<K: Unsupported>(object: &K) -> Vec<&'static str> {
    object.unsupported()
}

/// A kind that knows which of its fields have no effect yet.
pub trait Unsupported {
    /// Paths of such fields that are set.
    fn unsupported(&self) -> Vec<&'static str>;
}

impl Unsupported for IPAddressPool {
    /// None: every field of a pool has its meaning.
    fn unsupported(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

impl Unsupported for L2Advertisement {
    /// None: every field of an advertisement has its meaning.
    fn unsupported(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// Kinds that as a whole wait for their meaning.
macro_rules! whole {
    ($($kind:ty),+) => {
        $(impl Unsupported for $kind {
            /// The whole object: BGP comes after layer 2.
            fn unsupported(&self) -> Vec<&'static str> {
                vec!["spec"]
            }
        })+
    };
}

whole!(BGPAdvertisement, BGPPeer, super::bgp::v1beta1::BGPPeer, BFDProfile, Community);
