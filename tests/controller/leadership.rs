//! Restarts move nothing, and of two controllers one writes.

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use patina_tests::wait::eventually;

use crate::fixture::{Cluster, named};

async fn holder(leases: &Api<Lease>) -> Option<String> {
    leases
        .get_opt("patina-controller")
        .await
        .unwrap()?
        .spec?
        .holder_identity
        .filter(|holder| !holder.is_empty())
}

#[tokio::test]
async fn row_39_a_restart_moves_no_address_and_writes_nothing() {
    let cluster = Cluster::start().await;
    let controller = cluster.controller(&[]);
    cluster.pool("gold", &["192.0.2.0/30"]).await;
    for name in ["a", "b", "c"] {
        cluster.service(name).await;
        cluster.settled(name).await;
    }
    controller.stop().await;
    cluster.delete_service("a").await;
    let before = cluster.writes().await;
    let _controller = cluster.controller(&[]);
    cluster.service("d").await;
    cluster.settled("d").await;
    assert_eq!(cluster.address_of("b").await, "192.0.2.1");
    assert_eq!(cluster.address_of("c").await, "192.0.2.2");
    assert_eq!(cluster.address_of("d").await, "192.0.2.0");
    assert!(cluster.writes().await - before <= 3, "status and annotation of d, counters of the pool");
}

#[tokio::test]
async fn two_controllers_have_one_leader_and_the_other_follows_it() {
    let cluster = Cluster::start().await;
    let leases = cluster.own::<Lease>();
    let first = cluster.controller(&["--pod-name=first"]);
    let leads = |who: &'static str| move |holder: &Option<String>| holder.as_deref() == Some(who);
    eventually("the first leads", async || holder(&leases).await, leads("first")).await;
    let _second = cluster.controller(&["--pod-name=second"]);
    cluster.pool("gold", &["192.0.2.0/24"]).await;
    cluster.service("shop").await;
    cluster.settled("shop").await;
    first.stop().await;
    eventually("the second leads", async || holder(&leases).await, leads("second")).await;
    cluster.service("cafe").await;
    assert_eq!(cluster.address_of("cafe").await, "192.0.2.1");
}

#[tokio::test]
async fn a_leader_that_crashed_is_succeeded_when_its_lease_has_run_out() {
    let cluster = Cluster::start().await;
    let leases = cluster.own::<Lease>();
    let first = cluster.controller(&["--pod-name=first", "--lease-seconds=3"]);
    eventually("somebody leads", async || holder(&leases).await, |holder| holder.is_some()).await;
    drop(first);
    let _second = cluster.controller(&["--pod-name=second", "--lease-seconds=3"]);
    cluster.pool("gold", &["192.0.2.0/24"]).await;
    cluster.service("shop").await;
    assert_eq!(cluster.address_of("shop").await, "192.0.2.0");
}

#[tokio::test]
async fn the_key_of_the_heartbeats_is_created_when_it_is_missing_and_never_replaced() {
    let cluster = Cluster::start().await;
    let secrets = cluster.own::<Secret>();
    let kept: Secret = named(serde_json::json!({ "stringData": { "secretkey": "mine" } }), "mine");
    cluster.create(&secrets, kept).await;
    let _theirs = cluster.controller(&["--ml-secret-name=mine"]);
    let _ours = cluster.controller(&[]);
    let created = async || secrets.get_opt("metallb-memberlist").await.unwrap();
    let secret = eventually("the Secret is created", created, |secret| secret.is_some()).await.unwrap();
    assert_eq!(secret.data.unwrap()["secretkey"].0.len(), 64);
    assert_eq!(secrets.get("mine").await.unwrap().data.unwrap()["secretkey"].0, b"mine");
}
