//! What controllers ask of the API server, and what is going to happen to whom.

use patina::config::Timestamp;
use patina::lending::{CallError, Reply};
use patina::reconcile::Effect;
use patina::time::Instant;
use patina::world::{Change, Kind};
use patina_controller::machine::{Claim, Record, Written};

use crate::node::Asked;

/// Who sent a request: the number of the node, and which of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Number of the node.
    pub node: u8,
    /// Which of its lives.
    pub life: u32,
}

/// A request on its way to the API server.
#[derive(Clone, Debug)]
pub enum Request {
    /// Reads the Lease.
    ReadLease(Sender, Attempt),
    /// Creates it, or writes over the version that was read.
    WriteLease(Sender, Attempt, Option<String>, Claim),
    /// Carries out an effect.
    Write(Sender, Box<Write>),
    /// Asks an IPAM endpoint.
    Call(Sender, u64, Box<Asked>),
}

/// An attempt to take or renew the Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Counts them.
    pub number: u32,
    /// When it began, by the sender's clock.
    pub begun: Instant,
}

/// A write on its way.
#[derive(Clone, Debug)]
pub struct Write {
    /// Tells it from others of its sender.
    pub id: u64,
    /// What it writes.
    pub effect: Effect,
    /// The number of the term in which it was sent.
    pub term: u32,
    /// The version up to which the sender had heard of Services.
    pub heard: u64,
    /// What the sender's wall clock showed.
    pub wall: Timestamp,
}

/// What reaches a controller.
#[derive(Clone, Debug)]
pub enum Signal {
    /// Its loop turns.
    Turn,
    /// It is time to look at the Lease.
    Campaign,
    /// The Lease as it was read.
    LeaseRead(Attempt, Option<Record>),
    /// Whether the Lease was written.
    LeaseWritten(Attempt, bool),
    /// The attempt has taken too long.
    LeaseLate(Attempt),
    /// A watch opens with a list.
    List(Kind, u32),
    /// A watch goes on where it was.
    Resume(Kind, u32),
    /// A watch, of this connection, tells a change and its version.
    Told(Kind, u32, u64, Box<Change>),
    /// A write has ended; an error is told by its code.
    Ended(u64, Result<Written, u16>),
    /// The answer to a write is not waited for any longer.
    GivenUp(u64),
    /// An IPAM endpoint has answered a call.
    Answered(u64, Box<Result<Reply, CallError>>),
    /// The answer to a call is not waited for any longer.
    Unanswered(u64),
}

/// Something that is going to happen.
#[derive(Clone, Debug)]
pub enum Happening {
    /// The next step of the history.
    Step,
    /// Whether all is settled.
    Look,
    /// A request arrives at the API server.
    Arrives(Request),
    /// Something reaches a controller in one of its lives.
    Reaches(Sender, Signal),
    /// A controller that stood still goes on.
    GoesOn(Sender),
}
