//! Listening: sockets, bounds, TLS and certificates, for the metrics of both daemons and the controller's webhook.
//!
//! ```text
//!  flags ─► offer ─┐
//!  folder ─► read ─┴► configure ─► Transport ─┐
//!  listen ─────────────────── socket ─────────┴─► serve ─► a router, connection by connection
//! ```
//!
//! Decides nothing about who may ask what.

mod certificate;
mod listen;
mod tls;

pub use certificate::{Identity, IdentityError, Pair, configure, read};
pub use listen::{Limits, Shown, Transport, listen, serve};
#[cfg(test)]
pub(crate) use tls::MinVersion;
pub use tls::{Offer, TlsFlagError, TlsFlags, offer};
