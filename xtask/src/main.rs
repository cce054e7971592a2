//! Chores: generated files, checks, benchmarks, CI.

fn main() {}
