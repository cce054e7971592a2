//! `patina plan` and `patina why` from outside: files and clusters in, words and exit codes out.

mod bad_input;
mod cluster;
mod foretold;
mod scene;
mod why;
