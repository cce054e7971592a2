//! The behaviours the product promises: what several suites need.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test ends where something is not as it must be"
)]

pub mod services;
pub mod wait;
pub mod way;
