//! Many speakers under one virtual clock.
//!
//! Each node runs the packet thread's own machine, [`patina::hot::Hot`], with its own bytes, codec and seal included.
//! The rest is a model: wires, clocks, schedulers, drivers, clients with neighbour caches. A history is a list of
//! steps; the same history gives the same trace, byte for byte.
//!
//! ```text
//!   history ─► sim ──► node: Hot, clock, queue, stalls ──┐
//!     ▲         │                                        ├── lan: cuts, delay, loss, repetition
//!     │         ├────► host: neighbour cache ────────────┘
//!   shrink ◄── oracle ◄── world: what is true
//! ```
//!
//! Left to others: what the kernel's own caches and sockets do (`tests/netns`), and the world's view that decides
//! what a node offers (unit tests of the core).

#![forbid(unsafe_code)]
#![expect(clippy::wildcard_enum_match_arm, reason = "each reader of steps looks at the few that concern it")]

pub mod clock;
pub mod command;
pub mod fault;
pub mod fewest;
pub mod frame;
pub mod fresh;
pub mod generate;
pub mod history;
pub mod host;
pub mod judge;
pub mod lan;
pub mod liar;
pub mod node;
pub mod oracle;
pub mod plant;
pub mod random;
pub mod setup;
pub mod shrink;
pub mod sim;
pub mod trace;
pub mod world;
