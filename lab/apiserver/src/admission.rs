//! Validating webhooks: who is to be asked about a write, what, and what becomes of the answer.
//!
//! ```text
//!   Call ─► owner: Cluster::reviews, by what the write would do ─► Review ─► ask (HTTPS) ─► verdict
//!             ▲                                                                              │
//!             └───────────────────────── the write, if nobody refused ◄──────────────────────┘
//! ```
//!
//! The owner does not wait for a webhook, which may ask the server in turn: between question and write others write too, as
//! they do on the real server.
//!
//! Source: Kubernetes documentation, "Dynamic Admission Control".

mod ask;
mod hook;

pub(crate) use ask::ask;
pub(crate) use hook::{Asked, Hook, Review};
