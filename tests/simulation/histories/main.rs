//! Histories: what happened to a cluster, and what must hold.

mod failover;
