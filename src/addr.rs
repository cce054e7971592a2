//! Addresses: families, ranges and hardware addresses.

mod family;
mod hardware;

pub use family::Family;
pub use hardware::{HardwareAddr, HardwareAddrError};
