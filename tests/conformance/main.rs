//! What a Kubernetes API server answers: one suite for the lab's server and for a real one.
//!
//! Each case is a fact about kube-apiserver, told through kube-rs or, where the behaviour is kubectl's, through
//! kubectl. Against the lab's server the suite runs always; against a real one, of any size and with anything
//! else in it, where `PATINA_CONFORMANCE_KUBECONFIG` names the kubeconfig of an administrator:
//!
//! ```text
//! cargo xtask suite conformance --kubeconfig ~/.kube/config
//! ```
//!
//! A case makes a namespace and kinds of its own and takes them away again. Where the lab's server does not
//! imitate the real one, the case is [`case::differs`] with its line of [`difference::Difference`]: it then must
//! fail on the lab's server, and hold on the real one.

mod case;
mod difference;
mod fixture;
mod kubectl;

mod applies;
mod definitions;
mod deletions;
mod leases;
mod lists;
mod patches;
mod refusals;
mod rules;
mod schemas;
mod services;
mod strictness;
mod tables;
mod watches;
mod webhooks;
mod writes;
