//! Who counts as a member, and what more than half of them know: the measure of a confirmed claim.

use std::collections::BTreeSet;
use std::time::Duration;

use super::member::{NodeId, Version};
use super::session::Peer;
use super::{Membership, Surroundings};
use crate::name::NodeName;
use crate::time::Instant;

/// A contest is remembered for so long.
const CONTEST: Duration = Duration::from_secs(1);

impl Membership {
    /// How many nodes a majority is counted among, this one included.
    pub fn member_count(&self) -> usize {
        1 + self.members.len()
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

    /// How many members, this one included, hold this node's list of claims in a version of at least `version`, not
    /// counting those whose list of claims is unknown or that `oppose` finds against it.
    pub fn held_by(&self, version: Version, oppose: impl Fn(&Peer) -> bool) -> usize {
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
}
