//! What the operator wants: pools of addresses and rules for announcing them, read from the objects as written.
//!
//! Decides which objects count. One that is wrong is reported as a [`Problem`] and never disables another; what it
//! last said while it was right stays in force. Leaves to others who gets an address (`alloc`) and who announces it
//! (`election`).

mod identity;
mod labels;
mod source;

pub use identity::{Identity, Timestamp};
pub use labels::Labels;
pub use source::{AdvertisementSource, AllocationSource, PoolSource, PreferenceSource, Unsupported};
