//! The controller against the lab's API server: what it writes, and when it writes nothing.
//!
//! Server and controller run in this process and talk over loopback. A controller that is stopped gives its Lease back;
//! one that is dropped has crashed.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod allocation;
mod fixture;
mod foreign;
mod leadership;
mod outage;
mod pressure;
mod unsupported;
