//! Addresses: families, ranges and hardware addresses.

mod family;
mod hardware;
mod range;
mod range_set;

pub use family::Family;
pub use hardware::{HardwareAddr, HardwareAddrError};
pub use range::{AddressRange, RangeError};
pub use range_set::{LastOctet, Overlap, RangeSet};
