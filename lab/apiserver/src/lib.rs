//! The lab's API server: enough of the real one, and honest about the rest.

pub mod builtin;
pub mod cel;
pub mod managed;
pub mod schema;
pub mod strategic;
