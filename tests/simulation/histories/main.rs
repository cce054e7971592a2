//! Histories: what happened to a cluster, and what must hold.
//!
//! Every history that broke the first version of the protocol has a test with its name, and so has every promise;
//! `fresh` draws histories nobody has thought of; `planted` proves that the oracles can fail.

mod story;

mod churn;
mod crowd;
mod failback;
mod failover;
mod fresh;
mod handover;
mod hearing;
mod links;
mod partition;
mod planted;
mod restart;
mod stall;
mod stranger;
mod weather;
