//! Everything the packet thread of one node decides: who is alive, who owns which address, what to answer and to send.
//!
//! One machine, sans-IO, fed by frames, by the driver's [`Control`] and by the clock; the same machine and the same
//! bytes run in the speaker's packet thread and in the simulation.
//!
//! ```text
//!   Control (links, offers, nodes, leave) ─┐                ┌─► poll_transmit: frames to send
//!   frames, with their receive time ───────┼─► Hot machine ─┼─► poll_report: transitions, for people and status
//!   now ───────────────────────────────────┘                └─► poll_timeout: when to be called next
//! ```
//!
//! The shell's turn, in this order (a late reader must not look like a dead peer):
//! read every queued frame → `handle_timeout(now)` → send what `poll_transmit` gives → hand out `poll_report` → wait
//! until `poll_timeout` or the next frame.

mod control;
mod report;

pub use control::{Control, LinkFacts, NodeFacts, Offer, Settings};
pub use report::{Cause, Report};

use crate::name::LinkIndex;
use crate::time::Instant;

/// A frame to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The link to send it on.
    pub link: LinkIndex,
    /// The whole Ethernet frame, without FCS; short frames are padded by the driver of the link.
    pub frame: Vec<u8>,
}

/// The machine. See the module's documentation.
#[derive(Debug)]
pub struct Hot {
    settings: Settings,
}

impl Hot {
    /// A machine that has just started: no links, no offers, state *starting*.
    pub fn new(settings: Settings, now: Instant) -> Self {
        let _ = now;
        Self { settings }
    }

    /// Takes one received frame. `received` is the kernel's receive timestamp, `now` the time of this turn.
    pub fn handle_frame(&mut self, link: LinkIndex, frame: &[u8], received: Instant, now: Instant) {
        let _ = (link, frame, received, now, &self.settings);
    }

    /// Takes a word from the driver.
    pub fn handle_control(&mut self, control: Control, now: Instant) {
        let _ = (control, now);
    }

    /// Does what is due at `now`. Called on every turn, after the frames.
    pub fn handle_timeout(&mut self, now: Instant) {
        let _ = now;
    }

    /// The next frame to send, oldest first.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        None
    }

    /// The next transition to tell people about, oldest first.
    pub fn poll_report(&mut self) -> Option<Report> {
        None
    }

    /// When `handle_timeout` wants to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}
