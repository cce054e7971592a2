//! When a speaker that listens may become a candidate, and when one that doubted itself may resume.
//!
//! ```text
//!   Starting ──settled──► Active ◄──resumed── Doubting
//!                            └────leave────► Leaving ◄──► Doubting
//! ```
//!
//! *Settled*: five beats since the start or since the link came up; every live peer has proven to hear this node, and its
//! lists are known (3 s at most). If the API server says that other nodes are Ready while none is heard, a switch port may
//! still be learning (IEEE 802.1D: twice 15 s), so 35 s pass. Speakers that start together become active together, so that
//! the first choice is the hash's and not that of the fastest (1 s at most).

use std::collections::BTreeSet;
use std::time::Duration;

use super::Membership;
use super::member::State;
use crate::name::NodeName;
use crate::time::Instant;

/// Beats that a starting speaker sends before it may settle.
const BEATS_TO_SETTLE: u32 = 5;
/// Longest wait for mutual hearing and for lists.
const LISTS_AT_MOST: Duration = Duration::from_secs(3);
/// Longest wait for others that start too.
const TOGETHER_AT_MOST: Duration = Duration::from_secs(1);
/// Wait for a port that is still learning.
const LEARNING_PORT: Duration = Duration::from_secs(35);

/// What the API server says of the other nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// All Nodes by name; nothing while that is unknown.
    pub named: Option<BTreeSet<NodeName>>,
    /// Whether some other Node is Ready.
    pub others_ready: bool,
}

#[derive(Debug)]
pub(super) struct Settling {
    since: Instant,
    pub(super) beats: u32,
    ready_since: Option<Instant>,
    doubt_since: Option<Instant>,
    active_since: Option<Instant>,
    pub(super) leaving: bool,
}

impl Settling {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            beats: 0,
            ready_since: None,
            doubt_since: None,
            active_since: None,
            leaving: false,
        }
    }
}

impl Membership {
    /// Moves on from starting and from doubt when the time has come.
    pub(super) fn settle(&mut self, now: Instant) {
        match self.state {
            State::Starting => self.settle_from_start(now),
            State::Doubting if self.doubt_is_over(now) => {
                let resumed = if self.settling.leaving { State::Leaving } else { State::Active };
                self.become_state(resumed, now);
            }
            State::Active if self.is_deaf(now) => self.doubt(now),
            State::Doubting | State::Active | State::Leaving => {}
        }
    }

    fn settle_from_start(&mut self, now: Instant) {
        if !self.is_ready(now) {
            self.settling.ready_since = None;
            return;
        }
        let ready_since = *self.settling.ready_since.get_or_insert(now);
        let waits_for = |p: &super::Peer| p.alive && p.said.state == State::Starting && !p.said.ready;
        if now.since(ready_since) >= TOGETHER_AT_MOST || !self.peers.values().any(waits_for) {
            self.become_state(State::Active, now);
        }
    }

    /// Whether only the readiness of others may be missing.
    pub(super) fn is_ready(&self, now: Instant) -> bool {
        if self.settling.beats < BEATS_TO_SETTLE {
            return false;
        }
        let waited = now.since(self.settling.since);
        let mut alive = self.peers.values().filter(|peer| peer.alive).peekable();
        if alive.peek().is_none() {
            return !self.surroundings.others_ready || waited >= LEARNING_PORT;
        }
        let known = |peer: &super::Peer| peer.mutual() && peer.matches();
        alive.all(|peer| known(peer) || now.since(peer.audible_since) >= LISTS_AT_MOST)
    }

    pub(super) fn settling_deadline(&self) -> Option<Instant> {
        let start = self.settling.since;
        match self.state {
            State::Starting => {
                let together = self.settling.ready_since.map(|at| at + TOGETHER_AT_MOST);
                let alive = self.peers.values().filter(|peer| peer.alive);
                let lists = alive.map(|peer| peer.audible_since + LISTS_AT_MOST);
                // What has passed already does not wake again; the beats do.
                lists
                    .chain([start + LEARNING_PORT])
                    .chain(together)
                    .filter(|at| *at > self.speech.last_turn)
                    .min()
            }
            State::Doubting => {
                let over = self.settling.doubt_since.map(|at| at + self.timing.dead_time());
                over.into_iter().chain([self.deaf_until()]).filter(|at| *at > self.speech.last_turn).min()
            }
            State::Active => self.deaf_deadline(),
            State::Leaving => None,
        }
    }

    /// The own loop has stalled, or nothing is heard: claims are neither renewed nor ended until it is known what happened meanwhile.
    /// Who has not settled yet settles anew.
    pub fn doubt(&mut self, now: Instant) {
        if self.state == State::Starting {
            self.settling = Settling::new(now);
            return;
        }
        self.settling.doubt_since = Some(now);
        self.become_state(State::Doubting, now);
    }

    /// Each live peer has beaten since this node woke, and its lists are known; or a dead-time has passed. And this node
    /// hears, unless it wants to be gone.
    fn doubt_is_over(&self, now: Instant) -> bool {
        if self.may_have_missed(now) && !self.settling.leaving {
            return false;
        }
        let Some(since) = self.settling.doubt_since else { return true };
        if now.since(since) >= self.timing.dead_time() {
            return true;
        }
        let mut alive = self.peers.values().filter(|peer| peer.alive).peekable();
        alive.peek().is_some() && alive.all(|peer| peer.heard_at >= since && peer.matches())
    }

    /// Gives everything away and takes nothing from now on.
    pub fn leave(&mut self, now: Instant) {
        self.settling.leaving = true;
        if self.state != State::Doubting {
            self.become_state(State::Leaving, now);
        }
    }

    /// Since when this node has listened without a break: since its start, or since the link came up.
    pub fn settling_since(&self) -> Instant {
        self.settling.since
    }

    /// Since when this node is a candidate here.
    pub fn active_since(&self) -> Option<Instant> {
        self.settling.active_since
    }

    fn become_state(&mut self, state: State, now: Instant) {
        if self.state != state {
            self.state = state;
            self.settling.active_since = (state == State::Active).then_some(now);
            self.changes.push_back(super::Change::Candidates);
            self.speech.hasten(now);
        }
    }
}
