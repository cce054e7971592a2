use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Node as ApiNode, Service as ApiService};
use k8s_openapi::api::discovery::v1::EndpointSlice as ApiSlice;
use serde_json::{Value, json};

use super::*;
use crate::config::{AdvertisementSource, Identity, Labels, Objects, PoolSource, Timestamp};
use crate::name::ObjectKey;
use crate::world::{EndpointSlice, Object};

const ADDRESS: &str = "192.0.2.10";

/// A world in which this node may answer for [`ADDRESS`] on link 2; each test changes one thing.
struct Scene {
    world: World,
    advertisement: AdvertisementSource,
    scope: Scope,
}

fn parsed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn identity(name: &str) -> Identity {
    let key = ObjectKey::new("metallb-system", name);
    Identity { key, uid: name.into(), version: "1".into(), generation: 1, created: Timestamp(0) }
}

fn service(policy: &str, annotations: &Value) -> Object {
    let service: ApiService = parsed(json!({
        "metadata": {"namespace": "web", "name": "shop", "uid": "u", "annotations": annotations},
        "spec": {"type": "LoadBalancer", "clusterIPs": ["10.96.0.7"], "externalTrafficPolicy": policy,
                 "ports": [{"port": 80}]},
        "status": {"loadBalancer": {"ingress": [{"ip": ADDRESS}]}},
    }));
    Object::Service(Service::from(&service))
}

fn slice(node: &str, ready: bool) -> Object {
    let slice: ApiSlice = parsed(json!({
        "metadata": {"namespace": "web", "name": "shop-1", "labels": {"kubernetes.io/service-name": "shop"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.244.0.9"], "nodeName": node, "conditions": {"ready": ready}}],
    }));
    Object::EndpointSlice(EndpointSlice::from(&slice))
}

fn this_node(labels: &Value, conditions: &Value) -> Object {
    let node: ApiNode = parsed(json!({
        "metadata": {"name": "node-a", "labels": labels}, "status": {"conditions": conditions},
    }));
    Object::Node(Node::from(&node))
}

fn link(name: &str, carrier: bool, prefix: &str) -> Link {
    Link { index: LinkIndex(2), name: name.into(), carrier, prefixes: vec![prefix.parse().unwrap()] }
}

impl Scene {
    fn new() -> Self {
        let mut world = World::default();
        for object in [
            service("Cluster", &json!({})),
            slice("node-b", true),
            this_node(&json!({"zone": "a"}), &json!([{"type": "Ready", "status": "True"}])),
        ] {
            world.apply(object);
        }
        world.set_links(vec![link("eth0", true, "192.0.2.1/24")]);
        let advertisement = AdvertisementSource {
            identity: identity("all"),
            pools: vec![],
            pool_selectors: vec![],
            node_selectors: vec![],
            interfaces: vec![],
            service_selectors: vec![],
            preferences: vec![],
            unsupported: vec![],
        };
        let scope = Scope { node: "node-a".into(), class: None, exclude_label: ExcludeLabel::Respected };
        Self { world, advertisement, scope }
    }

    fn with(mut self, object: Object) -> Self {
        self.world.apply(object);
        self
    }

    fn config(&self) -> Config {
        let pool = PoolSource {
            identity: identity("pool"),
            labels: Labels::default(),
            addresses: vec!["192.0.2.0/25".into()],
            auto_assign: true,
            avoid_buggy: false,
            allocation: None,
            options: Default::default(),
            unsupported: vec![],
        };
        let objects =
            Objects { pools: vec![&pool], advertisements: vec![&self.advertisement], ..Objects::default() };
        Config::build(&objects, &Config::default()).0
    }

    fn judged(&self) -> Result<Places, Exclusion> {
        let mut all = eligibility(&self.world, &self.config(), &self.scope);
        let mut only = all.pop().expect("the Service has one address");
        assert!(all.is_empty());
        assert_eq!(only.address, ADDRESS.parse::<IpAddr>().unwrap());
        only.services.remove(0).1
    }
}

#[test]
fn a_node_on_the_subnet_may_answer_on_that_link() {
    let places = Scene::new().judged().unwrap();
    assert_eq!(places, Places { links: [LinkIndex(2)].into(), named: BTreeSet::new(), weight: 0 });
}

#[test]
fn row_51_without_an_advertisement_nobody_answers() {
    let mut scene = Scene::new();
    scene.advertisement.pools = vec!["another".into()];
    assert_eq!(scene.judged(), Err(Exclusion::NoAdvertisement));
}

#[test]
fn row_54_node_selectors_leave_other_nodes_out() {
    let mut scene = Scene::new();
    scene.advertisement.node_selectors = vec![parsed(json!({"matchLabels": {"zone": "b"}}))];
    assert_eq!(scene.judged(), Err(Exclusion::NodeNotSelected));
    scene.advertisement.node_selectors.push(parsed(json!({"matchLabels": {"zone": "a"}})));
    assert!(scene.judged().is_ok());
}

#[test]
fn row_55_and_56_named_links_override_the_subnet_and_must_exist() {
    let mut scene = Scene::new();
    scene.advertisement.interfaces = vec!["eth1".into()];
    assert_eq!(scene.judged(), Err(Exclusion::LinkMissing));
    scene.world.set_links(vec![link("eth1", true, "203.0.113.1/24")]);
    let places = scene.judged().unwrap();
    assert_eq!((places.links, places.named), ([LinkIndex(2)].into(), [LinkName::from("eth1")].into()));
}

#[test]
fn a_link_off_the_subnet_or_without_carrier_is_no_place() {
    let mut scene = Scene::new();
    scene.world.set_links(vec![link("eth0", true, "203.0.113.1/24")]);
    assert_eq!(scene.judged(), Err(Exclusion::OffSubnet));
    scene.world.set_links(vec![link("eth0", false, "192.0.2.1/24")]);
    assert_eq!(scene.judged(), Err(Exclusion::NoCarrier));
}

#[test]
fn row_64_local_traffic_policy_wants_an_endpoint_on_this_node() {
    let scene = Scene::new().with(service("Local", &json!({})));
    assert_eq!(scene.judged(), Err(Exclusion::NoLocalEndpoint));
    assert!(scene.with(slice("node-a", true)).judged().is_ok());
}

#[test]
fn row_65_without_endpoints_nobody_answers() {
    assert_eq!(Scene::new().with(slice("node-b", false)).judged(), Err(Exclusion::NoServingEndpoint));
}

#[test]
fn row_67_the_exclude_label_counts_unless_it_is_to_be_ignored() {
    let labels = json!({"node.kubernetes.io/exclude-from-external-load-balancers": ""});
    let mut scene = Scene::new().with(this_node(&labels, &json!([])));
    assert_eq!(scene.judged(), Err(Exclusion::NodeExcluded));
    scene.scope.exclude_label = ExcludeLabel::Ignored;
    assert!(scene.judged().is_ok());
}

#[test]
fn row_68_a_node_without_network_does_not_answer() {
    let conditions = json!([{"type": "NetworkUnavailable", "status": "True"}]);
    let scene = Scene::new().with(this_node(&json!({}), &conditions));
    assert_eq!(scene.judged(), Err(Exclusion::NetworkUnavailable));
}

#[test]
fn a_node_that_the_api_server_does_not_name_does_not_answer() {
    let mut scene = Scene::new();
    scene.scope.node = "node-z".into();
    assert_eq!(scene.judged(), Err(Exclusion::NodeUnknown));
}

#[test]
fn row_59_a_shared_address_and_service_selectors_do_not_go_together() {
    let mut scene = Scene::new().with(service("Cluster", &json!({"metallb.io/allow-shared-ip": "key"})));
    assert!(scene.judged().is_ok());
    scene.advertisement.service_selectors = vec![parsed(json!({}))];
    assert_eq!(scene.judged(), Err(Exclusion::SharedAddressWithServiceSelectors));
}

#[test]
fn row_60_preferences_of_this_node_add_up() {
    let mut scene = Scene::new();
    let preference = |weight, zone: &str| crate::config::PreferenceSource {
        weight,
        selector: parsed(json!({"matchLabels": {"zone": zone}})),
    };
    scene.advertisement.preferences = vec![preference(10, "a"), preference(5, "a"), preference(50, "b")];
    assert_eq!(scene.judged().unwrap().weight, 15);
}

#[test]
fn row_38_a_service_of_another_class_is_not_looked_at() {
    let mut scene = Scene::new();
    scene.scope.class = Some("other".into());
    assert_eq!(eligibility(&scene.world, &scene.config(), &scene.scope), []);
}

#[test]
fn an_address_that_stood_in_the_status_at_first_sight_is_not_fresh() {
    let scene = Scene::new();
    let fresh = |world: &World| eligibility(world, &scene.config(), &scene.scope)[0].fresh;
    assert!(!fresh(&scene.world));
    let Object::Service(mut later) = service("Cluster", &json!({})) else { unreachable!() };
    later.identity.uid = "another".into();
    let ingress = std::mem::take(&mut later.ingress);
    let mut world = scene.world.clone();
    later.inherited = Box::default();
    world.apply(Object::Service(later.clone()));
    later.ingress = ingress;
    world.apply(Object::Service(later));
    assert!(fresh(&world));
}
