//! A cluster on one machine, for hands and for tests.

pub mod clock;
pub mod host;
pub mod netlink;
pub mod netns;
pub mod privilege;
pub mod sandbox;
pub mod segment;
