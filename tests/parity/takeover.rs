//! Row 98: a running MetalLB is replaced, and comes back.

use std::collections::BTreeMap;
use std::pin::pin;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{Secret, Service};
use kube::ResourceExt;
use kube::api::{Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use patina_lab::manifest;
use serde_json::{Value, json};
use tokio::time::{Duration, timeout};

use crate::case::parity;
use crate::fixture::{
    Cluster, addresses, annotation, both_families, condition, named_addresses, object, ports, sharing_key,
};

const BOUND: Duration = Duration::from_secs(60);
/// The field manager of MetalLB's controller: the name of its program.
const METALLB: &str = "controller";

/// What a MetalLB installation leaves behind: pools, Services with their addresses, its Secret.
async fn left_behind(cluster: &Cluster) -> BTreeMap<String, Vec<String>> {
    let objects = include_str!("kinds.yaml").replace("metallb-system", &cluster.own);
    manifest::apply(&cluster.client, &manifest::parse("kinds.yaml", &objects).unwrap()).await.unwrap();
    cluster.pool("gold", &["203.0.113.0/28", "2001:db8:1::/124"]).await;
    let secret: Secret = object(json!({
        "metadata": { "name": "metallb-memberlist" }, "stringData": { "secretkey": "theirs" },
    }));
    cluster.own::<Secret>().create(&PostParams::default(), &secret).await.unwrap();
    let shared = |port| vec![sharing_key("key"), named_addresses("203.0.113.9"), ports(&[("TCP", port)])];
    let old = annotation("metallb.universe.tf/address-pool", "gold");
    let services: [(&str, Vec<Value>, &[&str]); 6] = [
        ("plain", vec![], &["203.0.113.3"]),
        ("later", vec![], &["203.0.113.0"]),
        ("old", vec![old], &["203.0.113.5"]),
        ("both", vec![both_families("RequireDualStack", "IPv4")], &["203.0.113.7", "2001:db8:1::7"]),
        ("one", shared(80), &["203.0.113.9"]),
        ("other", shared(443), &["203.0.113.9"]),
    ];
    for (name, wishes, held) in &services {
        cluster.web.create(name, wishes.clone()).await;
        as_metallb(cluster, name, held).await;
    }
    services.map(|(name, _, held)| (name.to_owned(), held.iter().map(|h| (*h).to_owned()).collect())).into()
}

/// MetalLB writes addresses and annotation at once, as a whole.
async fn as_metallb(cluster: &Cluster, name: &str, held: &[&str]) {
    let ingress: Vec<_> = held.iter().map(|ip| json!({ "ip": ip })).collect();
    let mut written = annotation("metallb.io/ip-allocated-from-pool", "gold");
    written["status"] = json!({ "loadBalancer": { "ingress": ingress } });
    let manager = PatchParams { field_manager: Some(METALLB.to_owned()), ..PatchParams::default() };
    cluster.web.api().patch_status(name, &manager, &Patch::Merge(written)).await.unwrap();
}

/// What every Service showed at every moment, until each says that it has its addresses from us.
async fn watched(cluster: &Cluster, since: &str, services: usize) -> Vec<(String, Vec<String>)> {
    let api = cluster.web.api();
    let mut events = pin!(api.watch(&WatchParams::default(), since).await.unwrap().boxed());
    let (mut seen, mut ours) = (Vec::new(), std::collections::BTreeSet::new());
    while ours.len() < services {
        let event = timeout(BOUND, events.try_next()).await.unwrap().unwrap();
        let Some(WatchEvent::Modified(service)) = event else { panic!("{event:?}") };
        seen.push((service.name_any(), addresses(&service)));
        if condition(&service, "patina.dev/Allocated") == Some(("True".into(), "Allocated".into())) {
            ours.insert(service.name_any());
        }
    }
    seen
}

async fn held(cluster: &Cluster) -> BTreeMap<String, Vec<String>> {
    let all = cluster.web.api().list(&Default::default()).await.unwrap();
    all.iter().map(|service: &Service| (service.name_any(), addresses(service))).collect()
}

#[tokio::test]
async fn row_98_a_takeover_moves_no_service_and_no_status_flaps() {
    parity(async |cluster| {
        let before = left_behind(cluster).await;
        let list = cluster.web.api().list(&Default::default()).await.unwrap();
        let since = list.metadata.resource_version.unwrap();
        let _controller = cluster.controller(&[]);
        for (name, shown) in watched(cluster, &since, before.len()).await {
            assert_eq!(before[&name], shown, "{name} has flapped");
        }
        assert_eq!(held(cluster).await, before);
        cluster.web.create("new", []).await;
        cluster.web.gets("new", "203.0.113.1").await;
        let secret = cluster.own::<Secret>().get("metallb-memberlist").await.unwrap();
        assert_eq!(secret.data.unwrap()["secretkey"].0, b"theirs");
    })
    .await;
}

#[tokio::test]
async fn row_98_what_metallb_wrote_can_be_released_and_moved() {
    parity(async |cluster| {
        let before = left_behind(cluster).await;
        let _controller = cluster.controller(&[]);
        cluster.web.change("plain", json!({ "spec": { "type": "ClusterIP" } })).await;
        let bare = |s: &Service| addresses(s).is_empty() && crate::fixture::origin(s).is_none();
        cluster.web.until("plain", "is bare", bare).await;
        cluster.web.change("later", named_addresses("203.0.113.3")).await;
        cluster.web.gets("later", "203.0.113.3").await;
        cluster.delete_pool("gold").await;
        for name in before.keys().filter(|name| *name != "plain") {
            cluster.web.until(name, "is bare", bare).await;
        }
    })
    .await;
}

#[tokio::test]
async fn row_98_the_way_back_and_forth_again_moves_no_service() {
    parity(async |cluster| {
        let before = left_behind(cluster).await;
        let list = cluster.web.api().list(&Default::default()).await.unwrap();
        let controller = cluster.controller(&[]);
        watched(cluster, &list.metadata.resource_version.unwrap(), before.len()).await;
        controller.stop().await;
        assert_eq!(held(cluster).await, before, "who leaves takes nothing along");
        for (name, held) in &before {
            as_metallb(cluster, name, &held.iter().map(String::as_str).collect::<Vec<_>>()).await;
        }
        let _controller = cluster.controller(&[]);
        cluster.web.create("new", []).await;
        cluster.web.gets("new", "203.0.113.1").await;
        let mut now = held(cluster).await;
        now.remove("new");
        assert_eq!(now, before);
    })
    .await;
}
