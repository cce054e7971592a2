//! What the operator wants: pools of addresses and rules for announcing them, read from the objects as written.
//!
//! Decides which objects count. One that is wrong is reported as a [`Problem`] and never disables another; what it
//! last said while it was right stays in force. Leaves to others who gets an address (`alloc`) and who announces it
//! (`election`).
//!
//! ```text
//!   PoolSource ──────────┐               ┌─► Config: pools, advertisements
//!   AdvertisementSource ─┤               │
//!   ForeignSource ───────┼─► build ──────┤
//!   occupied addresses ──┤               └─► Problems: object, field, kind
//!   the last Config ─────┘
//! ```

mod addresses;
mod advertisement;
mod build;
mod duplicate;
mod foreign;
mod identity;
mod labels;
mod occupied;
mod options;
mod pool;
mod problem;
mod selector;
mod source;
#[cfg(test)]
mod tests;

pub use advertisement::{Advertisement, Preference};
pub use build::{Config, Objects};
pub use foreign::{ForeignHolder, ForeignSource};
pub use identity::{Identity, Timestamp};
pub use labels::Labels;
pub use occupied::{ClusterRange, Occupant, Occupied};
pub use options::{CoolDown, IpamEndpoint, IpamEndpointError, Options, ReservationError, Reservations};
pub use pool::{Pool, PoolState, ServiceAllocation};
pub use problem::{Origin, Problem, ProblemKind};
pub use selector::{Selector, SelectorError};
pub use source::{AdvertisementSource, AllocationSource, PoolSource, PreferenceSource};
