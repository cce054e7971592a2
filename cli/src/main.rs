//! The patina command.

fn main() {}
