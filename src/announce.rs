//! What it means to answer for an address: which questions are answered, and what is said unasked, when.
//!
//! ```text
//!   where it may answer (election) ─► desired: what is offered ─► ownership
//!   question (ARP request, solicitation) ─► responder: answer, defend, or ignore with a reason
//!   took an address ─► announcer: burst, then a slow refresh, paced per link
//! ```
//!
//! The responder knows policy and no bytes, the announcer knows deadlines and neither; bytes are the business of `wire`.

pub mod announcer;
pub mod desired;
pub mod groups;
pub mod responder;
