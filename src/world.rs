//! Everything known: the objects of the API server and the links of the kernel, trimmed to what decisions use.
//!
//! Decides nothing; it is the one place where facts are kept, with one owner. The order in which watches deliver
//! leaves no trace: the same objects give the same `World`, with one exception that is meant, [`Service::inherited`].
//!
//! ```text
//!   watch of the API server ── Change::{Apply, Delete, Reset} ─┐
//!                                                              ├─► World ─► alloc, election, reconcile
//!   netlink ── whole set of links ─────────────────────────────┘   └─► Touched: what to decide again
//! ```

mod advertisement;
mod condition;
mod endpoint;
mod l2status;
mod link;
mod loan;
mod namespace;
mod node;
mod object;
mod pool;
mod pool_state;
mod service;
mod service_cidr;
mod span;
mod store;
mod touched;

pub use advertisement::Advertisement;
pub use condition::{Condition, DOMAIN};
pub use endpoint::EndpointSlice;
pub use l2status::L2Status;
pub use link::Link;
pub use loan::{Lie, Loan, LoanFact, LoanKey, Loans, Which};
pub use namespace::Namespace;
pub use node::{EXCLUDE_LABEL, Node};
pub use object::{Change, Kind, Object};
pub use pool::{Pool, PoolCounters};
pub use pool_state::{PoolState, Released};
pub use service::{Annotated, Annotations, FamilyPolicy, Port, Protocol, Service, TrafficPolicy};
pub use service_cidr::ServiceCidr;
pub use store::World;
pub use touched::Touched;
