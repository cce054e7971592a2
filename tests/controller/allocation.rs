//! Addresses come and go, and everything that is said about it.

use patina::api::IPAddressPool;
use serde_json::json;

use crate::fixture::{Cluster, OWN, WEB, addresses, annotation, condition, eventually};

#[tokio::test]
async fn rows_1_9_47_49_a_service_gets_the_lowest_address_and_everybody_is_told() {
    let cluster = Cluster::start().await;
    let _controller = cluster.controller(&[]);
    cluster.pool("gold", &["192.0.2.10-192.0.2.20"]).await;
    cluster.advertisement("all").await;
    cluster.service("shop").await;

    assert_eq!(cluster.address_of("shop").await, "192.0.2.10");
    let shop = cluster.settled("shop").await;
    assert_eq!(annotation(&shop), Some("gold"));
    assert_eq!(condition(&shop, "patina.dev/Allocated"), Some(("True".into(), "Allocated".into())));
    let nobody = Some(("False".into(), "NoAnnouncer".into()));
    assert_eq!(condition(&shop, "patina.dev/Announced"), nobody);
    let event = cluster.event(WEB, "shop", "IPAllocated").await;
    assert_eq!(event.reporting_controller.as_deref(), Some("metallb-controller"));
    assert!(event.note.unwrap().contains("192.0.2.10"));
    let pools = cluster.own::<IPAddressPool>();
    let counted = |pool: &IPAddressPool| pool.status.as_ref().is_some_and(|s| s.assigned_ipv4 == 1);
    let pool = eventually(async || pools.get("gold").await.unwrap(), counted).await;
    let status = pool.status.unwrap();
    assert_eq!((status.available_ipv4, status.conditions[0].status.as_str()), (10, "True"));
}

#[tokio::test]
async fn rows_35_36_a_freed_address_goes_to_the_service_that_waits() {
    let cluster = Cluster::start().await;
    let _controller = cluster.controller(&[]);
    cluster.pool("one", &["192.0.2.1/32"]).await;
    cluster.service("first").await;
    cluster.address_of("first").await;
    cluster.service("second").await;
    let event = cluster.event(WEB, "second", "AllocationFailed").await;
    assert_eq!(event.type_.as_deref(), Some("Warning"));
    assert!(event.note.unwrap().starts_with("Exhausted"));
    cluster.delete_service("first").await;
    assert_eq!(cluster.address_of("second").await, "192.0.2.1");
}

#[tokio::test]
async fn row_37_another_type_loses_address_annotation_and_conditions() {
    let cluster = Cluster::start().await;
    let _controller = cluster.controller(&[]);
    cluster.pool("gold", &["192.0.2.0/24"]).await;
    cluster.service("shop").await;
    cluster.settled("shop").await;
    cluster.patch_service("shop", json!({ "spec": { "type": "ClusterIP" } })).await;
    let bare = cluster.until("shop", |s| addresses(s).is_empty() && annotation(s).is_none()).await;
    let bare = cluster
        .until(bare.metadata.name.as_deref().unwrap(), |s| condition(s, "patina.dev/Allocated").is_none());
    bare.await;
    cluster.patch_service("shop", json!({ "spec": { "type": "LoadBalancer" } })).await;
    assert_eq!(cluster.address_of("shop").await, "192.0.2.0");
}

#[tokio::test]
async fn an_idle_cluster_is_left_in_peace() {
    let cluster = Cluster::start().await;
    let _controller = cluster.controller(&[]);
    cluster.pool("gold", &["192.0.2.0/24"]).await;
    cluster.advertisement("all").await;
    for name in ["a", "b", "c"] {
        cluster.service(name).await;
        cluster.settled(name).await;
    }
    let pools = cluster.own::<IPAddressPool>();
    let counts = async |n: i64| {
        let counted = move |p: &IPAddressPool| p.status.as_ref().is_some_and(|s| s.assigned_ipv4 == n);
        eventually(async || pools.get("gold").await.unwrap(), counted).await
    };
    counts(3).await;
    let before = cluster.writes().await;
    cluster.service("d").await;
    cluster.settled("d").await;
    counts(4).await;
    // The status, the annotation, the pool's counters: and nothing for the three that were there.
    assert_eq!(cluster.writes().await - before, 3);
}

#[tokio::test]
async fn rows_43_46_a_pool_that_overlaps_is_told_so_and_disables_nothing() {
    let cluster = Cluster::start().await;
    let _controller = cluster.controller(&[]);
    cluster.pool("gold", &["192.0.2.0/28"]).await;
    let pools = cluster.own::<IPAddressPool>();
    let told = async |name: &str, reason: &str| {
        let says = |p: &IPAddressPool| {
            p.status
                .iter()
                .flat_map(|s| &s.conditions)
                .any(|c| c.reason == reason && c.type_ == "patina.dev/Accepted")
        };
        eventually(async || pools.get(name).await.unwrap(), says).await
    };
    told("gold", "Accepted").await;
    cluster.pool("silver", &["192.0.2.8/29"]).await;
    told("silver", "Invalid").await;
    cluster.service("shop").await;
    assert_eq!(cluster.address_of("shop").await, "192.0.2.0");
    assert!(!cluster.events(OWN, "silver").await.is_empty());
}
