//! Planted faults: what is wrong around the machine, to prove that an oracle would see it.

use patina::hot::Control;
use patina::time::Instant;
use std::time::Duration;

/// A fault around the machine of every node.
#[derive(Clone, Debug, Default)]
pub enum Plant {
    /// None: the machine as it is.
    #[default]
    Sound,
}

impl Plant {
    /// What the shell takes for the time.
    pub fn misread(&self, now: Instant, _running: Duration) -> Instant {
        now
    }

    /// Whether the shell does what is due before it has read its queue.
    pub fn acts_before_reading(&self) -> bool {
        false
    }

    /// The order in which the shell reads its queue.
    pub fn reorder<T>(&self, queue: Vec<T>) -> Vec<T> {
        queue
    }

    /// Whether a frame reaches the machine.
    pub fn lets_in(&self, _frame: &[u8]) -> bool {
        true
    }

    /// The receive time that the shell names.
    pub fn stamp(&self, received: Instant, _now: Instant) -> Instant {
        received
    }

    /// Whether a word of the driver reaches the machine.
    pub fn obeys(&self, _control: &Control) -> bool {
        true
    }

    /// The frames that leave the node.
    pub fn lets_out(&mut self, sent: Vec<(u8, Vec<u8>)>, _at: Duration) -> Vec<(u8, Vec<u8>)> {
        sent
    }
}
