//! What is written, and when nothing is.

mod room;
mod services;
mod written;
