//! The objects as users write them: MetalLB's API group, its annotations, and the words that statuses use.
//!
//! Only shapes live here, with the rules that an object can break by itself (they travel inside the CRDs). Rules between
//! objects belong to `config`, their meaning to everything above it.
//!
//! ```text
//!   user ──► IPAddressPool, L2Advertisement, BGP… ──► API server (schema, CEL) ──► watch ──► config
//!                 status.conditions ◄── controller          ServiceL2Status ◄── speaker
//! ```
//!
//! Kinds, versions, columns and limits are MetalLB's, so that its manifests apply unchanged. What is ours is added beside:
//! `status.conditions` on pools and advertisements, and limits on the length of lists, without which an API server
//! refuses rules that walk them.

#![expect(clippy::duplicated_attributes, reason = "printer columns repeat their type")]

pub mod annotations;
pub mod bgp;
pub mod conditions;

mod advertisement;
mod configuration;
mod crds;
mod foreign_range;
mod l2status;
mod options;
mod pool;
mod pool_state;
mod read;
mod unsupported;

pub use advertisement::{L2Advertisement, L2AdvertisementSpec, L2AdvertisementStatus, NodePreference};
pub use configuration::{
    ConfigurationResult, ConfigurationState, ConfigurationStateFields, ConfigurationStateStatus,
};
pub use crds::{CrdsError, crds};
pub use foreign_range::{ForeignRange, ForeignRangeSpec};
pub use l2status::{InterfaceName, ServiceL2Status, ServiceL2StatusSpec, ServiceL2StatusStatus};
pub(crate) use options::own;
pub use options::{OWN_PREFIX, PoolOption};
pub use pool::{IPAddressPool, IPAddressPoolSpec, IPAddressPoolStatus, ServiceAllocation};
pub use pool_state::{MOST_RELEASED, PoolState, PoolStateSpec, ReleasedAddress};
pub use read::{Unreadable, read};
pub use unsupported::{Unsupported, unsupported};

/// The API group of all nine kinds.
pub const GROUP: &str = "metallb.io";

/// Field manager of everything the controller applies.
pub const CONTROLLER_FIELD_MANAGER: &str = "patina-controller";

/// Field manager of everything a speaker applies.
pub const SPEAKER_FIELD_MANAGER: &str = "patina-speaker";

/// The oldest minor release of Kubernetes 1 that is served: the CEL functions for addresses appeared in it.
pub const OLDEST_KUBERNETES_MINOR: u32 = 31;
