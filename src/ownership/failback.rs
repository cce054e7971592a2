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
use std::time::Duration;

use super::Ownership;
use super::facts::best;
use crate::membership::Membership;
use crate::membership::member::NodeId;
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
        let next = self.mine.iter().find_map(|address| self.back(*address, policy, calm, membership));
        if let Some((address, to)) = next {
            self.plan_move(address, Some(to), now);
        }
    }

    /// To whom the address goes back, if to anybody.
    fn back(
        &self,
        address: IpAddr,
        policy: FailBack,
        calm: Duration,
        membership: &Membership,
    ) -> Option<(IpAddr, NodeId)> {
        let weight = self.slots.get(&address)?.offer?.weight;
        let (to, heavier) = best(address, weight, membership)?;
        let asked = match policy {
            FailBack::Never => false,
            FailBack::After(wait) => calm >= wait,
            FailBack::Balance => calm >= BALANCE_AFTER && self.holds_too_much(membership),
        };
        (asked || heavier && calm >= PREFERENCE_AFTER).then_some((address, to))
    }

    /// At least one more than the fair share, rounded up.
    fn holds_too_much(&self, membership: &Membership) -> bool {
        let candidates = membership.peers().filter(|peer| peer.candidate() && !peer.offers.is_empty());
        let (nodes, theirs) = candidates.fold((1, 0), |(n, held), peer| (n + 1, held + peer.claims.len()));
        self.mine.len() > (self.mine.len() + theirs).div_ceil(nodes)
    }
}
