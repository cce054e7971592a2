//! What it means to answer for an address: which questions are answered, and what is said unasked, when.

pub mod groups;
