//! What a word from the driver does. Sets are whole: what is not in them is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::link::Link;
use super::{Control, Hot, Leaving, LinkFacts, NodeFacts};
use crate::membership::member::NodeId;
use crate::membership::offers::Weight;
use crate::membership::seal::Keyring;
use crate::membership::{Identity, Membership, Surroundings};
use crate::name::{LinkIndex, NodeName};
use crate::ownership::Terms;
use crate::time::Instant;

/// Links that have lost their carrier are told of at most so many.
const GONE_AT_MOST: usize = 8;

impl Hot {
    pub(super) fn obey(&mut self, control: Control, now: Instant) {
        match control {
            Control::Links(links) => self.set_links(links, now),
            Control::Offers(offers) => {
                self.offers = offers;
                self.apply_offers(now);
            }
            Control::Nodes(nodes) => self.set_nodes(&nodes),
            Control::Move { address, to } => self.plan_move(address, to.as_ref(), now),
            Control::Keys { current, other } => self.keys = Keyring::new(&current, other.as_deref()),
            Control::Leave => self.leave(now),
        }
    }

    fn set_links(&mut self, links: Vec<LinkFacts>, now: Instant) {
        let wanted: BTreeMap<LinkIndex, LinkFacts> =
            links.into_iter().map(|facts| (facts.index, facts)).collect();
        let mut gone = self.lose_links(&wanted, now);
        for (index, facts) in wanted {
            self.known.insert(facts.hardware);
            gone.extend(self.set_link(index, facts, now));
        }
        self.tell_gone(gone);
        self.apply_offers(now);
    }

    /// Links that no longer exist.
    fn lose_links(&mut self, wanted: &BTreeMap<LinkIndex, LinkFacts>, now: Instant) -> Vec<NodeId> {
        let lost: Vec<LinkIndex> = self.links.keys().copied().filter(|i| !wanted.contains_key(i)).collect();
        let mut gone = Vec::new();
        for index in lost {
            if let Some(mut link) = self.links.remove(&index) {
                link.lose_carrier(&mut self.reports, now);
                gone.push(link.membership.id);
            }
        }
        gone
    }

    /// Gives the link's id if it has lost its carrier just now.
    fn set_link(&mut self, index: LinkIndex, facts: LinkFacts, now: Instant) -> Option<NodeId> {
        let known = self.links.get_mut(&index).filter(|link| link.facts.hardware == facts.hardware);
        let Some(link) = known else {
            let link = self.new_link(facts, now);
            if let Some(mut replaced) = self.links.insert(index, link) {
                replaced.lose_carrier(&mut self.reports, now);
            }
            return None;
        };
        let had = link.facts.carrier;
        let lost = had && !facts.carrier;
        let returned = !had && facts.carrier;
        link.facts = facts;
        if lost || returned {
            link.lose_carrier(&mut self.reports, now);
        }
        lost.then_some(link.membership.id)
    }

    fn new_link(&self, facts: LinkFacts, now: Instant) -> Link {
        let me = Identity {
            cluster: self.settings.cluster,
            name: self.settings.node.clone(),
            hardware: facts.hardware,
            incarnation: self.incarnation,
        };
        let mut membership = Membership::new(me, self.settings.profile.timing(), now);
        membership.surround(self.surroundings.clone());
        if self.leaving != Leaving::No {
            membership.leave(now);
        }
        let seed = self.settings.seed ^ u64::from(facts.index.0);
        Link::new(facts, membership, seed)
    }

    /// Tells over every other link which ones are gone.
    fn tell_gone(&mut self, mut gone: Vec<NodeId>) {
        if gone.is_empty() {
            return;
        }
        gone.truncate(GONE_AT_MOST);
        for link in self.links.values_mut().filter(|link| link.facts.carrier) {
            link.membership.tell_gone(gone.clone());
        }
    }

    pub(super) fn apply_offers(&mut self, now: Instant) {
        for (index, link) in &mut self.links {
            let here = self.offers.iter().filter(|offer| offer.link == *index && link.facts.carrier);
            let terms = |offer: &super::Offer| Terms { weight: Weight(offer.weight), fresh: offer.fresh };
            let offers: BTreeMap<IpAddr, Terms> = here.map(|offer| (offer.address, terms(offer))).collect();
            link.set_offers(offers, now);
        }
    }

    fn set_nodes(&mut self, nodes: &BTreeMap<NodeName, NodeFacts>) {
        let others_ready = nodes.iter().any(|(name, facts)| facts.ready && *name != self.settings.node);
        let named: BTreeSet<NodeName> = nodes.keys().cloned().collect();
        self.surroundings = Surroundings { named: Some(named), others_ready };
        for link in self.links.values_mut() {
            link.membership.surround(self.surroundings.clone());
        }
    }

    fn plan_move(&mut self, address: IpAddr, to: Option<&NodeName>, now: Instant) {
        for link in self.links.values_mut() {
            let target = to.map(|name| link.membership.peers().find(|peer| peer.alive && peer.name == *name));
            match target {
                Some(None) => {}
                Some(Some(peer)) => {
                    let id = peer.id;
                    link.ownership.plan_move(address, Some(id), now);
                }
                None => {
                    link.ownership.plan_move(address, None, now);
                }
            }
        }
    }

    fn leave(&mut self, now: Instant) {
        if self.leaving != Leaving::No {
            return;
        }
        let holds = self.links.values().any(|link| !link.holds_nothing());
        self.leaving = Leaving::Giving(holds);
        for link in self.links.values_mut() {
            link.membership.leave(now);
        }
    }
}
