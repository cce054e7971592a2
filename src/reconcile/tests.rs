//! What is written, and when nothing is.

mod doubled;
mod room;
mod services;
mod written;
