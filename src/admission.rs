//! What the validating webhook answers, and when its certificate changes.
//!
//! Decides whether an object of ours may be written: [`Config::build`](crate::config::Config::build), the controller's own
//! reading, is asked twice, without and with the object, and what is wrong only with it is a refusal. Decides likewise what
//! becomes of the webhook's certificate at a date. Leaves to others how reviews arrive, who is asked for the objects that
//! stand, and how certificates are made and checked.
//!
//! ```text
//!  AdmissionReview as bytes ─► Question ─┐
//!  objects that stand ───────► Standing ─┴─► judge ─► Answer ─► AdmissionReview as bytes
//!
//!  Secret, caBundle, what the certificate is worth at a date ─► rotation::step ─► Step
//! ```
//!
//! *Guarantee*: nothing is refused that the configuration would not call wrong, and no object that stands already, wrong as
//! it is, is refused for what was wrong with it before. Two objects that are written in the same instant do not know of each
//! other: what they have against each other is told by their conditions, as without the webhook.
//!
//! Format of reviews: Kubernetes documentation, "Dynamic Admission Control", `admission.k8s.io/v1`.

mod denial;
mod judge;
mod review;
pub mod rotation;
#[cfg(test)]
mod tests;

pub use denial::Denial;
pub use judge::{Answer, Standing, Verdict, judge};
pub use review::{Question, Review, Subject, Unreadable};
