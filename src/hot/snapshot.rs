//! Everything that a packet thread knows, at one moment, sorted and serialisable.

use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;

use super::Hot;
use super::link::Link;
use crate::addr::HardwareAddr;
use crate::membership::member::{Incarnation, NodeId, State};
use crate::membership::offers::{Claim, Weight};
use crate::membership::session::Peer;
use crate::name::{LinkIndex, NodeName};
use crate::ownership::slot::AddressState;
use crate::time::Instant;

/// The whole machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// This node.
    pub node: NodeName,
    /// Which life.
    pub incarnation: Incarnation,
    /// Its links, by index.
    pub links: Vec<LinkState>,
}

/// One link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkState {
    /// Which.
    pub link: LinkIndex,
    /// This node's id on it.
    pub id: NodeId,
    /// Whether it has a carrier.
    pub carrier: bool,
    /// Whether another link of this node serves the same segment.
    pub shadowed: bool,
    /// What this node says of itself here.
    pub state: State,
    /// Whether it beats once a second only.
    pub idle: bool,
    /// Among how many nodes a majority is counted.
    pub members: usize,
    /// The speakers heard, by id.
    pub peers: Vec<PeerState>,
    /// The addresses known, in order.
    pub addresses: Vec<AddressState>,
}

/// One peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PeerState {
    /// Its name.
    pub node: NodeName,
    /// Its id.
    pub id: NodeId,
    /// Its hardware address.
    pub hardware: HardwareAddr,
    /// Which life.
    pub incarnation: Incarnation,
    /// What it says of itself.
    pub state: State,
    /// Since its last beat.
    pub age: Duration,
    /// Whether it counts as alive.
    pub alive: bool,
    /// Whether its claims stand.
    pub standing: bool,
    /// Whether it has proven to hear this node.
    pub mutual: bool,
    /// Whether its lists are known.
    pub matches: bool,
    /// What it offers.
    pub offers: Vec<(IpAddr, Weight)>,
    /// What it claims.
    pub claims: Vec<(IpAddr, Claim)>,
}

impl Snapshot {
    pub(super) fn of(hot: &Hot, now: Instant) -> Self {
        let links = hot.links.values().map(|link| LinkState::of(link, now)).collect();
        Self { node: hot.settings.node.clone(), incarnation: hot.incarnation, links }
    }
}

impl LinkState {
    fn of(link: &Link, now: Instant) -> Self {
        let membership = &link.membership;
        Self {
            link: link.facts.index,
            id: membership.id,
            carrier: link.facts.carrier,
            shadowed: link.shadowed_until.is_some(),
            state: membership.state(),
            idle: membership.is_idle(),
            members: membership.member_count(),
            peers: membership.peers().map(|peer| PeerState::of(peer, now)).collect(),
            addresses: link.ownership.snapshot(),
        }
    }
}

impl PeerState {
    fn of(peer: &Peer, now: Instant) -> Self {
        Self {
            node: peer.name.clone(),
            id: peer.id,
            hardware: peer.hardware,
            incarnation: peer.incarnation,
            state: peer.said.state,
            age: now.since(peer.heard_at),
            alive: peer.alive,
            standing: peer.standing,
            mutual: peer.mutual(),
            matches: peer.matches(),
            offers: peer.offers.iter().map(|(address, weight)| (address, *weight)).collect(),
            claims: peer.claims.iter().map(|(address, claim)| (address, *claim)).collect(),
        }
    }
}
