//! The kinds that speak of BGP and BFD. They apply and are stored as in MetalLB; nothing acts on them yet, and
//! [`super::unsupported`] says so.

mod advertisement;
mod bfd;
mod community;
mod peer;
mod status;

pub use advertisement::{BGPAdvertisement, BGPAdvertisementSpec, BGPAdvertisementStatus};
pub use bfd::{BFDProfile, BFDProfileSpec, BFDProfileStatus};
pub use community::{Community, CommunityAlias, CommunitySpec, CommunityStatus};
pub use peer::{BGPPeer, BGPPeerSpec, BGPPeerStatus, DynamicAsn, SecretRef, v1beta1};
pub use status::{ServiceBGPStatus, ServiceBGPStatusSpec, ServiceBGPStatusStatus};
