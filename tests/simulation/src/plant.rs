//! Planted faults: what is wrong around the machine, to prove that an oracle would see it.
//!
//! The machine itself is never changed. A plant sits between it and the wires, as a broken shell or a broken card
//! would: it drops, adds, delays, reorders or rewrites what goes in and out of one speaker.

mod fault;

use std::time::Duration;

use patina::hot::Control;

pub use fault::Fault;

use crate::frame::{self, Kind};
use crate::node::Sent;

/// What surrounds a speaker's machine.
#[derive(Clone, Debug, Default)]
pub struct Plant {
    fault: Option<Fault>,
    memory: fault::Memory,
}

impl Plant {
    /// Nothing between the machine and the wires.
    pub fn sound() -> Self {
        Self::default()
    }

    /// This fault around every node.
    pub fn with(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// The order in which the shell reads its queue.
    pub fn reorder<T>(&self, mut queue: Vec<T>) -> Vec<T> {
        if self.is(Fault::ReadsInAnyOrder) {
            fault::shuffle_by_chance(&mut queue);
        }
        queue
    }

    /// Whether a frame reaches the machine, which owns something or nothing.
    pub fn lets_in(&self, bytes: &[u8], owns: bool) -> bool {
        let beat = || matches!(frame::read(bytes).map(|seen| seen.kind), Some(Kind::Beat(_)));
        !(self.is(Fault::OwnersHearNoBeats) && owns && beat())
    }

    /// Whether a word of the driver reaches the machine.
    pub fn obeys(&self, control: &Control) -> bool {
        match control {
            Control::Leave => !self.is(Fault::IgnoresLeave),
            Control::Offers(_) => !(self.is(Fault::KeepsOffers) && self.memory.owned),
            _ => true,
        }
    }

    /// What leaves the node of what the machine has sent; `owns` tells whether it owns anything now.
    pub fn lets_out(&mut self, mut sent: Vec<Sent>, owns: bool, at: Duration) -> Vec<Sent> {
        if let Some(fault) = self.fault {
            fault.rewrite(&mut sent, &mut self.memory, owns, at);
        }
        self.memory.owned |= owns;
        sent
    }
}
