//! The API server goes and comes back.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use patina_tests::services::addresses;

use crate::fixture::Cluster;

#[tokio::test]
async fn after_an_outage_nothing_has_moved_and_the_next_service_is_served() {
    let cluster = Cluster::start().await;
    let _controller = cluster.controller(&["--lease-seconds=3"]);
    cluster.pool("gold", &["192.0.2.0/24"]).await;
    cluster.service("before").await;
    cluster.settled("before").await;
    cluster.server.pause();
    assert!(cluster.services().get("before").await.is_err(), "nobody answers");
    cluster.server.resume();
    cluster.service("after").await;
    assert_eq!(cluster.address_of("after").await, "192.0.2.1");
    assert_eq!(addresses(&cluster.services().get("before").await.unwrap()), ["192.0.2.0"]);
}

#[tokio::test]
async fn definitions_that_come_later_are_found() {
    let cluster = Cluster::with_definitions(Vec::new()).await;
    let _controller = cluster.controller(&[]);
    cluster.service("shop").await;
    for definition in patina::api::crds().unwrap() {
        let definitions = Api::<CustomResourceDefinition>::all(cluster.client.clone());
        cluster.create(&definitions, definition).await;
    }
    cluster.pool("gold", &["192.0.2.0/24"]).await;
    assert_eq!(cluster.address_of("shop").await, "192.0.2.0");
}
