//! The server as kube-rs sees it, over TLS on loopback.

mod definitions;
mod deletion;
mod fixture;
mod objects;
mod services;
mod stopping;
mod watching;
