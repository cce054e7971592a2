//! The real kubectl against the lab's API server: what a person types, and what they read.
//!
//! Needs the program `kubectl` (1.31 or newer; <https://kubernetes.io/docs/tasks/tools/>) on the path. Without it nothing
//! here is run: that is said aloud, and where `CI` is set it is a failure.

mod applying;
mod changing;
mod describing;
mod examples;
mod kubectl;
mod reading;
mod waiting;
