//! The pure core of Patina: no clock, socket, task, environment or client.
//!
//! If it can be computed, it lives here; if it can fail because of the world, it lives in a shell
//! (`controller/`, `speaker/`, `lab/`).
//!
//! ```text
//!  API server ── watch ──┐
//!  netlink ───── links ──┤                    ┌─► report: why / why not ─► status · metrics · logs
//!  sockets ───── frames ─┼─► World ─► decide ─► Effect ─► executors
//!  clock ─────── now ────┘    machines
//! ```
//!
//! Each room may look only down this list:
//!
//! | level | rooms |
//! | --- | --- |
//! | 8 | `reconcile` (what to write) |
//! | 7 | `hot` (everything the packet thread of one node decides) |
//! | 6 | `announce` (what to answer and to send), `ownership` (who holds an address), `lending` (what to ask of IPAM endpoints) |
//! | 5 | `alloc` (which Service gets which address), `election` (who may, and in which order) |
//! | 4 | `world` (everything known), `admission` (what the webhook answers) |
//! | 3 | `config` (what the operator wants), `membership` (who is alive on a segment) |
//! | 2 | `api` (the objects as users write them), `wire` (bytes and their meaning) |
//! | 1 | `time`, `name`, `addr`, `reason` (the shape of closed lists of reasons) |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod addr;
pub mod admission;
pub mod alloc;
pub mod announce;
pub mod api;
pub mod config;
pub mod election;
pub mod hot;
pub mod lending;
pub mod membership;
pub mod name;
pub mod ownership;
pub mod reason;
pub mod reconcile;
pub mod time;
pub mod wire;
pub mod world;
