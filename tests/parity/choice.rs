//! Rows 22 to 28: which pool serves whom, and which one first.

use serde_json::{Value, json};

use crate::case::parity;
use crate::fixture::{Cluster, labels, named_addresses, named_pool};

/// A pool with one address, that says whom it is for.
async fn pinned(cluster: &Cluster, name: &str, address: &str, allocation: Value) {
    let spec = json!({ "addresses": [format!("{address}/32")], "serviceAllocation": allocation });
    cluster.pool_with(name, spec).await;
}

/// Services of this namespace, made one after another, get these addresses.
async fn fill(cluster: &Cluster, order: &[(&str, &str)]) {
    for (name, address) in order {
        cluster.web.create(name, []).await;
        cluster.web.gets(name, address).await;
    }
}

#[tokio::test]
async fn row_22_pools_are_filled_by_priority_and_those_without_come_last() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        pinned(cluster, "a-none", "192.0.2.3", json!({ "namespaces": [cluster.web.namespace] })).await;
        pinned(cluster, "b-zero", "192.0.2.4", json!({ "priority": 0 })).await;
        pinned(cluster, "c-late", "192.0.2.2", json!({ "priority": 20 })).await;
        pinned(cluster, "d-soon", "192.0.2.1", json!({ "priority": 10 })).await;
        fill(cluster, &[("a", "192.0.2.1"), ("b", "192.0.2.2"), ("c", "192.0.2.3"), ("d", "192.0.2.4")])
            .await;
    })
    .await;
}

#[tokio::test]
async fn row_22_pools_of_one_priority_are_filled_by_name() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        for (name, address) in [("b", "192.0.2.2"), ("c", "192.0.2.1"), ("a", "192.0.2.3")] {
            pinned(cluster, name, address, json!({ "priority": 10 })).await;
        }
        fill(cluster, &[("one", "192.0.2.3"), ("two", "192.0.2.2"), ("three", "192.0.2.1")]).await;
    })
    .await;
}

#[tokio::test]
async fn row_23_a_pool_with_nothing_but_a_priority_serves_everybody_before_open_pools() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("a-open", &["192.0.2.9/32"]).await;
        pinned(cluster, "b-first", "192.0.2.1", json!({ "priority": 50 })).await;
        fill(cluster, &[("one", "192.0.2.1"), ("two", "192.0.2.9")]).await;
    })
    .await;
}

#[tokio::test]
async fn row_24_a_pool_of_one_namespace_serves_no_other_also_not_on_request() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        let team = cluster.namespace(json!({})).await;
        pinned(cluster, "gold", "192.0.2.1", json!({ "namespaces": [team.namespace] })).await;
        cluster.web.create("unasked", []).await;
        cluster.web.is_refused("unasked", "AllocationFailed", "NotAutoAssignable").await;
        cluster.web.create("by-pool", [named_pool("gold")]).await;
        cluster.web.create("by-address", [named_addresses("192.0.2.1")]).await;
        for name in ["by-pool", "by-address"] {
            cluster.web.is_refused(name, "AllocationFailed", "PoolClosed").await;
        }
        team.create("shop", []).await;
        team.gets("shop", "192.0.2.1").await;
    })
    .await;
}

#[tokio::test]
async fn row_24_a_pool_that_closes_to_a_namespace_takes_its_addresses_back() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.1/32"]).await;
        cluster.pool("silver", &["198.51.100.1/32"]).await;
        fill(cluster, &[("shop", "192.0.2.1")]).await;
        cluster.change_pool("gold", json!({ "serviceAllocation": { "namespaces": ["elsewhere"] } })).await;
        cluster.web.gets("shop", "198.51.100.1").await;
        cluster.web.event("shop", "ClearAssignment", "PoolClosed").await;
    })
    .await;
}

#[tokio::test]
async fn row_25_a_pool_is_chosen_by_the_labels_of_the_namespace_and_a_relabelled_one_is_served() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        let team = cluster.namespace(json!({ "team": "red" })).await;
        let reds = json!({ "namespaceSelectors": [{ "matchLabels": { "team": "red" } }] });
        let spec = json!({ "addresses": ["192.0.2.0/28"], "serviceAllocation": reds });
        cluster.pool_with("gold", spec).await;
        team.create("shop", []).await;
        team.gets("shop", "192.0.2.0").await;
        cluster.web.create("late", []).await;
        cluster.web.is_refused("late", "AllocationFailed", "NotAutoAssignable").await;
        cluster.web.label_namespace(json!({ "team": "red" })).await;
        cluster.web.gets("late", "192.0.2.1").await;
    })
    .await;
}

#[tokio::test]
async fn row_25_name_and_selector_are_alternatives_and_a_selector_that_matches_nobody_opens_nothing() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        let blues = json!([{ "matchLabels": { "team": "blue" } }]);
        pinned(cluster, "blue", "192.0.2.1", json!({ "namespaceSelectors": blues })).await;
        cluster.web.create("by-pool", [named_pool("blue")]).await;
        cluster.web.is_refused("by-pool", "AllocationFailed", "PoolClosed").await;
        let either = json!({ "namespaceSelectors": blues, "namespaces": [cluster.web.namespace] });
        pinned(cluster, "either", "192.0.2.2", either).await;
        fill(cluster, &[("shop", "192.0.2.2")]).await;
    })
    .await;
}

#[tokio::test]
async fn row_26_a_pool_is_chosen_by_the_labels_of_the_service() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        let tiers = json!([{ "matchLabels": { "tier": "a" } },
            { "matchExpressions": [{ "key": "tier", "operator": "In", "values": ["b"] }] }]);
        let spec =
            json!({ "addresses": ["192.0.2.0/28"], "serviceAllocation": { "serviceSelectors": tiers } });
        cluster.pool_with("gold", spec).await;
        cluster.web.create("plain", []).await;
        cluster.web.is_refused("plain", "AllocationFailed", "NotAutoAssignable").await;
        for (name, tier, address) in [("a", "a", "192.0.2.0"), ("b", "b", "192.0.2.1")] {
            cluster.web.create(name, [labels(json!({ "tier": tier }))]).await;
            cluster.web.gets(name, address).await;
        }
        cluster.web.create("c", [labels(json!({ "tier": "c" })), named_pool("gold")]).await;
        cluster.web.is_refused("c", "AllocationFailed", "PoolClosed").await;
    })
    .await;
}

#[tokio::test]
async fn row_27_namespace_and_service_have_to_match_both() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        let team = cluster.namespace(json!({})).await;
        let allocation = json!({
            "namespaces": [team.namespace],
            "serviceSelectors": [{ "matchLabels": { "tier": "a" } }],
        });
        pinned(cluster, "gold", "192.0.2.1", allocation).await;
        let tier = || labels(json!({ "tier": "a" }));
        cluster.web.create("service-only", [tier()]).await;
        cluster.web.is_refused("service-only", "AllocationFailed", "NotAutoAssignable").await;
        team.create("namespace-only", []).await;
        team.is_refused("namespace-only", "AllocationFailed", "NotAutoAssignable").await;
        team.create("both", [tier()]).await;
        team.gets("both", "192.0.2.1").await;
    })
    .await;
}

#[tokio::test]
async fn row_28_when_pools_for_somebody_are_exhausted_open_ones_serve() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("a-open", &["192.0.2.9/32"]).await;
        pinned(cluster, "b-mine", "192.0.2.1", json!({ "namespaces": [cluster.web.namespace] })).await;
        fill(cluster, &[("one", "192.0.2.1"), ("two", "192.0.2.9")]).await;
        cluster.web.create("three", []).await;
        cluster.web.is_refused("three", "AllocationFailed", "Exhausted").await;
    })
    .await;
}

#[tokio::test]
async fn row_28_open_pools_are_used_up_by_name() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("b", &["192.0.2.1/32"]).await;
        cluster.pool("a", &["192.0.2.9/32"]).await;
        fill(cluster, &[("one", "192.0.2.9"), ("two", "192.0.2.1")]).await;
    })
    .await;
}
