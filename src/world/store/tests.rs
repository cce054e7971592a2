use k8s_openapi::api::core::v1::Service as ApiService;
use k8s_openapi::api::networking::v1::ServiceCIDR;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::config::{Identity, Labels, Timestamp};

fn service(name: &str, uid: &str, addresses: &[&str]) -> Service {
    let ingress: Vec<_> = addresses.iter().map(|ip| json!({ "ip": ip })).collect();
    let object: ApiService = serde_json::from_value(json!({
        "metadata": {"namespace": "web", "name": name, "uid": uid},
        "spec": {"type": "LoadBalancer", "clusterIPs": ["10.96.0.7"]},
        "status": {"loadBalancer": {"ingress": ingress}},
    }))
    .unwrap();
    Service::from(&object)
}

fn node(name: &str, ready: bool) -> Node {
    Node {
        name: name.into(),
        labels: Labels::default(),
        ready,
        network_unavailable: false,
        addresses: [].into(),
        pod_ranges: [].into(),
    }
}

fn l2status(name: &str, service: &str) -> L2Status {
    let identity = Identity {
        key: ObjectKey::new("metallb-system", name),
        uid: "u".into(),
        version: "1".into(),
        generation: 0,
        created: Timestamp(0),
    };
    let service = Some(ObjectKey::new("web", service));
    L2Status { identity, service, node: Some("node-a".into()), links: Vec::new() }
}

fn inherited(world: &World) -> Vec<String> {
    world.service(&ObjectKey::new("web", "s")).unwrap().inherited.iter().map(ToString::to_string).collect()
}

#[test]
fn a_change_that_is_none_touches_nothing() {
    let mut world = World::default();
    assert_eq!(world.apply(Object::Node(node("a", true))), Touched::kind(Kind::Node));
    assert!(world.apply(Object::Node(node("a", true))).is_empty());
    assert!(world.delete(Kind::Node, &ObjectKey::new("", "b")).is_empty());
    assert_eq!(world.apply(Object::Node(node("a", false))), Touched::kind(Kind::Node));
}

#[test]
fn a_list_removes_what_it_does_not_name_and_only_of_its_kind() {
    let mut world = World::default();
    world.apply(Object::Node(node("a", true)));
    world.apply(Object::Service(service("s", "1", &[])));
    assert!(!world.knows(&[Kind::Node]));
    let touched = world.reset(Kind::Node, vec![Object::Node(node("b", true))]);
    assert_eq!(touched, Touched::kind(Kind::Node));
    assert_eq!(world.nodes().map(|n| n.name.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(world.services().count(), 1);
    assert!(world.knows(&[Kind::Node]) && !world.knows(&[Kind::Node, Kind::Service]));
}

#[test]
fn an_address_that_stood_there_when_the_service_was_first_seen_is_inherited() {
    let mut world = World::default();
    world.apply(Object::Service(service("s", "1", &["192.0.2.1"])));
    world.apply(Object::Service(service("s", "1", &["192.0.2.2"])));
    world.reset(Kind::Service, vec![Object::Service(service("s", "1", &["192.0.2.3"]))]);
    assert_eq!(inherited(&world), ["192.0.2.1"]);
    world.apply(Object::Service(service("s", "2", &["192.0.2.3"])));
    assert_eq!(
        inherited(&world),
        ["192.0.2.3"],
        "another object of the same name is seen for the first time"
    );
}

#[test]
fn an_address_that_came_later_is_not_inherited() {
    let mut world = World::default();
    world.apply(Object::Service(service("s", "1", &[])));
    world.apply(Object::Service(service("s", "1", &["192.0.2.1"])));
    assert!(inherited(&world).is_empty());
}

#[test]
fn a_service_that_asks_for_nothing_and_carries_no_mark_is_not_kept() {
    let mut world = World::default();
    world.apply(Object::Service(service("s", "1", &[])));
    let plain = Service { load_balancer: false, ..service("s", "1", &[]) };
    let touched = world.apply(Object::Service(plain.clone()));
    assert_eq!(touched.services.len(), 1);
    assert_eq!(world.services().count(), 0);
    assert!(world.apply(Object::Service(plain.clone())).is_empty());
    let mut marked = plain;
    marked.annotations.allocated_from = Some("a".into());
    world.apply(Object::Service(marked));
    assert_eq!(world.services().count(), 1);
}

#[test]
fn a_status_object_touches_the_service_that_it_speaks_of_and_the_one_it_spoke_of() {
    let mut world = World::default();
    world.apply(Object::L2Status(l2status("l2-x", "s")));
    let touched = world.apply(Object::L2Status(l2status("l2-x", "t")));
    assert_eq!(touched.services, BTreeSet::from([ObjectKey::new("web", "s"), ObjectKey::new("web", "t")]));
    assert_eq!(world.announcers(&ObjectKey::new("web", "s")).count(), 0);
    assert_eq!(world.announcers(&ObjectKey::new("web", "t")).count(), 1);
    world.delete(Kind::L2Status, &ObjectKey::new("metallb-system", "l2-x"));
    assert_eq!(world.announcers(&ObjectKey::new("web", "t")).count(), 0);
}

#[test]
fn the_range_of_the_cluster_is_what_it_declares_and_else_what_was_seen() {
    let mut world = World::default();
    world.apply(Object::Service(service("s", "1", &[])));
    let told = |world: &World| {
        let ranges = world.written().occupied.into_iter().map(|part| format!("{} {}", part.range, part.by));
        ranges.collect::<Vec<_>>()
    };
    assert_eq!(told(&world), ["10.96.0.7/32 cluster addresses of Services"]);
    let declared: ServiceCIDR = serde_json::from_value(json!({
        "metadata": {"name": "kubernetes"},
        "spec": {"cidrs": ["10.96.0.0/12", "2001:db8:96::/112"]},
    }))
    .unwrap();
    let declared = ServiceCidr::from(&declared);
    assert!(world.apply(Object::ServiceCidr(declared.clone())).config());
    assert!(world.apply(Object::ServiceCidr(declared)).is_empty());
    let by = "cluster addresses of Services (ServiceCIDR kubernetes)";
    assert_eq!(told(&world), [format!("10.96.0.0/12 {by}"), format!("2001:db8:96::/112 {by}")]);
    assert!(world.delete(Kind::ServiceCidr, &ObjectKey::new("", "kubernetes")).config());
    assert_eq!(told(&world), ["10.96.0.7/32 cluster addresses of Services"]);
}

#[test]
fn links_come_as_a_whole_set() {
    let link =
        |index| Link { index: LinkIndex(index), name: "eth0".into(), carrier: true, prefixes: Vec::new() };
    let mut world = World::default();
    assert!(!world.set_links(vec![link(1), link(2)]).is_empty());
    assert!(world.set_links(vec![link(2), link(1)]).is_empty());
    assert!(!world.set_links(vec![link(2)]).is_empty());
    assert!(world.link(LinkIndex(1)).is_none());
}

proptest! {
    #[test]
    fn the_order_in_which_watches_deliver_leaves_no_trace(
        order in Just((0..6usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let objects = [
            Object::Node(node("a", true)),
            Object::Node(node("b", false)),
            Object::Service(service("s", "1", &["192.0.2.1"])),
            Object::Service(service("t", "2", &[])),
            Object::L2Status(l2status("l2-x", "s")),
            Object::L2Status(l2status("l2-y", "s")),
        ];
        let mut sorted = World::default();
        for object in objects.clone() {
            sorted.apply(object);
        }
        let mut shuffled = World::default();
        for at in order {
            shuffled.apply(objects[at].clone());
        }
        prop_assert_eq!(sorted, shuffled);
    }
}
