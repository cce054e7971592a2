//! One peer as this node hears it: which of its datagrams count, and until when it lives.
//!
//! A datagram counts when it is of the latest incarnation, was not heard before, and is no later than its siblings by more
//! than a dead-time on the sender's own clock: what was recorded and is played again does not count. One that a later one
//! has overtaken is no sign of life; only the parts of lists in it count.
//!
//! ```text
//!          heard by me ──┐                                   ┌─► alive until
//!   heard by a live peer ┴─► latest sign of life + patience ─┤
//!          of a beat that renews (not doubting) ─────────────┴─► claims stand until
//! ```

use std::time::Duration;

use serde::Serialize;

use super::beat::{Beat, Said};
use super::list::{Held, Stamp};
use super::member::{Incarnation, NodeId, Sequence, State, Version};
use super::offers::{Claim, Weight};
use super::window::{Arrival, Window};
use crate::addr::HardwareAddr;
use crate::name::NodeName;
use crate::time::Instant;

/// Nobody is waited for longer than this, whatever it announces.
const LONGEST_PATIENCE: Duration = Duration::from_secs(5);
/// A clock may run this much slower than ours: one part in eight.
const DRIFT: u32 = 8;

/// Why a sealed beat does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Of a life that is over.
    OldIncarnation,
    /// Heard before.
    Replayed,
    /// Sent long before it arrived.
    Late,
}

/// What counts of a sealed beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// All of it.
    Whole,
    /// The parts of lists in it: a later beat was heard before.
    Parts,
}

/// The last proof that a peer hears this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Echo {
    /// When it came.
    pub at: Instant,
    /// Which list of our claims the peer holds as a whole.
    pub claims: Version,
}

/// A speaker on the segment, alive or not.
#[derive(Debug)]
pub struct Peer {
    /// Who.
    pub id: NodeId,
    /// The name that it gives itself.
    pub name: NodeName,
    /// The hardware address of its link.
    pub hardware: HardwareAddr,
    /// The highest life heard.
    pub incarnation: Incarnation,
    /// What it last said of itself; nobody is waited for longer than [`LONGEST_PATIENCE`], whatever it announces.
    pub said: Said,
    /// When this node first heard this life of it.
    pub since: Instant,
    /// Since when it has been alive without a break.
    pub audible_since: Instant,
    /// Its latest beat.
    pub heard_at: Instant,
    /// Its latest beat that renewed its claims.
    pub renewed_at: Instant,
    /// The last proof that it hears this node, in its life and ours.
    pub echo: Option<Echo>,
    /// Its offers, as last known.
    pub offers: Held<Weight>,
    /// Its claims, as last known.
    pub claims: Held<Claim>,
    /// Whether it counts as alive.
    pub alive: bool,
    /// Whether its claims stand.
    pub standing: bool,
    /// When its silence was first suspicious.
    pub suspected_at: Option<Instant>,
    /// It became audible as an active speaker, and its lists are not known yet.
    pub newcomer: bool,
    pub(super) announced: (Stamp, Stamp),
    pub(super) greetings: u8,
    pub(super) echoes_due: u8,
    /// When the latest slice of a change came that is not whole yet: of the offers, of the claims.
    pub(super) arriving: (Option<Instant>, Option<Instant>),
    pub(super) contested_until: Instant,
    window: Window,
    vouched_at: Instant,
    attested_at: Instant,
    grace_until: Instant,
    buried_at: Instant,
    clock: ClockLine,
}

/// The least delay seen between the sender's clock and ours, in milliseconds, and when.
#[derive(Clone, Copy, Debug)]
struct ClockLine {
    least: i64,
    at: Instant,
}

impl ClockLine {
    fn new(sent: Duration, received: Instant) -> Self {
        Self { least: offset(sent, received), at: received }
    }

    /// What the delay may be by now, given that the sender's clock may be the slower one.
    fn expected(&self, received: Instant) -> i64 {
        self.least.saturating_add(millis(received.since(self.at) / DRIFT))
    }

    fn advance(&mut self, sent: Duration, received: Instant) {
        let least = offset(sent, received).min(self.expected(received));
        *self = Self { least, at: received };
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn offset(sent: Duration, received: Instant) -> i64 {
    millis(received.since(Instant::ZERO)).saturating_sub(millis(sent))
}

fn bounded(said: Said) -> Said {
    Said { patience: said.patience.min(LONGEST_PATIENCE), ..said }
}

impl Peer {
    /// A peer that was just heard for the first time.
    pub fn new(beat: &Beat, received: Instant) -> Self {
        Self {
            id: beat.id,
            name: NodeName::from(beat.name.as_str()),
            hardware: beat.hardware,
            incarnation: beat.incarnation,
            said: bounded(beat.said),
            since: received,
            audible_since: received,
            heard_at: received,
            renewed_at: received,
            echo: None,
            offers: Held::new(),
            claims: Held::new(),
            alive: false,
            standing: false,
            suspected_at: None,
            newcomer: beat.said.state == State::Active,
            announced: (beat.offers, beat.claims),
            greetings: 0,
            echoes_due: 0,
            arriving: (None, None),
            contested_until: Instant::ZERO,
            window: Window::new(beat.sequence),
            vouched_at: Instant::ZERO,
            attested_at: Instant::ZERO,
            grace_until: Instant::ZERO,
            buried_at: Instant::ZERO,
            clock: ClockLine::new(beat.sent, received),
        }
    }

    /// Whether `beat` counts. `fresh` tells that it echoes a recent datagram of ours, which no recording can.
    ///
    /// # Errors
    /// Why it does not; nothing changed.
    pub fn judge(&self, beat: &Beat, fresh: bool, received: Instant) -> Result<Counts, Stale> {
        if beat.incarnation < self.incarnation {
            return Err(Stale::OldIncarnation);
        }
        if beat.incarnation > self.incarnation {
            return Ok(Counts::Whole);
        }
        let counts = match self.window.judge(beat.sequence) {
            Arrival::Latest => Counts::Whole,
            Arrival::Overtaken => Counts::Parts,
            Arrival::Replayed => return Err(Stale::Replayed),
        };
        let delay = offset(beat.sent, received).saturating_sub(self.clock.expected(received));
        if !fresh && delay > millis(self.said.patience) {
            return Err(Stale::Late);
        }
        Ok(counts)
    }

    /// Notes a datagram of which only the parts of lists count.
    pub fn hear_overtaken(&mut self, beat: &Beat) {
        self.window.note(beat.sequence);
    }

    /// The latest datagram heard.
    pub fn latest(&self) -> Sequence {
        self.window.latest()
    }

    /// Whether `beat` is of a new life of the peer.
    pub fn begins_anew(&self, beat: &Beat) -> bool {
        beat.incarnation > self.incarnation
    }

    /// Takes what the head of a beat that counts says. Tells whether a new life of the peer has begun.
    pub fn hear(&mut self, beat: &Beat, fresh: bool, received: Instant) -> bool {
        let reborn = self.begins_anew(beat);
        if reborn {
            let (alive, standing, buried_at) = (self.alive, self.standing, self.buried_at);
            *self = Self { alive, standing, buried_at, ..Self::new(beat, received) };
        }
        self.said = bounded(beat.said);
        self.window.note(beat.sequence);
        self.announced = (beat.offers, beat.claims);
        self.heard_at = self.heard_at.max(received);
        self.suspected_at = None;
        if beat.said.state != State::Doubting {
            self.renewed_at = self.renewed_at.max(received);
        }
        if fresh {
            self.clock = ClockLine::new(beat.sent, received);
        } else {
            self.clock.advance(beat.sent, received);
        }
        reborn
    }

    /// A live peer says that it heard this one's datagram `sequence` at `at`, and holds its list of claims in the
    /// version `claims`. Of a datagram that this node has heard itself its own clock tells better. Claims that have
    /// ended do not stand again by the word of one who knows that they have changed.
    pub fn vouch(&mut self, incarnation: Incarnation, sequence: Sequence, claims: Version, at: Instant) {
        let later = incarnation == self.incarnation && sequence > self.window.latest();
        if !later || at <= self.buried_at {
            return;
        }
        self.vouched_at = self.vouched_at.max(at);
        if self.standing || claims <= self.claims.stamp().version {
            self.attested_at = self.attested_at.max(at);
        }
    }

    /// Declares it dead as of `now`: its link has lost its carrier.
    pub fn bury(&mut self, now: Instant) {
        let past = now - self.said.patience * 2;
        (self.heard_at, self.renewed_at) = (self.heard_at.min(past), self.renewed_at.min(past));
        (self.vouched_at, self.attested_at) = (Instant::ZERO, Instant::ZERO);
        (self.grace_until, self.buried_at) = (Instant::ZERO, now);
    }

    /// Gives it until `until` to be heard: this node itself may have missed its beats.
    pub fn grant(&mut self, until: Instant) {
        self.grace_until = self.grace_until.max(until);
    }

    fn borne(&self) -> Duration {
        self.said.patience + self.said.lateness.min(self.said.interval)
    }

    /// When it stops being alive, if nothing more is heard of it.
    pub fn alive_until(&self) -> Instant {
        (self.heard_at.max(self.vouched_at) + self.borne()).max(self.grace_until)
    }

    /// When its claims stop standing, if no beat renews them.
    pub fn stands_until(&self) -> Instant {
        (self.renewed_at.max(self.attested_at) + self.borne()).max(self.grace_until)
    }

    /// When its silence will have lasted for so many fifths of its beat.
    pub fn silent_for(&self, fifths: u32) -> Instant {
        self.heard_at + self.said.interval * fifths / 5
    }

    /// Whether it has proven to hear this node.
    pub fn mutual(&self) -> bool {
        self.echo.is_some()
    }

    /// Whether it is a candidate for what it offers.
    pub fn candidate(&self) -> bool {
        self.alive && self.said.state == State::Active
    }

    /// Whether both its lists are known as it last announced them.
    pub fn matches(&self) -> bool {
        self.offers.stamp() == self.announced.0 && self.claims.stamp() == self.announced.1
    }

    /// Whether its claims are known as it last announced them.
    pub fn claims_match(&self) -> bool {
        self.claims.stamp() == self.announced.1
    }
}
