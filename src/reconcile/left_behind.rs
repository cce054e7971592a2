//! ServiceL2Status objects of nodes that are gone: nobody else would remove them, but for the garbage collector once the
//! dead speaker's Pod is deleted.
//!
//! Asked at every change, since such an object may arrive long after the take-over: the API server may have been away
//! in between. Each object is removed at most once for each take-over, so that two sides of a partition, who take each
//! other for dead, do not delete each other's objects for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::{Effect, Held};
use crate::election::Eligibility;
use crate::name::{LinkIndex, NodeName, ObjectKey, ServiceKey};
use crate::world::{L2Status, World};

/// What this node knows of nodes that are gone, and what it has removed for them.
#[derive(Debug)]
pub struct LeftBehind {
    /// This node.
    node: NodeName,
    /// Links on which a peer is heard; none: it has fallen silent.
    heard: BTreeMap<NodeName, BTreeSet<LinkIndex>>,
    /// Objects that were to go since this node took an address of the Service, with their `metadata.uid`.
    asked: BTreeMap<ServiceKey, BTreeMap<ObjectKey, Arc<str>>>,
}

impl LeftBehind {
    /// As this node sees it, before it has heard anybody.
    pub fn seen_by(node: NodeName) -> Self {
        Self { node, heard: BTreeMap::new(), asked: BTreeMap::new() }
    }

    /// A peer became audible on a link, or fell silent there.
    pub fn heard(&mut self, node: &NodeName, link: LinkIndex, alive: bool) {
        let links = self.heard.entry(node.clone()).or_default();
        if alive {
            links.insert(link);
        } else {
            links.remove(&link);
        }
    }

    /// This node has begun to answer for an address: what it removed for earlier owners says nothing about this one.
    pub fn took(&mut self, address: IpAddr, eligible: &[Eligibility]) {
        let services = eligible.iter().filter(|e| e.address == address).flat_map(Eligibility::service_keys);
        services.for_each(|service| drop(self.asked.remove(service)));
    }

    /// The objects that should go: of nodes that are gone, about Services that this node answers for.
    pub fn due(&mut self, world: &World, eligible: &[Eligibility], held: &Held) -> Vec<Effect> {
        let answered: BTreeSet<_> = held.iter().map(|(address, _)| *address).collect();
        let ours = eligible.iter().filter(|e| answered.contains(&e.address));
        let services: BTreeSet<_> = ours.flat_map(Eligibility::service_keys).collect();
        self.asked.retain(|service, _| services.contains(service));
        let mut due = Vec::new();
        for service in services {
            let left = world.announcers(service).filter(|status| self.is_gone(world, status));
            let left: Vec<_> = left.map(|status| status.identity.clone()).collect();
            for identity in left {
                let asked = self.asked.entry(service.clone()).or_default();
                if *asked.entry(identity.key.clone()).or_insert_with(|| identity.uid.clone()) == identity.uid
                {
                    due.push(Effect::DeleteL2Status(identity.key));
                }
            }
        }
        due
    }

    /// A node that fell silent on every link; one that was never heard if Kubernetes has lost it, too.
    fn is_gone(&self, world: &World, status: &L2Status) -> bool {
        let Some(node) = &status.node else { return false };
        match self.heard.get(node) {
            Some(links) => links.is_empty(),
            None => *node != self.node && world.node(node).is_some_and(|known| !known.ready),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use k8s_openapi::api::core::v1::Node;
    use serde_json::{from_value, json};

    use super::*;
    use crate::api::ServiceL2Status;
    use crate::world::Object;

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));
    const LINK: LinkIndex = LinkIndex(2);

    fn eligible() -> Vec<Eligibility> {
        let services = [(ObjectKey::new("web", "shop"), Err(crate::election::Exclusion::LinkMissing))];
        vec![Eligibility { address: ADDRESS, services: services.into(), fresh: false }]
    }

    fn said(world: &mut World, node: &str, uid: &str) {
        let status: ServiceL2Status = from_value(json!({
            "apiVersion": "metallb.io/v1beta1", "kind": "ServiceL2Status",
            "metadata": {"namespace": "metallb-system", "name": format!("l2-{node}"), "uid": uid},
            "spec": {},
            "status": {"node": node, "serviceNamespace": "web", "serviceName": "shop"},
        }))
        .unwrap();
        world.apply(Object::L2Status(L2Status::from(&status)));
    }

    fn is_ready(world: &mut World, node: &str, ready: &str) {
        let node: Node = from_value(json!({
            "metadata": {"name": node},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        }))
        .unwrap();
        world.apply(Object::Node((&node).into()));
    }

    fn holding() -> Held {
        Held::from([(ADDRESS, LINK)])
    }

    fn goes(node: &str) -> [Effect; 1] {
        [Effect::DeleteL2Status(ObjectKey::new("metallb-system", format!("l2-{node}")))]
    }

    #[test]
    fn what_a_silent_node_left_goes_even_if_it_arrives_long_after_the_take_over() {
        let (mut world, mut left) = (World::default(), LeftBehind::seen_by("node-a".into()));
        left.heard(&"node-b".into(), LINK, true);
        left.heard(&"node-b".into(), LINK, false);
        left.took(ADDRESS, &eligible());
        assert_eq!(left.due(&world, &eligible(), &holding()), []);
        said(&mut world, "node-b", "1");
        assert_eq!(left.due(&world, &eligible(), &holding()), goes("node-b"));
        assert_eq!(left.due(&world, &eligible(), &holding()), goes("node-b"), "until it is seen to be gone");
    }

    #[test]
    fn a_node_that_is_heard_on_some_link_keeps_what_it_says() {
        let (mut world, mut left) = (World::default(), LeftBehind::seen_by("node-a".into()));
        left.heard(&"node-b".into(), LINK, true);
        left.heard(&"node-b".into(), LinkIndex(3), true);
        left.heard(&"node-b".into(), LINK, false);
        said(&mut world, "node-b", "1");
        assert_eq!(left.due(&world, &eligible(), &holding()), []);
    }

    #[test]
    fn of_a_node_that_was_never_heard_kubernetes_decides() {
        let (mut world, mut left) = (World::default(), LeftBehind::seen_by("node-a".into()));
        said(&mut world, "node-b", "1");
        is_ready(&mut world, "node-b", "True");
        assert_eq!(left.due(&world, &eligible(), &holding()), []);
        is_ready(&mut world, "node-b", "Unknown");
        assert_eq!(left.due(&world, &eligible(), &holding()), goes("node-b"));
    }

    #[test]
    fn a_node_removes_nothing_of_its_own_even_if_kubernetes_has_lost_it() {
        let (mut world, mut left) = (World::default(), LeftBehind::seen_by("node-a".into()));
        said(&mut world, "node-a", "1");
        is_ready(&mut world, "node-a", "False");
        assert_eq!(left.due(&world, &eligible(), &holding()), []);
    }

    #[test]
    fn nothing_goes_while_this_node_does_not_answer_for_the_service() {
        let (mut world, mut left) = (World::default(), LeftBehind::seen_by("node-a".into()));
        left.heard(&"node-b".into(), LINK, false);
        said(&mut world, "node-b", "1");
        assert_eq!(left.due(&world, &eligible(), &Held::new()), []);
    }

    #[test]
    fn what_is_written_again_after_it_was_removed_stays_until_the_next_take_over() {
        let (mut world, mut left) = (World::default(), LeftBehind::seen_by("node-a".into()));
        left.heard(&"node-b".into(), LINK, false);
        said(&mut world, "node-b", "1");
        assert_eq!(left.due(&world, &eligible(), &holding()), goes("node-b"));
        said(&mut world, "node-b", "2");
        assert_eq!(left.due(&world, &eligible(), &holding()), []);
        left.took(ADDRESS, &eligible());
        assert_eq!(left.due(&world, &eligible(), &holding()), goes("node-b"));
    }
}
