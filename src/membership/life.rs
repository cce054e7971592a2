//! Who lives: silence against the clock, questions about the silent, and what excuses silence.

use std::time::Duration;

use super::member::NodeId;
use super::session::Peer;
use super::{Change, Membership};
use crate::time::Instant;

/// Without more peers than these, few can say better about a silent one, and few are disturbed by asking.
const FEW: usize = 2;

/// When to ask about a silent peer, in fifths of its beat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    /// After so long a silence.
    after: u32,
    /// And again every so many, while it lasts: questions get lost too.
    again: u32,
}

impl Asking {
    const AMONG_FEW: Self = Self { after: 7, again: 1 };
    const AMONG_MANY: Self = Self { after: 11, again: 2 };
}

impl Membership {
    pub(super) fn asking(&self) -> Asking {
        let alive = self.peers.values().filter(|peer| peer.alive).count();
        if alive > FEW { Asking::AMONG_MANY } else { Asking::AMONG_FEW }
    }

    /// When somebody's silence means something, or is to be asked about again.
    pub(super) fn life_deadline(&self) -> Option<Instant> {
        let asking = self.asking();
        let peers = self.peers.values().filter(|peer| peer.alive || peer.standing);
        peers.map(|peer| Self::peer_deadline(peer, asking)).chain(self.ask_at).min()
    }

    fn peer_deadline(peer: &Peer, asking: Asking) -> Instant {
        let stands = if peer.standing { peer.stands_until() } else { peer.alive_until() };
        let end = stands.min(peer.alive_until());
        if peer.suspected_at.is_none() && peer.alive { end.min(peer.silent_for(asking.after)) } else { end }
    }

    /// Compares every peer's life with the clock.
    pub(super) fn review(&mut self, now: Instant) {
        let ids: Vec<NodeId> = self.peers.keys().copied().collect();
        let asking = self.asking();
        for id in ids {
            self.review_peer(id, asking, now);
        }
        self.ask(asking, now);
    }

    /// Beats out of turn, and again, while some peer is suspected.
    fn ask(&mut self, asking: Asking, now: Instant) {
        let suspected = self.peers.values().filter(|peer| peer.alive && peer.suspected_at.is_some());
        // An idle peer is not so urgent, but it is worth more than one question.
        let Some(beat) = suspected.map(|peer| peer.interval.min(self.timing.beat * 2)).min() else {
            self.ask_at = None;
            return;
        };
        if self.ask_at.is_none_or(|at| at <= now) {
            self.ask_at = Some(now + beat * asking.again / 5);
            self.speech.hasten(now);
        }
    }

    pub(super) fn review_peer(&mut self, id: NodeId, asking: Asking, now: Instant) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let (alive, standing) = (now < peer.alive_until(), now < peer.stands_until());
        if alive && peer.suspected_at.is_none() && now >= peer.silent_for(asking.after) {
            peer.suspected_at = Some(now);
        }
        if standing != peer.standing {
            peer.standing = standing;
            self.changes.extend(peer.claims.iter().map(|(address, _)| Change::Claims(address)));
        }
        if alive != peer.alive {
            peer.alive = alive;
            peer.audible_since = now;
            // Whoever vouched for it, its own lists have yet to be seen to agree.
            peer.newcomer = true;
            let name = peer.name.clone();
            self.changes.extend([Change::Peer { name, alive }, Change::Candidates]);
        }
    }

    /// This node woke late: whoever was alive and may have beaten meanwhile gets a fresh patience.
    pub fn grant_grace(&mut self, late: Duration, now: Instant) {
        let missed = |peer: &&mut Peer| (peer.alive || peer.standing) && peer.interval <= late;
        for peer in self.peers.values_mut().filter(missed) {
            // Longer than the doubt of an owner that woke together with this node.
            peer.grant(now + peer.patience + peer.interval * 2);
        }
    }

    /// A link of a peer has lost its carrier, as the peer says over another one.
    pub fn bury(&mut self, id: NodeId, now: Instant) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.bury(now);
            self.review_peer(id, self.asking(), now);
        }
    }

    pub(super) fn forget_the_stalest(&mut self) {
        let stalest = self.peers.values().filter(|p| !p.alive && !p.standing).min_by_key(|p| p.heard_at);
        if let Some(id) = stalest.map(|peer| peer.id) {
            self.peers.remove(&id);
        }
    }
}
