//! Who lives: silence against the clock, questions about the silent, and what excuses silence.
//!
//! A beat only makes the deadlines of its sender later, so all peers are looked at only when the earliest deadline that is
//! known has come: many peers cost a turn no more than few.

use std::collections::VecDeque;
use std::time::Duration;

use super::member::NodeId;
use super::session::Peer;
use super::{Change, Membership};
use crate::time::Instant;

/// Without more peers than these, few can say better about a silent one, and few are disturbed by asking.
const FEW: usize = 2;

/// When to ask about a silent peer, in fifths of its beat.
#[derive(Clone, Copy, Debug)]
struct Asking {
    /// After so long a silence.
    after: u32,
    /// And again every so many, while it lasts: questions get lost too.
    again: u32,
}

impl Asking {
    const AMONG_FEW: Self = Self { after: 7, again: 1 };
    const AMONG_MANY: Self = Self { after: 11, again: 2 };

    /// How long until a peer with this interval is asked about again. Beats of `beat` ask about an idle one, too.
    fn pause(&self, interval: Duration, beat: Duration) -> Duration {
        let idle = interval > beat * 2;
        interval * if idle { Self::AMONG_MANY.again } else { self.again } / 5
    }
}

/// Nothing is due.
const NEVER: Instant = Instant::from_nanos(u64::MAX);

/// What is known of all peers together.
#[derive(Debug)]
pub(super) struct Watch {
    /// The earliest deadline of any peer, or earlier still.
    due: Instant,
    /// How many peers are alive.
    pub(super) alive: usize,
    /// While a peer is suspected: when to ask about it again.
    ask_at: Option<Instant>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { due: NEVER, alive: 0, ask_at: None }
    }

    fn asking(&self) -> &'static Asking {
        if self.alive > FEW { &Asking::AMONG_MANY } else { &Asking::AMONG_FEW }
    }

    /// Somebody may live, or claim, longer than was known.
    pub(super) fn look_again(&mut self, now: Instant) {
        self.due = self.due.min(now);
    }

    /// Among few, silence is suspicious sooner.
    fn count(&mut self, alive: usize, now: Instant) {
        let few = self.alive <= FEW;
        self.alive = alive;
        if few != (alive <= FEW) {
            self.due = now;
        }
    }
}

impl Membership {
    /// When somebody's silence means something, or is to be asked about again, at the earliest.
    pub(super) fn life_deadline(&self) -> Instant {
        self.watch.ask_at.map_or(self.watch.due, |at| at.min(self.watch.due))
    }

    /// Compares the lives of all peers with the clock, if any may be due.
    pub(super) fn review(&mut self, now: Instant) {
        let due = self.watch.due <= now;
        if due {
            self.review_all(now);
        }
        if due || self.watch.ask_at.is_some() {
            self.ask(now);
        }
    }

    fn review_all(&mut self, now: Instant) {
        let (asking, mut alive) = (self.watch.asking(), 0);
        self.watch.due = NEVER;
        for peer in self.peers.values_mut() {
            review(peer, asking, &mut self.changes, now);
            self.watch.due = self.watch.due.min(deadline(peer, asking));
            alive += usize::from(peer.alive);
        }
        self.watch.count(alive, now);
    }

    /// The same for one peer of which something is known that was not known before.
    pub(super) fn review_peer(&mut self, id: NodeId, now: Instant) {
        let asking = self.watch.asking();
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let others = self.watch.alive - usize::from(peer.alive);
        review(peer, asking, &mut self.changes, now);
        let due = if peer.suspected_at.is_some() { now } else { deadline(peer, asking) };
        self.watch.due = self.watch.due.min(due);
        self.watch.count(others + usize::from(peer.alive), now);
    }

    /// Beats out of turn, and again, while some peer is suspected.
    fn ask(&mut self, now: Instant) {
        let (asking, beat) = (self.watch.asking(), self.timing.beat);
        let suspected = self.peers.values().filter(|peer| peer.alive && peer.suspected_at.is_some());
        let Some(pause) = suspected.map(|peer| asking.pause(peer.said.interval, beat)).min() else {
            self.watch.ask_at = None;
            return;
        };
        if self.watch.ask_at.is_none_or(|at| at <= now) {
            self.watch.ask_at = Some(now + pause);
            self.speech.hasten(now);
        }
    }

    /// This node woke late: whoever was alive and may have beaten meanwhile gets a fresh patience.
    /// Turns in line count from here, or all that stalled together would take together; after a long stall from when
    /// an owner that lives has been heard.
    pub fn grant_grace(&mut self, late: Duration, now: Instant) {
        if late >= self.timing.dead_time() {
            self.hold_off_until(now + self.timing.beat);
        } else if late >= self.timing.skew {
            self.hold_off_until(now);
        }
        let missed = |peer: &&mut Peer| (peer.alive || peer.standing) && peer.said.interval <= late;
        for peer in self.peers.values_mut().filter(missed) {
            // Longer than the doubt of an owner that woke together with this node.
            peer.grant(now + peer.said.patience + peer.said.interval * 2);
        }
        self.watch.look_again(now);
    }

    /// A link of a peer has lost its carrier, as the peer says over another one.
    pub fn bury(&mut self, id: NodeId, now: Instant) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.bury(now);
            self.review_peer(id, now);
        }
    }

    pub(super) fn forget_the_stalest(&mut self) {
        let stalest = self.peers.values().filter(|p| !p.alive && !p.standing).min_by_key(|p| p.heard_at);
        if let Some(id) = stalest.map(|peer| peer.id) {
            self.peers.remove(&id);
        }
    }
}

/// When a peer that is silent from now on is to be looked at.
fn deadline(peer: &Peer, asking: &Asking) -> Instant {
    if !peer.alive && !peer.standing {
        return NEVER;
    }
    let stands = if peer.standing { peer.stands_until() } else { peer.alive_until() };
    let end = stands.min(peer.alive_until());
    if peer.suspected_at.is_none() && peer.alive { end.min(peer.silent_for(asking.after)) } else { end }
}

/// Compares a peer's life with the clock.
fn review(peer: &mut Peer, asking: &Asking, changes: &mut VecDeque<Change>, now: Instant) {
    let (alive, standing) = (now < peer.alive_until(), now < peer.stands_until());
    if alive && peer.suspected_at.is_none() && now >= peer.silent_for(asking.after) {
        peer.suspected_at = Some(now);
    }
    if standing != peer.standing {
        peer.standing = standing;
        changes.extend(peer.claims.iter().map(|(address, _)| Change::Claims(address)));
    }
    if alive != peer.alive {
        peer.alive = alive;
        peer.audible_since = now;
        // Whoever vouched for it, its own lists have yet to be seen to agree.
        peer.newcomer = true;
        if !alive && peer.heard_at + peer.said.patience * 2 < now {
            // Only others heard it: what it said to clients of late is not known here.
            changes.push_back(Change::Newcomer);
        }
        let name = peer.name.clone();
        changes.extend([Change::Peer { name, alive }, Change::Candidates]);
    }
}
