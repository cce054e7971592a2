//! In a cluster that has MetalLB's own definitions.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps,
};
use patina::api::IPAddressPool;
use patina_tests::wait::eventually;

use crate::fixture::{Cluster, OWN};

/// Our definitions without what is ours in them: conditions of pools and advertisements.
fn without_conditions() -> Vec<CustomResourceDefinition> {
    let mut definitions = patina::api::crds().unwrap();
    let shown = |d: &&mut CustomResourceDefinition| d.spec.names.kind != "ConfigurationState";
    for definition in definitions.iter_mut().filter(shown) {
        for version in &mut definition.spec.versions {
            let schema = version.schema.as_mut().and_then(|s| s.open_api_v3_schema.as_mut());
            schema.into_iter().for_each(drop_conditions);
        }
    }
    definitions
}

fn drop_conditions(schema: &mut JSONSchemaProps) {
    let status = schema.properties.as_mut().and_then(|properties| properties.get_mut("status"));
    if let Some(properties) = status.and_then(|status| status.properties.as_mut()) {
        properties.remove("conditions");
    }
}

#[tokio::test]
async fn a_cluster_without_the_kinds_of_ours_alone_is_served() {
    let mut definitions = patina::api::crds().unwrap();
    definitions.retain(|definition| definition.spec.group == patina::api::GROUP);
    let cluster = Cluster::with_definitions(definitions).await;
    let _controller = cluster.controller(&[]);
    cluster.pool("gold", &["192.0.2.0/28"]).await;
    cluster.service("shop").await;
    assert_eq!(cluster.address_of("shop").await, "192.0.2.0");
}

#[tokio::test]
async fn pools_are_counted_problems_are_events_and_nothing_is_written_twice() {
    let cluster = Cluster::with_definitions(without_conditions()).await;
    let _controller = cluster.controller(&[]);
    cluster.pool("gold", &["192.0.2.0/28"]).await;
    cluster.advertisement("all").await;
    let pools = cluster.own::<IPAddressPool>();
    let counts = async |n: i64| {
        let counted = move |p: &IPAddressPool| p.status.as_ref().is_some_and(|s| s.assigned_ipv4 == n);
        eventually("the pool is counted", async || pools.get("gold").await.unwrap(), counted).await
    };
    for (name, count) in [("a", 1), ("b", 2)] {
        cluster.service(name).await;
        cluster.settled(name).await;
        counts(count).await;
    }
    let before = cluster.writes().await;
    cluster.service("c").await;
    cluster.settled("c").await;
    counts(3).await;
    assert_eq!(cluster.writes().await - before, 3);
    cluster.pool("silver", &["192.0.2.8/29"]).await;
    let told = async || cluster.events(OWN, "silver").await;
    eventually("the pool has an Event", told, |events| !events.is_empty()).await;
}
