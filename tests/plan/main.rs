//! `patina plan` and `patina why` from outside: files and clusters in, words and exit codes out.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod bad_input;
mod cluster;
mod foretold;
mod scene;
mod why;
