//! A small IPAM endpoint: lends the addresses of a few networks, and remembers them in a file.
//!
//! Everything that a server has to keep to is told in `proto/patina/ipam/v1alpha1/ipam.proto`; [`Book`] is all there is to
//! it, [`Server`] makes gRPC of it.

mod book;
mod server;

/// Generated from the .proto.
#[expect(missing_docs, clippy::all, reason = "generated; the .proto says what it means")]
pub mod api {
    tonic::include_proto!("patina.ipam.v1alpha1");
}

pub use book::{Book, Refused};
pub use server::Server;
