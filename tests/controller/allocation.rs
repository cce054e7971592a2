//! Addresses come and go, and everything that is said about it.

use patina::api::IPAddressPool;
use patina_tests::services::{condition, origin};
use patina_tests::wait::eventually;

use crate::fixture::{Cluster, WEB};

#[tokio::test]
async fn a_service_gets_the_lowest_address_and_everybody_is_told() {
    let cluster = Cluster::start().await;
    let _controller = cluster.controller(&[]);
    cluster.pool("gold", &["192.0.2.10-192.0.2.20"]).await;
    cluster.advertisement("all").await;
    cluster.service("shop").await;

    assert_eq!(cluster.address_of("shop").await, "192.0.2.10");
    let shop = cluster.settled("shop").await;
    assert_eq!(origin(&shop), Some("gold"));
    assert_eq!(condition(&shop, "patina.dev/Allocated"), Some(("True".into(), "Allocated".into())));
    let nobody = Some(("False".into(), "NoAnnouncer".into()));
    assert_eq!(condition(&shop, "patina.dev/Announced"), nobody);
    let event = cluster.event(WEB, "shop", "IPAllocated").await;
    assert_eq!(event.reporting_controller.as_deref(), Some("metallb-controller"));
    assert!(event.note.unwrap().contains("192.0.2.10"));
    let pools = cluster.own::<IPAddressPool>();
    let counted = |pool: &IPAddressPool| pool.status.as_ref().is_some_and(|s| s.assigned_ipv4 == 1);
    let pool = eventually("the pool is counted", async || pools.get("gold").await.unwrap(), counted).await;
    let status = pool.status.unwrap();
    assert_eq!((status.available_ipv4, status.conditions[0].status.as_str()), (10, "True"));
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
        eventually("the pool is counted", async || pools.get("gold").await.unwrap(), counted).await
    };
    counts(3).await;
    let before = cluster.writes().await;
    cluster.service("d").await;
    cluster.settled("d").await;
    counts(4).await;
    // The status, the annotation, the pool's counters: and nothing for the three that were there.
    assert_eq!(cluster.writes().await - before, 3);
}
