//! What MetalLB does not give: a pool for each family, several addresses of a family, addresses that are left out, and pools
//! that hold what something else uses. No rows of the table.

use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use patina::api::IPAddressPool;
use serde_json::{Value, json};

use crate::case::parity;
use crate::fixture::{
    Cluster, annotation, both_families, condition, family, named_addresses, named_pool, object, origin,
};

const REQUIRE: &str = "RequireDualStack";
const BOTH: &str = "192.0.2.0,2001:db8::";

fn several(count: &str) -> Value {
    annotation("patina.dev/addresses-per-family", count)
}

async fn exclude(cluster: &Cluster, pool: &str, excluded: Value) {
    let patch = json!({ "metadata": { "annotations": { "patina.dev/exclude": excluded } } });
    let pools = cluster.own::<IPAddressPool>();
    pools.patch(pool, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

#[tokio::test]
async fn beyond_each_family_comes_from_the_pool_that_is_named_for_it() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("four", &["192.0.2.0/28"]).await;
        cluster.pool("six", &["2001:db8::/124"]).await;
        let named = |prefix| {
            let pools = annotation(&format!("{prefix}/address-pool"), "six,four");
            [both_families(REQUIRE, "IPv4"), pools]
        };
        cluster.web.create("shop", named("metallb.io")).await;
        let shop = cluster.web.gets("shop", BOTH).await;
        assert_eq!(origin(&shop), Some("four,six"));
        cluster.web.create("old", named("metallb.universe.tf")).await;
        cluster.web.gets("old", "192.0.2.1,2001:db8::1").await;
        cluster.pool_counts("four", (2, 14), (0, 0)).await;
        cluster.pool_counts("six", (0, 0), (2, 14)).await;
        cluster.web.change("shop", named_pool("four,none")).await;
        cluster.web.keeps("shop", BOTH, "PoolUnknown").await;
        cluster.web.change("shop", named_pool("four,six,four")).await;
        cluster.web.keeps("shop", BOTH, "BadPools").await;
    })
    .await;
}

#[tokio::test]
async fn beyond_two_pools_of_one_family_are_refused_by_name() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("a", &["192.0.2.0/28"]).await;
        cluster.pool("b", &["198.51.100.0/28"]).await;
        cluster.web.create("shop", [both_families(REQUIRE, "IPv4"), named_pool("a,b")]).await;
        cluster.web.is_refused("shop", "AllocationFailed", "SameFamily").await;
    })
    .await;
}

#[tokio::test]
async fn beyond_addresses_of_two_pools_outlive_the_controller_and_the_wish() {
    parity(async |cluster| {
        let controller = cluster.controller(&[]);
        cluster.pool("four", &["192.0.2.0/28"]).await;
        cluster.pool("six", &["2001:db8::/124"]).await;
        cluster.web.create("shop", [both_families(REQUIRE, "IPv4"), named_pool("four,six")]).await;
        cluster.web.gets("shop", BOTH).await;
        controller.stop().await;
        let none = json!({ "metadata": { "annotations": { "metallb.io/address-pool": null } } });
        cluster.web.change("shop", none).await;
        let _controller = cluster.controller(&[]);
        cluster.web.create("next", [family("IPv4")]).await;
        cluster.web.gets("next", "192.0.2.1").await;
        let shop = cluster.web.gets("shop", BOTH).await;
        assert_eq!(origin(&shop), Some("four,six"));
        assert_eq!(cluster.web.times_allocated("shop").await, 1);
    })
    .await;
}

#[tokio::test]
async fn beyond_several_addresses_of_a_family_come_stay_and_go() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("lan", &["192.0.2.0/30"]).await;
        cluster.web.create("first", [family("IPv4")]).await;
        cluster.web.gets("first", "192.0.2.0").await;
        cluster.web.create("shop", [family("IPv4"), several("2")]).await;
        cluster.web.gets("shop", "192.0.2.1,192.0.2.2").await;
        cluster.pool_counts("lan", (3, 1), (0, 0)).await;
        cluster.web.change("shop", several("4")).await;
        let grown = cluster.web.gets("shop", "192.0.2.1,192.0.2.2,192.0.2.3").await;
        let (_, reason) = condition(&grown, "patina.dev/Allocated").unwrap();
        assert_eq!(reason, "Allocated");
        cluster.web.delete("first").await;
        cluster.web.gets("shop", "192.0.2.0,192.0.2.1,192.0.2.2,192.0.2.3").await;
        cluster.web.change("shop", several("1")).await;
        cluster.pool_counts("lan", (1, 3), (0, 0)).await;
        cluster.web.change("shop", several("many")).await;
        cluster.web.keeps("shop", "192.0.2.0", "BadCount").await;
    })
    .await;
}

#[tokio::test]
async fn beyond_a_request_lists_as_many_addresses_as_are_asked_for() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("lan", &["192.0.2.0/28"]).await;
        let two = named_addresses("192.0.2.9,192.0.2.7");
        cluster.web.create("shop", [family("IPv4"), several("2"), two.clone()]).await;
        cluster.web.gets("shop", "192.0.2.7,192.0.2.9").await;
        cluster.web.create("plain", [family("IPv4"), two]).await;
        cluster.web.is_refused("plain", "LoadBalancerFailed", "BadRequest").await;
    })
    .await;
}

#[tokio::test]
async fn beyond_what_a_pool_excludes_is_not_given_and_who_has_it_keeps_it() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("lan", &["192.0.2.0/29"]).await;
        cluster.web.create("shop", [family("IPv4")]).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        exclude(cluster, "lan", json!("192.0.2.0/30,192.0.2.5")).await;
        let told = "is told of the exclusion";
        let says = |s: &k8s_openapi::api::core::v1::Service| {
            let conditions = s.status.as_ref().and_then(|s| s.conditions.as_ref());
            conditions.into_iter().flatten().any(|c| c.message.contains("kept, although Excluded"))
        };
        cluster.web.until("shop", told, says).await;
        cluster.pool_counts("lan", (1, 3), (0, 0)).await;
        cluster.web.create("asks", [family("IPv4"), named_addresses("192.0.2.5")]).await;
        cluster.web.is_refused("asks", "AllocationFailed", "Excluded").await;
        cluster.web.create("next", [family("IPv4")]).await;
        cluster.web.gets("next", "192.0.2.4").await;
        exclude(cluster, "lan", json!("192.0.2")).await;
        cluster.pool_is("lan", "Invalid").await;
        exclude(cluster, "lan", Value::Null).await;
        cluster.web.gets("asks", "192.0.2.5").await;
    })
    .await;
}

#[tokio::test]
async fn beyond_a_pool_says_that_it_holds_an_address_of_a_node_and_never_gives_it() {
    parity(async |cluster| {
        let nodes: Api<Node> = Api::all(cluster.client.clone());
        let name = format!("{}-node", cluster.own);
        let node =
            object(json!({ "metadata": { "name": name }, "spec": { "podCIDRs": ["198.51.100.0/26"] } }));
        nodes.create(&PostParams::default(), &node).await.unwrap();
        let status = json!({ "status": { "addresses": [{ "type": "InternalIP", "address": "192.0.2.0" }] } });
        nodes.patch_status(&name, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
        let _controller = cluster.controller(&[]);
        cluster.pool("lan", &["192.0.2.0/29"]).await;
        cluster.pool("pods", &["198.51.100.0/24"]).await;
        cluster.pool_is("lan", "Overlapped").await;
        cluster.pool_is("pods", "Overlapped").await;
        cluster.web.create("shop", [family("IPv4"), named_pool("lan")]).await;
        cluster.web.gets("shop", "192.0.2.1").await;
        cluster.web.create("asks", [family("IPv4"), named_addresses("192.0.2.0")]).await;
        cluster.web.is_refused("asks", "AllocationFailed", "NodeAddress").await;
        nodes.delete(&name, &DeleteParams::default()).await.unwrap();
        cluster.web.gets("asks", "192.0.2.0").await;
        cluster.pool_is("lan", "Accepted").await;
    })
    .await;
}

#[tokio::test]
async fn beyond_a_pool_says_that_it_holds_cluster_addresses_of_services() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("wide", &["10.0.0.0/8", "192.0.2.0/28"]).await;
        cluster.web.create("shop", [family("IPv4"), named_addresses("192.0.2.1")]).await;
        cluster.web.gets("shop", "192.0.2.1").await;
        let says = |s: &patina::api::IPAddressPoolStatus| {
            s.conditions.iter().any(|c| c.message.contains("ServiceRange: spec.addresses[0]: "))
        };
        cluster.pool_says("wide", "ServiceRange", says).await;
    })
    .await;
}
