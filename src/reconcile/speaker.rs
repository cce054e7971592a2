//! What a speaker writes: its ServiceL2Status objects, and the events that a Service's owner deserves.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ring::digest::{SHA256, digest};

use super::{Effect, L2StatusWrite, Notice, Severity, Subject};
use crate::election::{Eligibility, Exclusion};
use crate::hot::Cause;
use crate::name::{LinkIndex, LinkName, NodeName, ObjectKey, ServiceKey};
use crate::world::{Kind, L2Status, World};

/// Bytes of the digest that become an object's name: 2^40 names for the Services of one cluster.
const NAME_BYTES: usize = 5;

/// Who writes, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// This node.
    pub node: NodeName,
    /// Namespace of the status objects.
    pub namespace: String,
}

/// Addresses that this node answers for, with the links.
pub type Held = BTreeSet<(IpAddr, LinkIndex)>;

impl Writer {
    /// The difference between the status objects that should stand for this node and those that do.
    pub fn l2statuses(&self, world: &World, eligible: &[Eligibility], held: &Held) -> Vec<Effect> {
        let wanted = self.wanted(world, eligible, held);
        let stand = |write: &L2StatusWrite| world.l2status(&write.key).is_some_and(|s| says(s, write));
        let missing = wanted.values().filter(|w| !stand(w)).cloned().map(Effect::L2Status);
        let of_this_node = world.l2statuses().filter(|s| s.node.as_ref() == Some(&self.node));
        let left_over = of_this_node.filter(|s| !wanted.contains_key(&s.identity.key));
        missing.chain(left_over.map(|s| Effect::DeleteL2Status(s.identity.key.clone()))).collect()
    }

    fn wanted(
        &self,
        world: &World,
        eligible: &[Eligibility],
        held: &Held,
    ) -> BTreeMap<ObjectKey, L2StatusWrite> {
        let mut wanted: BTreeMap<ObjectKey, L2StatusWrite> = BTreeMap::new();
        for entry in eligible {
            let links: Vec<_> = links_of(held, entry.address).collect();
            if links.is_empty() {
                continue;
            }
            for (service, places) in &entry.services {
                let Ok(places) = places else { continue };
                let names = links.iter().filter_map(|l| world.link(*l)).map(|l| l.name.clone());
                let named: Vec<LinkName> = names.filter(|name| places.named.contains(name)).collect();
                let write = self.write(service);
                let write = wanted.entry(write.key.clone()).or_insert(write);
                write.links.extend(named);
                write.links.sort();
                write.links.dedup();
            }
        }
        wanted
    }

    fn write(&self, service: &ServiceKey) -> L2StatusWrite {
        let text = format!("{service}#{}", self.node);
        let digest = digest(&SHA256, text.as_bytes());
        let digits: String = digest.as_ref().iter().take(NAME_BYTES).map(|b| format!("{b:02x}")).collect();
        let key = ObjectKey::new(self.namespace.as_str(), format!("l2-{digits}"));
        L2StatusWrite { key, service: service.clone(), node: self.node.clone(), links: Vec::new() }
    }

    /// Events for the Services of an address that this node has begun to answer for.
    pub fn assigned(
        &self,
        world: &World,
        eligible: &[Eligibility],
        taken: (IpAddr, LinkIndex),
        cause: Cause,
    ) -> Vec<Effect> {
        let (address, link) = taken;
        let link = world.link(link).map_or("a link that is gone", |l| l.name.as_str()).to_owned();
        let message = format!(
            "{cause:?}: announcing {address} from node \"{}\" with protocol \"layer2\" on {link}",
            self.node
        );
        let services = eligible.iter().filter(|e| e.address == address).flat_map(Eligibility::service_keys);
        let notice = |subject| Notice {
            subject,
            severity: Severity::Normal,
            reason: "nodeAssigned",
            action: format!("{cause:?}"),
            message: message.clone(),
        };
        services.filter_map(|key| subject(world, key)).map(notice).map(Effect::Notice).collect()
    }

    /// Events for Services that this node was told to announce on links that it does not have, if it had them before.
    pub fn failed(&self, world: &World, before: &[Eligibility], now: &[Eligibility]) -> Vec<Effect> {
        let missing = |all: &[Eligibility]| -> BTreeSet<ServiceKey> {
            let judged = all.iter().flat_map(|e| &e.services);
            judged.filter(|(_, r)| *r == Err(Exclusion::LinkMissing)).map(|(key, _)| key.clone()).collect()
        };
        let new = &missing(now) - &missing(before);
        let notice = |subject| Notice {
            subject,
            severity: Severity::Warning,
            reason: "announceFailed",
            action: Exclusion::LinkMissing.to_string(),
            message: format!(
                "{} on node \"{}\": {}",
                Exclusion::LinkMissing,
                self.node,
                Exclusion::LinkMissing.advice()
            ),
        };
        new.iter().filter_map(|key| subject(world, key)).map(notice).map(Effect::Notice).collect()
    }
}

fn links_of(held: &Held, address: IpAddr) -> impl Iterator<Item = LinkIndex> + '_ {
    held.range((address, LinkIndex(0))..=(address, LinkIndex(u32::MAX))).map(|(_, link)| *link)
}

fn says(status: &L2Status, write: &L2StatusWrite) -> bool {
    status.service.as_ref() == Some(&write.service)
        && status.node.as_ref() == Some(&write.node)
        && status.links == write.links
}

fn subject(world: &World, key: &ServiceKey) -> Option<Subject> {
    let service = world.service(key)?;
    Some(Subject { kind: Kind::Service, key: key.clone(), uid: service.identity.uid.clone() })
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Service as ApiService;
    use serde_json::json;

    use super::*;
    use crate::config::{Identity, Timestamp};
    use crate::election::Places;
    use crate::world::{Link, Object, Service};

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 10));
    const LINK: LinkIndex = LinkIndex(2);

    fn writer() -> Writer {
        Writer { node: "node-a".into(), namespace: "metallb-system".into() }
    }

    fn world() -> World {
        let service: ApiService = serde_json::from_value(json!({
            "metadata": {"namespace": "web", "name": "shop", "uid": "u"},
            "spec": {"type": "LoadBalancer", "clusterIPs": ["10.96.0.7"]},
            "status": {"loadBalancer": {"ingress": [{"ip": ADDRESS}]}},
        }))
        .unwrap();
        let mut world = World::default();
        world.apply(Object::Service(Service::from(&service)));
        let link = Link { index: LINK, name: "eth0".into(), carrier: true, prefixes: vec![] };
        world.set_links(vec![link]);
        world
    }

    fn eligible(judged: Result<Places, Exclusion>) -> Vec<Eligibility> {
        let services = vec![(ObjectKey::new("web", "shop"), judged)];
        vec![Eligibility { address: ADDRESS, services, fresh: false }]
    }

    fn places(named: &[&str]) -> Places {
        let named = named.iter().map(|n| LinkName::from(*n)).collect();
        Places { links: [LINK].into(), named, weight: 0 }
    }

    /// What an executor makes of the write, as the watch brings it back.
    fn stored(world: &mut World, write: &L2StatusWrite) {
        let identity = Identity {
            key: write.key.clone(),
            uid: "s".into(),
            version: "1".into(),
            generation: 1,
            created: Timestamp(0),
        };
        let (service, node) = (Some(write.service.clone()), Some(write.node.clone()));
        world.apply(Object::L2Status(L2Status { identity, service, node, links: write.links.clone() }));
    }

    fn only_write(effects: &[Effect]) -> L2StatusWrite {
        let [Effect::L2Status(write)] = effects else { panic!("one write, not {effects:?}") };
        write.clone()
    }

    #[test]
    fn row_81_an_owner_writes_one_status_and_then_nothing_more() {
        let (mut world, held) = (world(), Held::from([(ADDRESS, LINK)]));
        let write = only_write(&writer().l2statuses(&world, &eligible(Ok(places(&[]))), &held));
        assert_eq!((write.node.as_str(), write.links.as_slice()), ("node-a", [].as_slice()));
        stored(&mut world, &write);
        assert_eq!(writer().l2statuses(&world, &eligible(Ok(places(&[]))), &held), []);
        let gone = writer().l2statuses(&world, &eligible(Ok(places(&[]))), &Held::new());
        assert_eq!(gone, [Effect::DeleteL2Status(write.key)]);
    }

    #[test]
    fn links_are_told_only_where_the_operator_named_them() {
        let held = Held::from([(ADDRESS, LINK)]);
        let write =
            only_write(&writer().l2statuses(&world(), &eligible(Ok(places(&["eth0", "eth9"]))), &held));
        assert_eq!(write.links, [LinkName::from("eth0")]);
    }

    #[test]
    fn row_80_the_event_names_node_protocol_and_cause() {
        let effects =
            writer().assigned(&world(), &eligible(Ok(places(&[]))), (ADDRESS, LINK), Cause::OwnerDied);
        let [Effect::Notice(notice)] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!(notice.reason, "nodeAssigned");
        assert_eq!(
            notice.message,
            "OwnerDied: announcing 192.0.2.10 from node \"node-a\" with protocol \"layer2\" on eth0"
        );
    }

    #[test]
    fn row_56_a_missing_link_is_told_once() {
        let (fine, missing) = (eligible(Ok(places(&[]))), eligible(Err(Exclusion::LinkMissing)));
        assert_eq!(writer().failed(&world(), &fine, &missing).len(), 1);
        assert_eq!(writer().failed(&world(), &missing, &missing), []);
    }
}
