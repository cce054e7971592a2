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
//! *Deliberately absent*: relaying. Nobody passes on the lists of another, so a claim is always its owner's own word.

pub mod beat;
pub mod codec;
pub mod list;
pub mod member;
pub mod offers;
pub mod seal;
pub mod session;
pub mod timing;

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
use list::Published;
use member::{ClusterId, Incarnation, NodeId, Sequence, State};
use offers::{Claim, Weight};
use session::Peer;
use speech::Speech;
use timing::Timing;

pub use settling::Surroundings;

/// So many speakers are known on one segment; beyond that the one silent for longest is forgotten.
const MAX_PEERS: usize = 1024;

/// After total silence, whoever lives is heard within so many half beats.
const HEARD_WITHIN: u32 = 3;
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
    const AMONG_FEW: Self = Self { after: 6, again: 1 };
    const AMONG_MANY: Self = Self { after: 11, again: 2 };
}

/// A contest is remembered for so long.
const CONTEST: Duration = Duration::from_secs(1);

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
    /// A peer that was active when it became audible is known with both its lists.
    Newcomer,
    /// The lists of a peer say which of its links have lost their carrier.
    Gone(Vec<NodeId>),
    /// Two live speakers bear one name.
    Twins(NodeName),
}

/// Why a datagram was ignored: a closed list, the word in the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ignored {
    /// It ends before it is complete.
    Truncated,
    /// Another protocol or version.
    Version,
    /// Values that no sender writes.
    Absurd,
    /// Of another cluster.
    ForeignCluster,
    /// No valid key made its seal.
    Seal,
    /// Sent by this node.
    Own,
    /// Heard before, or overtaken.
    Replayed,
    /// Of a life that is over.
    OldIncarnation,
    /// Sent long before it arrived.
    Late,
}

impl Ignored {
    /// The word in metric and log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Truncated => "beatTruncated",
            Self::Version => "beatVersion",
            Self::Absurd => "beatAbsurd",
            Self::ForeignCluster => "foreignCluster",
            Self::Seal => "seal",
            Self::Own => "own",
            Self::Replayed => "replayed",
            Self::OldIncarnation => "oldIncarnation",
            Self::Late => "late",
        }
    }
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
    /// While a peer is suspected: when to ask about it again.
    ask_at: Option<Instant>,
    foreign_at: Option<Instant>,
    deaf_until: Instant,
    echoes: u64,
    changes: VecDeque<Change>,
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
            ask_at: None,
            foreign_at: None,
            deaf_until: Instant::ZERO,
            echoes: 0,
            changes: VecDeque::new(),
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

    /// The speaker of this id.
    pub fn peer(&self, id: NodeId) -> Option<&Peer> {
        self.peers.get(&id)
    }

    /// How many nodes a majority is counted among, this one included.
    pub fn member_count(&self) -> usize {
        1 + self.members.len()
    }

    /// Whether the hardware address is that of a speaker ever heard here.
    pub fn knows_hardware(&self, hardware: HardwareAddr) -> bool {
        self.me.hardware == hardware || self.peers.values().any(|peer| peer.hardware == hardware)
    }

    /// When a frame of another station last arrived.
    pub fn foreign_at(&self) -> Option<Instant> {
        self.foreign_at
    }

    /// A frame of another station has arrived: this node receives. After total silence it may have missed beats, so
    /// for one and a half more nobody's silence means anything: an owner that lives is heard within them.
    pub fn note_foreign(&mut self, received: Instant) {
        let alive = self.peers.values().filter(|peer| peer.alive);
        let borne = alive.map(|peer| peer.patience).min().unwrap_or(self.timing.dead_time());
        if self.foreign_at.is_none_or(|at| received.since(at) > borne) {
            self.deaf_until = received + self.timing.beat * HEARD_WITHIN / 2;
        }
        self.foreign_at = self.foreign_at.max(Some(received));
    }

    /// Until when this node may still be missing beats that it could not hear.
    pub fn deaf_until(&self) -> Instant {
        self.deaf_until
    }

    /// Whether a frame of another station has arrived within the last dead-time.
    pub fn receiving(&self, now: Instant) -> bool {
        self.foreign_at.is_some_and(|at| now.since(at) <= self.timing.dead_time())
    }

    /// Whether nobody else is known to take part here.
    pub fn alone(&self) -> bool {
        self.members.is_empty() && !self.surroundings.others_ready
    }

    /// What the API server says of the other nodes.
    pub fn surround(&mut self, surroundings: Surroundings) {
        if let Some(named) = &surroundings.named {
            self.members.retain(|name| named.contains(name));
        }
        self.surroundings = surroundings;
    }

    /// The next change, oldest first.
    pub fn poll_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// The next datagram to send, sealed by the caller.
    pub fn poll_datagram(&mut self) -> Option<Vec<u8>> {
        self.speech.out.pop_front()
    }

    /// Does what is due: peers that fell silent, the state of this node. [`Membership::speak`] follows, once it is known
    /// what this node claims now.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.review(now);
        self.settle(now);
    }

    /// When `handle_timeout` wants to be called next.
    pub fn poll_timeout(&self) -> Instant {
        if !self.changes.is_empty() {
            return Instant::ZERO;
        }
        let asking = self.asking();
        let peers = self.peers.values().filter(|peer| peer.alive || peer.standing);
        let peers = peers.map(|peer| Self::peer_deadline(peer, asking));
        peers.chain(self.settling_deadline()).chain(self.ask_at).fold(self.speech_deadline(), Instant::min)
    }

    fn asking(&self) -> Asking {
        let alive = self.peers.values().filter(|peer| peer.alive).count();
        if alive > FEW { Asking::AMONG_MANY } else { Asking::AMONG_FEW }
    }

    fn peer_deadline(peer: &Peer, asking: Asking) -> Instant {
        let stands = if peer.standing { peer.stands_until() } else { peer.alive_until() };
        let end = stands.min(peer.alive_until());
        if peer.suspected_at.is_none() && peer.alive { end.min(peer.silent_for(asking.after)) } else { end }
    }

    /// Compares every peer's life with the clock.
    fn review(&mut self, now: Instant) {
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

    fn review_peer(&mut self, id: NodeId, asking: Asking, now: Instant) {
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

    /// The link has lost its carrier: nobody is heard, nothing is claimed, and everything settles anew.
    pub fn lose_carrier(&mut self, now: Instant) {
        let ids: Vec<NodeId> = self.peers.keys().copied().collect();
        ids.into_iter().for_each(|id| self.bury(id, now));
        let leaving = self.settling.leaving;
        self.settling = settling::Settling::new(now);
        self.settling.leaving = leaving;
        self.state = if leaving { State::Leaving } else { State::Starting };
        self.foreign_at = None;
    }

    /// How many members, this one included, hold this node's list of claims in a version of at least `version`, not
    /// counting those whose list of claims is unknown or that `oppose` finds against it.
    pub fn held_by(&self, version: member::Version, oppose: impl Fn(&Peer) -> bool) -> usize {
        let echoes = |peer: &&Peer| peer.echo.is_some_and(|echo| echo.claims >= version);
        let names: BTreeSet<&NodeName> = self
            .peers
            .values()
            .filter(|peer| peer.alive && peer.claims_match())
            .filter(echoes)
            .filter(|peer| self.members.contains(&peer.name) && !oppose(peer))
            .map(|peer| &peer.name)
            .collect();
        1 + names.len()
    }

    /// Whether `count` members are more than half. Alone among Nodes that are Ready is no majority.
    pub fn is_majority(&self, count: usize) -> bool {
        count * 2 > self.member_count() && (count > 1 || !self.surroundings.others_ready)
    }

    /// Whether more than half of the members are heard, this one included.
    pub fn hears_majority(&self) -> bool {
        let alive = self.peers.values().filter(|peer| peer.alive && self.members.contains(&peer.name));
        let names: BTreeSet<&NodeName> = alive.map(|peer| &peer.name).collect();
        self.is_majority(1 + names.len())
    }

    /// Grows whenever a majority may have changed.
    pub fn echoes(&self) -> u64 {
        self.echoes
    }

    /// Both this node and these peers claim an address: they must see themselves heard, in every beat.
    pub fn contest(&mut self, rivals: impl Iterator<Item = NodeId>, mine: bool, now: Instant) {
        if !mine {
            return;
        }
        for id in rivals {
            if let Some(peer) = self.peers.get_mut(&id) {
                peer.contested_until = now + CONTEST;
            }
        }
    }

    fn forget_the_stalest(&mut self) {
        let stalest = self.peers.values().filter(|p| !p.alive && !p.standing).min_by_key(|p| p.heard_at);
        if let Some(id) = stalest.map(|peer| peer.id) {
            self.peers.remove(&id);
        }
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
