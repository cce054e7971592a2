//! What is written, and when nothing is.

mod outbox;
mod room;
mod services;
mod written;
