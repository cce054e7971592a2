//! Answers ARP and NDP for external addresses on one node.

pub mod net;
