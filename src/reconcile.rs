//! What to write to the API server: the difference between what should stand there and what the `World` shows.
//!
//! Decides which status, condition, annotation and notice is due, and when an effect that is already on its way is not
//! to be sent again. Leaves the writing, its errors and its retries to the executors of the shells. In a steady state
//! there is no effect at all.

mod announced;
mod controller;
mod effect;
mod notice;
mod outbox;
mod service;
mod speaker;
#[cfg(test)]
mod tests;
mod written;

pub use announced::Announced;
pub use controller::{Controller, CrdFlavor, Review};
pub use effect::{
    Effect, EffectKey, L2StatusWrite, Notice, Part, ServiceWrite, Severity, StatusWrite, Subject, Urgency,
};
pub use outbox::{Outbox, Outcome};
pub use speaker::{Held, Writer};
