//! Assigns addresses to Services of type LoadBalancer.

fn main() {}
