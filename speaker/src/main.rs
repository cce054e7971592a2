//! Answers ARP and NDP for external addresses on one node.

fn main() {}
