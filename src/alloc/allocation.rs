//! What a Service is given.

use super::Addresses;
use crate::name::PoolName;

/// Addresses, and the pool that they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// At least one.
    pub addresses: Addresses,
    /// The one pool of all of them.
    pub pool: PoolName,
}
