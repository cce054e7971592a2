//! What is written, and when nothing is.

mod doubled;
mod handover;
mod room;
mod services;
mod written;
