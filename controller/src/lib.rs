//! Assigns addresses to Services of type LoadBalancer.
