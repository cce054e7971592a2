//! What one datagram says. Every datagram is a beat: a sign of life, with sections that are there when needed.

use std::time::Duration;

use serde::Serialize;

use super::list::{Slice, Stamp};
use super::member::{ClusterId, Incarnation, NodeId, Sequence, State, Version};
use crate::addr::HardwareAddr;

/// One datagram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// Whose cluster.
    pub cluster: ClusterId,
    /// Who, on the link that it was sent from.
    pub id: NodeId,
    /// The Node's name.
    pub name: String,
    /// Hardware address of the sending link.
    pub hardware: HardwareAddr,
    /// Which life.
    pub incarnation: Incarnation,
    /// Grows with every datagram of this life.
    pub sequence: Sequence,
    /// What the sender says of itself on this link.
    pub said: Said,
    /// The sender's own monotonic clock, in whole milliseconds.
    pub sent: Duration,
    /// The offers, as they are now.
    pub offers: Stamp,
    /// The claims, as they are now.
    pub claims: Stamp,
    /// Whom the sender hears.
    pub heard: Vec<Heard>,
    /// Which lists the sender lacks.
    pub wants: Vec<Want>,
    /// Links of the sender that have lost their carrier.
    pub gone: Vec<NodeId>,
    /// Parts of lists.
    pub parts: Vec<Part>,
}

impl Beat {
    /// The same without a name and sections, with the room that they took.
    pub(super) fn emptied(mut self) -> Self {
        self.name.clear();
        self.heard.clear();
        self.wants.clear();
        self.gone.clear();
        self.parts.clear();
        self
    }
}

/// What a speaker says of itself at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Whether it takes part.
    pub state: State,
    /// Only with [`State::Starting`]: everything but the others' readiness is in place.
    pub ready: bool,
    /// Some frame of another station has reached it within its last dead-time.
    pub receiving: bool,
    /// Its next regular beat comes after this long, in whole milliseconds.
    pub interval: Duration,
    /// Its claims end after this long without a beat, in whole milliseconds.
    pub patience: Duration,
    /// How late its loop has lately been woken, in whole milliseconds.
    pub lateness: Duration,
}

/// "I hear this one", or "I have not heard this one for so long: who has?"
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// Who.
    pub id: NodeId,
    /// Whether the sender asks about it.
    pub asked: bool,
    /// Since its last beat that renewed its claims, in whole milliseconds.
    pub age: Duration,
    /// The highest incarnation that the sender remembers.
    pub incarnation: Incarnation,
    /// The latest datagram of it.
    pub sequence: Sequence,
    /// Which of its lists of claims the sender holds as a whole.
    pub claims: Version,
}

/// "Send me your lists from these versions on."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Whose.
    pub id: NodeId,
    /// The version of its offers that the sender holds, when it needs newer ones.
    pub offers: Option<Version>,
    /// The version of its claims that the sender holds, when it needs newer ones.
    pub claims: Option<Version>,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Of the offers.
    Offers(Slice),
    /// Of the claims.
    Claims(Slice),
}
