//! Several controllers before one virtual API server, with laws.
//!
//! Each controller runs the product's own machines: the one that decides, with its outbox, and the one behind
//! leadership. The rest is a model: the API server, watches, requests that are lost or late, clocks that are off, users
//! and operators. A history is a list of steps; the same history gives the same trace, byte for byte.
//!
//! ```text
//!   history ─► model ──► node: State, Campaign, clock ──► requests, late ──► server ──► watches, late ──┐
//!     ▲         │          ▲                                                   │                        │
//!     │         │          └───────────────────────────────────────────────────┼────────────────────────┘
//!   shrink ◄── laws ◄── reference allocator ◄── truth: what everybody asks for ┘
//! ```
//!
//! Left to others: what requests look like on the wire (`tests/controller`, `tests/conformance`), and who announces.

#![forbid(unsafe_code)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each reader of steps and objects looks at the few that concern it"
)]

pub mod endpoint;
pub mod generate;
pub mod history;
pub mod laws;
pub mod model;
pub mod node;
pub mod object;
pub mod plant;
pub mod reference;
pub mod request;
pub mod server;
pub mod shrink;
pub mod step;
pub mod truth;
