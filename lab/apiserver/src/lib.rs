//! The lab's API server: enough of the real one, and honest about the rest.
//!
//! ```text
//!  kubectl, kube-rs ─ TLS ─► http ─ Call ─► owner ─► cluster ─► store
//!                             ▲               one task, one request at a time
//!                             ├ tables, feeds ◄─ Reply (objects shared, rendered outside)
//!                             └ admission ◄─ what webhooks are to be asked first
//! ```
//!
//! # What is not imitated
//!
//! - Protobuf answers (JSON is answered where the client takes it, 406 where it does not), HTTP/2, the
//!   contents of OpenAPI v2 (it is empty; v3 is whole), aggregated discovery, deprecated `/watch/` paths.
//! - Authorization: one administrator with one token. Access reviews say yes. ServiceAccounts get no tokens.
//! - Endpoints of the Service `default/kubernetes`: the server does not know under which addresses it is reached.
//! - Admission: policies, quotas, limit ranges, pod security, priorities and mutating webhooks are kept and not asked.
//!   Validating webhooks are asked, by their rules alone (no selectors, conditions, scopes or other versions), one after the
//!   other, and not about collections that are deleted; a Service stands for its cluster IP or its external name.
//! - Conversion webhooks: versions of a custom kind differ in `apiVersion` alone.
//! - ServiceCIDRs beside `kubernetes`, which says the ranges that the server was made with: they are kept, give no addresses,
//!   and nobody checks what stands in them.
//! - What a kubelet would answer: logs, exec, attach, port-forward, proxy.
//! - Controllers, but for garbage collection, namespaces and definitions, whose work is done within the write
//!   that causes it.
//! - Duplicate keys of applied configurations and in YAML are not reported; the last one counts. YAML is read by its
//!   version 1.2, in which `y` and `no` are texts.
//! - API groups that no part of the lab uses: apiregistration, autoscaling, certificates, flowcontrol, node,
//!   resource, most of storage.

pub mod builtin;
pub mod cel;
pub mod managed;
pub mod schema;
pub mod strategic;

mod accept;
mod admission;
mod audit;
mod base64;
mod call;
mod clock;
mod cluster;
mod convert;
mod discovery;
mod http;
mod ledger;
mod object;
mod openapi;
mod owner;
mod owners;
mod protobuf;
mod random;
mod reply;
mod resource;
mod review;
mod rules;
mod schemas;
mod selector;
mod server;
mod settings;
mod status;
mod store;
mod table;
mod tls;

pub use audit::{Audit, AuditKey};
pub use call::Verb;
pub use server::{ApiServer, ListenError, LocalService, Options, StartError};
pub use status::{Reason, Status};
pub use tls::TlsError;
