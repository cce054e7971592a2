//! What can be done to a node, each as it would look from the segment.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A fault that a node has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Power off: the port leaves the bridge, everything on the node is killed. Healing boots it anew.
    Crash,
    /// The cable is pulled: the node sees that its link has no carrier.
    Carrier,
    /// Everything on the node stands still (SIGSTOP), its kernel lives.
    Freeze,
    /// The port leaves the bridge while everything on the node lives and sees a carrier. The API server is
    /// still heard: it is not on the segment.
    Isolate,
}

/// What a person orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Do this to the node.
    Inflict(Fault),
    /// Undo whatever was done.
    Heal,
}

/// The word is no order. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is none of crash, carrier, freeze, isolate, heal")]
pub struct OrderError(String);

/// An order that makes no sense now. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FaultError {
    /// No such node.
    #[error("there is no node {0:?}")]
    NoNode(String),
    /// One fault at a time.
    #[error("{node} has fault {fault} already; heal it first")]
    Faulty {
        /// Which node.
        node: String,
        /// Its fault.
        fault: Fault,
    },
    /// Nothing to heal.
    #[error("{0} has no fault")]
    Healthy(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crash => "crash",
            Self::Carrier => "carrier",
            Self::Freeze => "freeze",
            Self::Isolate => "isolate",
        })
    }
}

impl FromStr for Order {
    type Err = OrderError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "crash" => Self::Inflict(Fault::Crash),
            "carrier" => Self::Inflict(Fault::Carrier),
            "freeze" => Self::Inflict(Fault::Freeze),
            "isolate" => Self::Inflict(Fault::Isolate),
            "heal" => Self::Heal,
            _ => return Err(OrderError(text.to_owned())),
        })
    }
}
