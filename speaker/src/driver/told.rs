//! What was said last, so that only what differs is said again.

use std::collections::BTreeMap;
use std::net::IpAddr;

use patina::announce::desired::desired;
use patina::election::{Eligibility, Exclusion};
use patina::hot::{Control, LinkFacts, NodeFacts, Offer};
use patina::name::{NodeName, ServiceKey};
use patina::world::World;

/// What the packet thread, and the log, were told last. `None`: nothing yet.
#[derive(Default)]
pub(super) struct Told {
    links: Option<Vec<LinkFacts>>,
    nodes: Option<BTreeMap<NodeName, NodeFacts>>,
    offers: Option<Vec<Offer>>,
    exclusions: BTreeMap<(ServiceKey, IpAddr), Exclusion>,
}

impl Told {
    pub(super) fn links(&mut self, links: Vec<LinkFacts>) -> Option<Control> {
        replace(&mut self.links, links).map(Control::Links)
    }

    pub(super) fn nodes(&mut self, world: &World) -> Option<Control> {
        let facts = world.nodes().map(|node| (node.name.clone(), NodeFacts { ready: node.ready }));
        replace(&mut self.nodes, facts.collect()).map(Control::Nodes)
    }

    pub(super) fn offers(&mut self, eligible: &[Eligibility]) -> Option<Control> {
        replace(&mut self.offers, desired(eligible)).map(Control::Offers)
    }

    /// What is offered now.
    pub(super) fn offered(&self) -> impl Iterator<Item = &Offer> {
        self.offers.iter().flatten()
    }

    /// One line for each Service whose reason for not being announced from here has changed.
    pub(super) fn exclusions(&mut self, eligible: &[Eligibility]) {
        let judged = eligible.iter().flat_map(|e| e.services.iter().map(|(s, r)| (s, e.address, r)));
        let now = judged.filter_map(|(s, address, r)| Some(((s.clone(), address), *r.as_ref().err()?)));
        let now: BTreeMap<_, _> = now.collect();
        for ((service, address), exclusion) in
            now.iter().filter(|(key, e)| self.exclusions.get(*key) != Some(*e))
        {
            tracing::info!(%service, %address, reason = %exclusion, "not a candidate: {}", exclusion.advice());
        }
        self.exclusions = now;
    }
}

fn replace<T: Clone + PartialEq>(last: &mut Option<T>, now: T) -> Option<T> {
    if last.as_ref() == Some(&now) {
        return None;
    }
    *last = Some(now.clone());
    Some(now)
}

#[cfg(test)]
mod tests {
    use patina::election::Places;
    use patina::name::{LinkIndex, ObjectKey};

    use super::*;

    fn eligible(weight: u32) -> Vec<Eligibility> {
        let places = Places { links: [LinkIndex(2), LinkIndex(3)].into(), named: [].into(), weight };
        let services = vec![(ObjectKey::new("web", "shop"), Ok(places))];
        vec![Eligibility { address: "192.0.2.1".parse().unwrap(), services, fresh: true }]
    }

    #[test]
    fn the_same_set_is_not_said_twice() {
        let mut told = Told::default();
        assert!(told.offers(&eligible(1)).is_some());
        assert_eq!(told.offers(&eligible(1)), None);
        assert!(told.offers(&eligible(2)).is_some());
        assert_eq!(told.offers(&[]), Some(Control::Offers(Vec::new())));
    }
}
