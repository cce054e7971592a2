//! Who is alive on one segment, whom they hear, what they offer and what they claim.
//!
//! One machine per link. It reads and writes datagrams; frames are the business of `wire`, and what a claim means is the
//! business of `ownership`. It has never heard of Kubernetes.
//!
//! ```text
//!  datagram ─► seal ─► codec ─► session (does it count?) ─┬─► alive, claims stand ─┐
//!                                                         ├─► lists of offers ─────┼─► Change
//!                                                         └─► lists of claims ─────┘
//!  now ─► beat due · peer silent · asked about ─► speech ─► codec ─► seal ─► datagram
//! ```
//!
//! *Agreement on the dead*: a peer is dead when this node has not heard it for its patience and no live peer's `heard`
//! shows it to be fresher. Whoever has not heard a peer for 2.2 of its beats asks, and who knows better answers at once.
//!
//! *By concern*: `life` who lives, `hearing` whether this node hears, `settling` when it takes part, `majority` who counts,
//! `reception` what a datagram does, `speech` and `transfer` what is said.
//!
//! *Deliberately absent*: relaying. Nobody passes on the lists of another, so a claim is always its owner's own word.

pub mod beat;
pub mod bytes;
pub mod codec;
pub mod list;
pub mod member;
pub mod offers;
pub mod seal;
pub mod session;
pub mod timing;
pub mod window;

mod hearing;
mod ignored;
mod life;
mod majority;
mod reception;
mod settling;
mod speech;
mod transfer;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use crate::addr::HardwareAddr;
use crate::name::NodeName;
use crate::time::Instant;
use life::Watch;
use list::Published;
use member::{ClusterId, Incarnation, NodeId, Sequence, State};
use offers::{Claim, Weight};
use session::Peer;
use speech::Speech;
use timing::Timing;

pub use hearing::Station;
pub use ignored::Ignored;
pub use settling::Surroundings;

/// So many speakers are known on one segment; beyond that the one silent for longest is forgotten.
const MAX_PEERS: usize = 1024;

/// Who this node is on the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Whose cluster.
    pub cluster: ClusterId,
    /// The Node's name.
    pub name: NodeName,
    /// The link's hardware address.
    pub hardware: HardwareAddr,
    /// Which life.
    pub incarnation: Incarnation,
}

/// What has changed, for whoever decides about ownership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The claims of somebody for the address came, went, changed, or ceased to stand.
    Claims(IpAddr),
    /// A claim names a target. By the time that anybody looks, it may have ended, and its target must still come first.
    HandOver {
        /// The address.
        address: IpAddr,
        /// Who gives it away.
        from: NodeId,
        /// The claim.
        claim: Claim,
    },
    /// Who is a candidate has changed, or what some candidate offers.
    Candidates,
    /// The offers of a candidate for this address have changed.
    Offers(IpAddr),
    /// A peer became audible, or silent past its patience.
    Peer {
        /// Who.
        name: NodeName,
        /// Whether it is heard.
        alive: bool,
    },
    /// A peer that was active when it became audible is known with both its lists; or one that only others heard is gone.
    Newcomer,
    /// The lists of a peer say which of its links have lost their carrier.
    Gone(Vec<NodeId>),
    /// Two live speakers bear one name.
    Twins(NodeName),
}

/// The machine. See the module's documentation.
#[derive(Debug)]
pub struct Membership {
    /// Who this node is on the link.
    pub me: Identity,
    /// This node's id on the link.
    pub id: NodeId,
    /// This node's times.
    pub timing: Timing,
    /// What this node offers here.
    pub offers: Published<Weight>,
    /// What this node claims here.
    pub claims: Published<Claim>,
    state: State,
    peers: BTreeMap<NodeId, Peer>,
    /// Names of the nodes that were ever mutual here and that are still Nodes.
    members: BTreeSet<NodeName>,
    surroundings: Surroundings,
    settling: settling::Settling,
    speech: Speech,
    hearing: hearing::Hearing,
    echoes: u64,
    changes: VecDeque<Change>,
    watch: Watch,
}

impl Membership {
    /// A speaker that has just started on a link.
    pub fn new(me: Identity, timing: Timing, now: Instant) -> Self {
        Self {
            id: NodeId::of(&me.name, me.hardware),
            me,
            timing,
            offers: Published::new(),
            claims: Published::new(),
            state: State::Starting,
            peers: BTreeMap::new(),
            members: BTreeSet::new(),
            surroundings: Surroundings::default(),
            settling: settling::Settling::new(now),
            speech: Speech::new(now),
            hearing: hearing::Hearing::default(),
            echoes: 0,
            changes: VecDeque::new(),
            watch: Watch::new(),
        }
    }

    /// What this node says of itself here.
    pub fn state(&self) -> State {
        self.state
    }

    /// All speakers ever heard, by id.
    pub fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values()
    }

    /// How many they are.
    pub fn peer_count(&self) -> usize {
        self.peers.len()
    }

    /// The speaker of this id.
    pub fn peer(&self, id: NodeId) -> Option<&Peer> {
        self.peers.get(&id)
    }

    /// Whether the hardware address is that of a speaker ever heard here.
    pub fn knows_hardware(&self, hardware: HardwareAddr) -> bool {
        self.me.hardware == hardware || self.peers.values().any(|peer| peer.hardware == hardware)
    }

    /// The next change, oldest first.
    pub fn poll_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// The next datagram to send, sealed by the caller.
    pub fn poll_datagram(&mut self) -> Option<&[u8]> {
        self.speech.out.pop().map(|((), datagram)| datagram)
    }

    /// Does what is due: peers that fell silent, the state of this node. [`Membership::speak`] follows, once it is known
    /// what this node claims now.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.review(now);
        self.settle(now);
        self.ask_for_proof(now);
    }

    /// When `handle_timeout` wants to be called next.
    pub fn poll_timeout(&self) -> Instant {
        if !self.changes.is_empty() {
            return Instant::ZERO;
        }
        let rest = [self.settling_deadline(), self.proof_deadline()];
        rest.into_iter().flatten().fold(self.life_deadline().min(self.speech_deadline()), Instant::min)
    }

    /// The link has lost its carrier: nobody is heard, nothing is claimed, and everything settles anew.
    pub fn lose_carrier(&mut self, now: Instant) {
        let ids: Vec<NodeId> = self.peers.keys().copied().collect();
        ids.into_iter().for_each(|id| self.bury(id, now));
        let leaving = self.settling.leaving;
        self.settling = settling::Settling::new(now);
        self.settling.leaving = leaving;
        self.state = if leaving { State::Leaving } else { State::Starting };
        self.forget_hearing();
    }

    /// The span in which an echo of ours counts as recent.
    fn recent(&self) -> Duration {
        self.timing.patience(self.interval())
    }

    /// The next sequence number, remembered with the time it goes out.
    fn next_sequence(&mut self, now: Instant) -> Sequence {
        let recent = self.recent();
        self.speech.number(now, recent)
    }
}

#[cfg(test)]
mod tests;
