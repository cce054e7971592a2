//! A server that stops and comes back, and what it counted meanwhile.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{ListParams, PostParams, WatchParams};
use kube::{Api, Client};
use serde_json::json;
use tokio::time::timeout;

use crate::fixture::{Fixture, object};

const BOUND: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_paused_server_cuts_and_refuses_and_comes_back_with_its_objects() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    let map: ConfigMap = object(json!({"metadata": {"name": "a"}}));
    maps.create(&PostParams::default(), &map).await.expect("created");
    let mut watch = maps.watch(&WatchParams::default(), "0").await.expect("watch").boxed();
    let watching = tokio::spawn(async move { while let Ok(Some(_)) = watch.try_next().await {} });

    fixture.server.pause();
    timeout(BOUND, watching).await.expect("the watch is cut").expect("no panic");
    timeout(BOUND, maps.get("a")).await.expect("an answer in time").expect_err("refused");
    fixture.server.resume();
    let back = async {
        while maps.get("a").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(BOUND, back).await.expect("back with its objects");
}

#[tokio::test]
async fn requests_are_counted_by_client_verb_and_resource() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    maps.list(&ListParams::default()).await.expect("listed");
    let map: ConfigMap = object(json!({"metadata": {"name": "a"}}));
    maps.create(&PostParams::default(), &map).await.expect("created");
    let audit = fixture.server.audit().await.expect("audit");
    let reads = audit.sum(|key| !key.verb.writes() && key.resource == "configmaps");
    assert_eq!((reads, audit.writes("")), (1, 1));
}

#[tokio::test]
async fn a_client_in_the_same_process_needs_no_socket() {
    let fixture = Fixture::new().await;
    let client = Client::new(fixture.server.local_service(), "default");
    let namespaces: Api<Namespace> = Api::all(client);
    assert_eq!(namespaces.list(&ListParams::default()).await.expect("listed").items.len(), 4);
}
