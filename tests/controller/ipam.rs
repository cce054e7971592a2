//! Pools whose addresses an IPAM endpoint lends: the real controller, and the example's server in good and bad moods.

mod endpoint;

use std::net::SocketAddr;

use k8s_openapi::api::core::v1::Service;
use patina::api::IPAddressPool;
use serde_json::{Value, json};

use crate::fixture::{Cluster, addresses, condition, eventually, named};
use endpoint::{Endpoint, Mood, of_family};

/// Leadership changes fast here.
const FLAGS: &[&str] = &["--lease-seconds=3"];
const NETWORKS: &[&str] = &["192.0.2.64/28", "2001:db8::/64"];
const BOUNDS: &[&str] = &["192.0.2.0/24", "2001:db8::/64"];

/// A pool that an endpoint lends, and one that nobody does.
async fn pools(cluster: &Cluster, endpoint: SocketAddr) {
    let url = format!("grpc://{endpoint}");
    let metadata = json!({ "annotations": { "patina.dev/ipam": url } });
    let fields = json!({ "metadata": metadata, "spec": { "addresses": BOUNDS } });
    let pool: IPAddressPool = named(fields, "lent");
    cluster.create(&cluster.own(), pool).await;
    let spec = json!({ "addresses": ["198.51.100.0/24"], "autoAssign": false });
    cluster.create(&cluster.own(), named::<IPAddressPool>(json!({ "spec": spec }), "own")).await;
}

/// A Service that asks for this pool, with these fields of its spec besides.
async fn service(cluster: &Cluster, name: &str, pool: &str, more: Value) {
    let mut spec = json!({ "type": "LoadBalancer", "ports": [{ "port": 80 }], "selector": { "app": name } });
    let fields = spec.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    let metadata = json!({ "annotations": { "metallb.io/address-pool": pool } });
    let service: Service = named(json!({ "metadata": metadata, "spec": spec }), name);
    cluster.create(&cluster.services(), service).await;
}

async fn until_told(cluster: &Cluster, name: &str, reason: &str) -> Service {
    let told = |s: &Service| condition(s, "patina.dev/Allocated").is_some_and(|(_, said)| said == reason);
    cluster.until(name, told).await
}

#[tokio::test]
async fn beyond_an_endpoint_lends_addresses_of_both_families() {
    let cluster = Cluster::start().await;
    let endpoint = Endpoint::lending(NETWORKS, Mood::Sound).await;
    pools(&cluster, endpoint.address()).await;
    let _controller = cluster.controller(FLAGS);
    service(&cluster, "both", "lent", json!({ "ipFamilyPolicy": "RequireDualStack" })).await;
    let told = until_told(&cluster, "both", "Allocated").await;
    let held = addresses(&told);
    assert_eq!(of_family(&held, false).unwrap(), "192.0.2.65");
    assert_eq!(of_family(&held, true).unwrap(), "2001:db8::");
    assert_eq!(endpoint.seen().lent.len(), 2);
}

#[tokio::test]
async fn beyond_a_silent_endpoint_holds_up_its_own_services_only() {
    let cluster = Cluster::start().await;
    let endpoint = Endpoint::lending(NETWORKS, Mood::Silent).await;
    pools(&cluster, endpoint.address()).await;
    let _controller = cluster.controller(FLAGS);
    service(&cluster, "waits", "lent", json!({})).await;
    until_told(&cluster, "waits", "IpamPending").await;
    eventually(async || endpoint.seen().calls, |calls| *calls > 0).await;
    service(&cluster, "served", "own", json!({})).await;
    assert_eq!(cluster.address_of("served").await, "198.51.100.0");
    assert_eq!(cluster.held().await["waits"], Vec::<String>::new());
    endpoint.change(Mood::Sound);
    assert_eq!(cluster.address_of("waits").await, "192.0.2.65");
}

#[tokio::test]
async fn beyond_a_dead_endpoint_takes_nothing_away_and_serves_when_it_is_back() {
    let cluster = Cluster::start().await;
    let endpoint = Endpoint::lending(NETWORKS, Mood::Sound).await;
    let address = endpoint.address();
    pools(&cluster, address).await;
    let controller = cluster.controller(FLAGS);
    service(&cluster, "holds", "lent", json!({})).await;
    assert_eq!(cluster.address_of("holds").await, "192.0.2.65");
    drop(endpoint);
    controller.stop().await;
    let _controller = cluster.controller(FLAGS);
    service(&cluster, "waits", "lent", json!({})).await;
    let waits = until_told(&cluster, "waits", "IpamFailed").await;
    assert!(addresses(&waits).is_empty());
    assert_eq!(cluster.address_of("holds").await, "192.0.2.65");

    // It has forgotten everything: what is held is asked for by name before anything else is lent.
    let endpoint = Endpoint::at(address, NETWORKS, Mood::Sound).await;
    let other = cluster.address_of("waits").await;
    let held = |lent: &Vec<String>| lent.iter().any(|address| address == "192.0.2.65");
    eventually(async || endpoint.seen().lent, held).await;
    assert_eq!(cluster.address_of("holds").await, "192.0.2.65");
    assert_ne!(other, "192.0.2.65");
}

#[tokio::test]
async fn beyond_each_lie_of_an_endpoint_is_told_and_costs_nobody_else() {
    let cluster = Cluster::start().await;
    let endpoint = Endpoint::lending(NETWORKS, Mood::Sound).await;
    pools(&cluster, endpoint.address()).await;
    let _controller = cluster.controller(FLAGS);
    service(&cluster, "holds", "lent", json!({})).await;
    assert_eq!(cluster.address_of("holds").await, "192.0.2.65");
    for (name, lie, reason) in [
        ("outside", "203.0.113.1", "IpamOutside"),
        ("family", "2001:db8::1", "IpamWrongFamily"),
        ("taken", "192.0.2.65", "IpamTaken"),
        ("garbled", "an address", "IpamFailed"),
    ] {
        endpoint.change(Mood::Lying(lie.to_owned()));
        service(&cluster, name, "lent", json!({})).await;
        let told = until_told(&cluster, name, reason).await;
        assert!(addresses(&told).is_empty(), "{name}");
    }
    service(&cluster, "served", "own", json!({})).await;
    assert_eq!(cluster.address_of("served").await, "198.51.100.0");
    assert_eq!(cluster.address_of("holds").await, "192.0.2.65");
    endpoint.change(Mood::Sound);
    cluster.each_has_its_own().await;
}

#[tokio::test]
async fn beyond_a_controller_that_dies_before_it_wrote_the_address_down_loses_none() {
    let cluster = Cluster::start().await;
    let endpoint = Endpoint::lending(NETWORKS, Mood::Mute).await;
    pools(&cluster, endpoint.address()).await;
    let controller = cluster.controller(FLAGS);
    service(&cluster, "shop", "lent", json!({})).await;
    eventually(async || endpoint.seen().lent, |lent| !lent.is_empty()).await;
    drop(controller);
    endpoint.change(Mood::Sound);
    let _controller = cluster.controller(FLAGS);
    assert_eq!(cluster.address_of("shop").await, "192.0.2.65");
    service(&cluster, "next", "lent", json!({})).await;
    assert_eq!(cluster.address_of("next").await, "192.0.2.66");
    assert!(endpoint.seen().released.is_empty());
}

#[tokio::test]
async fn beyond_a_service_that_is_deleted_while_it_is_asked_for_leaves_nothing_behind() {
    let cluster = Cluster::start().await;
    let endpoint = Endpoint::lending(NETWORKS, Mood::Mute).await;
    pools(&cluster, endpoint.address()).await;
    let _controller = cluster.controller(FLAGS);
    service(&cluster, "short", "lent", json!({})).await;
    eventually(async || endpoint.seen().lent, |lent| !lent.is_empty()).await;
    cluster.delete_service("short").await;
    endpoint.change(Mood::Sound);
    eventually(async || endpoint.seen().released, |released| !released.is_empty()).await;
    service(&cluster, "next", "lent", json!({})).await;
    assert_eq!(cluster.address_of("next").await, "192.0.2.65");
    assert_eq!(endpoint.seen().released, ["192.0.2.65"]);
}

#[tokio::test]
async fn beyond_what_a_service_leaves_is_released_once_also_by_the_next_leader() {
    let cluster = Cluster::start().await;
    let endpoint = Endpoint::lending(NETWORKS, Mood::Sound).await;
    pools(&cluster, endpoint.address()).await;
    let controller = cluster.controller(FLAGS);
    for name in ["goes", "stays"] {
        service(&cluster, name, "lent", json!({})).await;
        cluster.address_of(name).await;
    }
    cluster.delete_service("goes").await;
    eventually(async || endpoint.seen().released, |released| !released.is_empty()).await;
    controller.stop().await;
    let _controller = cluster.controller(FLAGS);
    let calls = endpoint.seen().calls;
    eventually(async || endpoint.seen().calls, |now| *now > calls).await;
    service(&cluster, "next", "lent", json!({})).await;
    assert_eq!(cluster.address_of("next").await, "192.0.2.65");
    assert_eq!(endpoint.seen().released, ["192.0.2.65"]);
    assert_eq!(cluster.address_of("stays").await, "192.0.2.66");
}
