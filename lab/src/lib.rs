//! A cluster on one machine, for hands and for tests.

pub mod agent;
pub mod capture;
pub mod clock;
pub mod cluster;
pub mod control;
pub mod daemon;
pub mod fault;
pub mod host;
pub mod http;
pub mod load;
pub mod manifest;
pub mod netlink;
pub mod netns;
pub mod pods;
pub mod privilege;
mod proxy;
pub mod report;
pub mod sandbox;
pub mod seccomp;
pub mod segment;
pub mod settings;
pub mod signals;
pub mod standins;
pub mod state;
pub mod story;
pub mod wait;
