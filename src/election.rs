//! Who may answer for an address, and in which order: computed alone by each node, from what each says of itself.
//!
//! The order is that of MetalLB (weight descending, then a hash of node and address ascending), so that during a change
//! from one load balancer to the other both choose the same node.

mod eligibility;
mod exclusion;
pub mod rank;

pub use eligibility::{Eligibility, ExcludeLabel, Places, Scope, eligibility};
pub use exclusion::Exclusion;
