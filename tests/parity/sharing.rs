//! Rows 16 to 21: who may share an address, and what becomes of it when somebody changes.

use serde_json::Value;

use crate::case::parity;
use crate::fixture::{Cluster, named_addresses, policy, ports, selector, sharing_key};

const SHARED: &str = "192.0.2.9";

/// Asks for the shared address, with the key, for one port.
fn share(protocol: &str, port: u16) -> Vec<Value> {
    vec![named_addresses(SHARED), sharing_key("key"), ports(&[(protocol, port)])]
}

fn share_and(port: u16, wishes: impl IntoIterator<Item = Value>) -> Vec<Value> {
    share("TCP", port).into_iter().chain(wishes).collect()
}

async fn first_holds(cluster: &Cluster, wishes: Vec<Value>) {
    cluster.pool("gold", &["192.0.2.0/28"]).await;
    cluster.web.create("first", wishes).await;
    cluster.web.gets("first", SHARED).await;
}

#[tokio::test]
async fn row_16_services_of_one_key_with_different_ports_share_an_address() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        first_holds(cluster, share("TCP", 80)).await;
        cluster.web.create("second", share("TCP", 443)).await;
        cluster.web.gets("second", SHARED).await;
        let other = cluster.namespace(serde_json::json!({})).await;
        other.create("elsewhere", share("TCP", 8080)).await;
        other.gets("elsewhere", SHARED).await;
        cluster.pool_counts("gold", (1, 15), (0, 0)).await;
    })
    .await;
}

#[tokio::test]
async fn row_16_without_the_key_with_another_or_with_an_empty_one_nothing_is_shared() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        first_holds(cluster, share("TCP", 80)).await;
        cluster.web.create("without", [named_addresses(SHARED), ports(&[("TCP", 81)])]).await;
        for (name, port, key) in [("other", 82, "lock"), ("empty", 83, "")] {
            cluster.web.create(name, share_and(port, [sharing_key(key)])).await;
        }
        for name in ["without", "other", "empty"] {
            let note = cluster.web.is_refused(name, "AllocationFailed", "InUse").await;
            assert!(note.contains("/first"), "{note}");
        }
    })
    .await;
}

#[tokio::test]
async fn row_16_a_free_lower_address_is_taken_before_a_shared_higher_one() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        first_holds(cluster, share("TCP", 80)).await;
        cluster.web.create("unasked", [sharing_key("key"), ports(&[("TCP", 443)])]).await;
        cluster.web.gets("unasked", "192.0.2.0").await;
    })
    .await;
}

#[tokio::test]
async fn row_17_one_port_of_one_protocol_is_not_shared() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        first_holds(cluster, share("TCP", 80)).await;
        cluster.web.create("second", share("TCP", 80)).await;
        cluster.web.is_refused("second", "AllocationFailed", "InUse").await;
        cluster.web.delete("first").await;
        cluster.web.gets("second", SHARED).await;
    })
    .await;
}

#[tokio::test]
async fn row_18_one_port_of_two_protocols_is() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        first_holds(cluster, share("TCP", 53)).await;
        cluster.web.create("second", share("UDP", 53)).await;
        cluster.web.gets("second", SHARED).await;
    })
    .await;
}

#[tokio::test]
async fn row_19_with_policy_local_only_services_of_the_same_pods_share() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        first_holds(cluster, share_and(80, [policy("Local"), selector("web")])).await;
        cluster.web.create("same", share_and(81, [policy("Local"), selector("web")])).await;
        cluster.web.gets("same", SHARED).await;
        cluster.web.create("other", share_and(82, [policy("Local"), selector("db")])).await;
        cluster.web.create("cluster", share_and(83, [policy("Cluster"), selector("web")])).await;
        for name in ["other", "cluster"] {
            cluster.web.is_refused(name, "AllocationFailed", "InUse").await;
        }
    })
    .await;
}

#[tokio::test]
async fn row_19_with_policy_local_and_no_selector_there_are_no_pods_to_differ_in() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        first_holds(cluster, share_and(80, [policy("Cluster")])).await;
        let no_selector = serde_json::json!({ "spec": { "selector": null } });
        cluster.web.create("bare", share_and(81, [policy("Local"), no_selector])).await;
        cluster.web.gets("bare", SHARED).await;
    })
    .await;
}

#[tokio::test]
async fn row_20_a_change_that_no_longer_fits_costs_the_address_and_its_end_gives_it_back() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        first_holds(cluster, share("TCP", 80)).await;
        cluster.web.create("second", share("TCP", 443)).await;
        cluster.web.gets("second", SHARED).await;
        cluster.web.change("second", ports(&[("TCP", 80)])).await;
        cluster.web.event("second", "ClearAssignment", "InUse").await;
        cluster.web.is_refused("second", "AllocationFailed", "InUse").await;
        cluster.web.gets("first", SHARED).await;
        cluster.web.change("second", ports(&[("TCP", 443)])).await;
        cluster.web.gets("second", SHARED).await;
    })
    .await;
}

#[tokio::test]
async fn row_20_who_changes_goes_even_if_it_is_the_older_and_gets_another_if_it_asked_for_none() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.8/31"]).await;
        cluster.web.create("older", [sharing_key("key"), ports(&[("TCP", 80)])]).await;
        cluster.web.gets("older", "192.0.2.8").await;
        cluster.web.create("younger", [sharing_key("key"), ports(&[("TCP", 443)])]).await;
        cluster.web.gets("younger", "192.0.2.8").await;
        cluster.web.change("older", sharing_key("lock")).await;
        cluster.web.gets("older", "192.0.2.9").await;
        cluster.web.gets("younger", "192.0.2.8").await;
    })
    .await;
}

#[tokio::test]
async fn row_20_a_waiting_service_is_asked_again_when_the_holder_comes_to_its_key() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        first_holds(cluster, share_and(80, [sharing_key("lock")])).await;
        cluster.web.create("second", share("TCP", 443)).await;
        cluster.web.is_refused("second", "AllocationFailed", "InUse").await;
        cluster.web.change("first", sharing_key("key")).await;
        cluster.web.gets("second", SHARED).await;
    })
    .await;
}

#[tokio::test]
async fn row_21_the_only_holder_adds_or_changes_its_key_and_keeps_its_address() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.8/30"]).await;
        cluster.web.create("first", []).await;
        cluster.web.gets("first", "192.0.2.8").await;
        for (key, name, port) in [("lock", "second", 81), ("key", "third", 82)] {
            cluster.web.change("first", sharing_key(key)).await;
            let wishes = [named_addresses("192.0.2.8"), sharing_key(key), ports(&[("TCP", port)])];
            cluster.web.create(name, wishes).await;
            cluster.web.gets(name, "192.0.2.8").await;
            cluster.web.gets("first", "192.0.2.8").await;
            cluster.web.delete(name).await;
        }
        cluster.web.change("first", policy("Local")).await;
        cluster.web.create("witness", []).await;
        cluster.web.gets("witness", "192.0.2.9").await;
        cluster.web.gets("first", "192.0.2.8").await;
    })
    .await;
}
