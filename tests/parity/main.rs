//! What whoever comes from MetalLB may rely on: the rows of the parity table (docs/parity.md) that concern allocation and
//! configuration, each told by the number in the names of its tests.
//!
//! Told through the Kubernetes API alone: objects go in; statuses, annotations, events and metrics come out of the real
//! controller. One suite, two servers: the lab's, one for each case; or a real one, where `PATINA_PARITY_KUBECONFIG` names
//! the kubeconfig of an administrator whose server has the definitions of charts/patina/crds and no Service of type
//! LoadBalancer:
//!
//! ```text
//! cargo xtask suite parity --kubeconfig ~/.kube/config
//! ```
//!
//! There the cases run one after another, and each takes away what it made.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod case;
mod fixture;

mod admission;
mod beyond;
mod choice;
mod configuration;
mod deposed;
mod dual_stack;
mod ipam;
mod life;
mod occupied;
mod pools;
mod requests;
mod sharing;
mod stability;
mod takeover;
mod told;
mod webhook;
