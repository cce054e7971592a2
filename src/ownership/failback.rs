//! When an address goes back to its first choice: never because a node has returned, but because somebody asked for it.
//!
//! Each move is planned (handed over, damped), and one follows another only after a pause.
//!
//! | asked for by | after no candidate has come or gone for | moves |
//! | --- | --- | --- |
//! | the policy `balance` | 10 min | of one that holds more than its fair share, to the first in rank |
//! | the policy `after d` | d | to the first in rank |
//! | a preference of the operator (unless `never`) | 60 s | to one of a higher weight |

use std::net::IpAddr;
use std::ops::Bound;
use std::time::Duration;

use super::facts::best;
use super::{LOOKS_PER_TURN, Ownership};
use crate::membership::Membership;
use crate::membership::member::NodeId;
use crate::membership::session::Peer;
use crate::time::Instant;

/// Calm that `balance` waits for.
const BALANCE_AFTER: Duration = Duration::from_secs(600);
/// Calm that a preference waits for.
const PREFERENCE_AFTER: Duration = Duration::from_secs(60);
/// Between two moves, and between two looks.
const PAUSE: Duration = Duration::from_secs(10);

/// When an address moves back to its first choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailBack {
    /// An owner that holds more than its fair share for ten minutes without a change gives back one at a time.
    #[default]
    Balance,
    /// After no candidate has come or gone for so long; zero is what MetalLB does.
    After(Duration),
    /// Not by itself, whatever the preferences say.
    Never,
}

#[derive(Debug, Default)]
pub(super) struct Calm {
    since: Option<Instant>,
    look_at: Option<Instant>,
    /// The address that the next look begins with.
    next: Option<IpAddr>,
}

impl Calm {
    /// A candidate has come or gone.
    pub(super) fn disturb(&mut self) {
        self.since = None;
    }

    /// When to look next: only an owner has anything to give back.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.look_at
    }
}

impl Ownership {
    /// Plans the next move that somebody asked for, if it is time.
    pub(super) fn fail_back(&mut self, policy: FailBack, membership: &Membership, now: Instant) {
        let since = *self.calm.since.get_or_insert(now);
        if self.mine.is_empty() || policy == FailBack::Never {
            self.calm.look_at = None;
            return;
        }
        if self.calm.look_at.is_some_and(|at| now < at) {
            return;
        }
        self.calm.look_at = Some(now + PAUSE);
        let calm = now.since(since);
        let asked = match policy {
            FailBack::Never => false,
            FailBack::After(wait) => calm >= wait,
            FailBack::Balance => calm >= BALANCE_AFTER && self.holds_too_much(membership),
        };
        if asked || calm >= PREFERENCE_AFTER {
            self.look_for_a_move(asked, membership, now);
        }
    }

    /// Looks at as many addresses as one turn may take, from where the last look ended.
    fn look_for_a_move(&mut self, asked: bool, membership: &Membership, now: Instant) {
        let start = self.calm.next.take();
        let rest = (start.map_or(Bound::Unbounded, Bound::Included), Bound::Unbounded);
        let mut left = LOOKS_PER_TURN / (1 + membership.peer_count());
        let mut found = None;
        for address in self.mine.range(rest) {
            if left == 0 || found.is_some() {
                self.calm.next = Some(*address);
                break;
            }
            left -= 1;
            found = self.back(*address, asked, membership).map(|to| (*address, to));
        }
        match found {
            Some((address, to)) => drop(self.plan_move(address, Some(to), now)),
            None if self.calm.next.is_some() => self.calm.look_at = Some(now + membership.timing.beat),
            None => {}
        }
    }

    /// To whom the address goes back, if to anybody.
    fn back(&self, address: IpAddr, asked: bool, membership: &Membership) -> Option<NodeId> {
        let weight = self.slots.get(&address)?.offer?.weight;
        let offers_more = |peer: &Peer| peer.offers.get(address).is_some_and(|theirs| *theirs > weight);
        // Weights are cheaper to compare than hashes.
        if !asked && !membership.peers().any(|peer| peer.candidate() && offers_more(peer)) {
            return None;
        }
        let (to, heavier) = best(address, weight, membership)?;
        (asked || heavier).then_some(to)
    }

    /// At least one more than the fair share, rounded up.
    fn holds_too_much(&self, membership: &Membership) -> bool {
        let candidates = membership.peers().filter(|peer| peer.candidate() && !peer.offers.is_empty());
        let (nodes, theirs) = candidates.fold((1, 0), |(n, held), peer| (n + 1, held + peer.claims.len()));
        self.mine.len() > (self.mine.len() + theirs).div_ceil(nodes)
    }
}
