//! Addresses: families, ranges and hardware addresses.

mod family;
mod gaps;
mod hardware;
mod range;
mod range_set;
mod runs;

pub use family::Family;
pub use gaps::Gaps;
pub use hardware::{HardwareAddr, HardwareAddrError};
pub use range::{AddressRange, RangeError};
pub use range_set::{LastOctet, Overlap, RangeSet};
pub use runs::Runs;
