//! What only the lab's server can do, as kube-rs sees it over TLS on loopback. What every API server does is told in
//! `tests/conformance`.

mod fixture;
mod stopping;
