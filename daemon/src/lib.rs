//! What both daemons share: everything between a command line and the pure core.
//!
//! ```text
//!  flags, environment ─► settings ─► telemetry, client ─► watch ─► Event ─► the daemon's driver
//!                                                          admin ◄─ metrics ◄─┘        │
//!                                                          API server ◄── notice ◄─────┘
//! ```
//!
//! Deliberately absent: any decision about addresses.

pub mod admin;
pub mod backoff;
pub mod client;
pub mod clock;
pub mod configuration;
pub mod fatal;
pub mod https;
pub mod metrics;
pub mod notice;
pub mod outlook;
pub mod owner;
pub mod rights;
pub mod settings;
pub mod telemetry;
pub mod watch;
