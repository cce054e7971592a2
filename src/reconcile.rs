//! What to write to the API server: the difference between what should stand there and what the `World` shows.
//!
//! Decides which status, condition, annotation and notice is due. Leaves to the executors of the shells the writing, its
//! errors and its retries, and to remember what is on its way: an effect stays due until the `World` shows it. In a
//! steady state there is no effect at all.

mod allocated;
mod announced;
mod controller;
mod effect;
mod grounds;
mod left_behind;
mod notice;
mod reading;
mod remembered;
mod service;
mod speaker;
#[cfg(test)]
mod tests;
mod written;

pub use announced::Announced;
pub use controller::{Controller, CrdFlavor, Review};
pub use effect::{
    Effect, EffectKey, L2StatusWrite, Notice, Part, PoolStateWrite, ServiceWrite, Severity, StatusWrite,
    Subject,
};
pub use left_behind::LeftBehind;
pub use reading::Reading;
pub use speaker::{Held, Writer};
