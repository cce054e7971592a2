//! Rows 35 to 42: who waits, who is served when something is freed, and what survives.

use serde_json::json;

use crate::case::parity;
use crate::fixture::{Cluster, Services, addresses, class, condition, named_addresses, next_second, origin};

/// A pool of one address, somebody who holds it, and two who wait, the first for longer.
async fn one_holds_and_two_wait(cluster: &Cluster) {
    cluster.pool("gold", &["192.0.2.1/32"]).await;
    cluster.web.create("holder", []).await;
    cluster.web.gets("holder", "192.0.2.1").await;
    for name in ["z-first", "a-second"] {
        cluster.web.create(name, []).await;
        cluster.web.is_refused(name, "AllocationFailed", "Exhausted").await;
        next_second().await;
    }
}

/// The Service is of another type from now on.
async fn retype(services: &Services, name: &str) {
    services.change(name, json!({ "spec": { "type": "ClusterIP" } })).await;
}

#[tokio::test]
async fn row_35_exhaustion_is_a_warning_that_names_it() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.1/32"]).await;
        cluster.web.create("holder", []).await;
        cluster.web.gets("holder", "192.0.2.1").await;
        cluster.web.create("late", []).await;
        let note = cluster.web.is_refused("late", "AllocationFailed", "Exhausted").await;
        assert!(note.starts_with("Exhausted: every IPv4 address"), "{note}");
    })
    .await;
}

#[tokio::test]
async fn row_36_an_address_that_is_freed_goes_to_who_has_waited_longest() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        one_holds_and_two_wait(cluster).await;
        cluster.web.delete("holder").await;
        cluster.web.gets("z-first", "192.0.2.1").await;
        retype(&cluster.web, "z-first").await;
        cluster.web.gets("a-second", "192.0.2.1").await;
    })
    .await;
}

#[tokio::test]
async fn row_36_a_requested_address_that_is_freed_goes_to_who_asks_for_it() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        cluster.web.create("holder", [named_addresses("192.0.2.5")]).await;
        cluster.web.gets("holder", "192.0.2.5").await;
        cluster.web.create("waits", [named_addresses("192.0.2.5")]).await;
        cluster.web.is_refused("waits", "AllocationFailed", "InUse").await;
        cluster.web.change("holder", named_addresses("192.0.2.6")).await;
        cluster.web.gets("waits", "192.0.2.5").await;
        cluster.web.gets("holder", "192.0.2.6").await;
    })
    .await;
}

#[tokio::test]
async fn row_37_another_type_empties_status_annotation_and_conditions() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool_asking("gold", &["192.0.2.0/28"], ("cool-down", "0")).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        retype(&cluster.web, "shop").await;
        let bare = |s: &k8s_openapi::api::core::v1::Service| {
            addresses(s).is_empty() && origin(s).is_none() && condition(s, "patina.dev/Allocated").is_none()
        };
        cluster.web.until("shop", "is bare", bare).await;
        cluster.web.create("next", []).await;
        cluster.web.gets("next", "192.0.2.0").await;
        cluster.web.change("shop", json!({ "spec": { "type": "LoadBalancer" } })).await;
        cluster.web.gets("shop", "192.0.2.1").await;
    })
    .await;
}

#[tokio::test]
async fn row_38_without_a_class_of_its_own_the_controller_serves_services_without_one() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        cluster.web.create("foreign", [class("example.com/other")]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        untouched(&cluster.web, "foreign").await;
    })
    .await;
}

#[tokio::test]
async fn row_38_with_a_class_it_serves_that_class_only() {
    parity(async |cluster| {
        let _controller = cluster.controller(&["--lb-class=example.com/ours"]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        cluster.web.create("plain", []).await;
        cluster.web.create("foreign", [class("example.com/other")]).await;
        cluster.web.create("shop", [class("example.com/ours")]).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        untouched(&cluster.web, "plain").await;
        untouched(&cluster.web, "foreign").await;
    })
    .await;
}

#[tokio::test]
async fn row_38_a_service_whose_class_is_served_no_longer_is_left_without_our_marks() {
    parity(async |cluster| {
        let ours = cluster.controller(&["--lb-class=example.com/ours"]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        cluster.web.create("shop", [class("example.com/ours")]).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        ours.stop().await;
        let _plain = cluster.controller(&[]);
        let bare = |s: &k8s_openapi::api::core::v1::Service| addresses(s).is_empty() && origin(s).is_none();
        cluster.web.until("shop", "is bare", bare).await;
        untouched(&cluster.web, "shop").await;
    })
    .await;
}

/// Nothing of ours stands on the Service.
async fn untouched(services: &Services, name: &str) {
    let service = services.api().get(name).await.unwrap();
    let told = condition(&service, "patina.dev/Allocated");
    assert_eq!((addresses(&service).len(), origin(&service), told), (0, None, None));
}

#[tokio::test]
async fn row_39_five_restarts_move_nobody_and_serve_nobody_who_waits() {
    parity(async |cluster| {
        let mut controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/31"]).await;
        for (name, address) in [("z", "192.0.2.0"), ("a", "192.0.2.1")] {
            cluster.web.create(name, []).await;
            cluster.web.gets(name, address).await;
        }
        cluster.web.create("waits", []).await;
        cluster.web.is_refused("waits", "AllocationFailed", "Exhausted").await;
        for round in 0..5 {
            controller.stop().await;
            controller = cluster.controller(&[]);
            let witness = format!("witness-{round}");
            cluster.web.create(&witness, []).await;
            cluster.web.is_refused(&witness, "AllocationFailed", "Exhausted").await;
            cluster.web.gets("z", "192.0.2.0").await;
            cluster.web.gets("a", "192.0.2.1").await;
            cluster.web.is_without("waits", "Exhausted").await;
        }
        assert_eq!(cluster.web.times_allocated("z").await, 1);
    })
    .await;
}

#[tokio::test]
async fn row_39_an_address_that_is_freed_while_nobody_leads_goes_to_who_waits_and_moves_nobody_else() {
    parity(async |cluster| {
        let controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/31"]).await;
        for (name, address) in [("a", "192.0.2.0"), ("b", "192.0.2.1")] {
            cluster.web.create(name, []).await;
            cluster.web.gets(name, address).await;
        }
        cluster.web.create("waits", []).await;
        cluster.web.is_refused("waits", "AllocationFailed", "Exhausted").await;
        controller.stop().await;
        cluster.web.delete("a").await;
        let _controller = cluster.controller(&[]);
        cluster.web.gets("waits", "192.0.2.0").await;
        cluster.web.gets("b", "192.0.2.1").await;
    })
    .await;
}

#[tokio::test]
async fn row_40_a_pool_that_is_renamed_or_split_keeps_its_holders_and_they_say_its_new_name() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        for (name, address) in [("low", "192.0.2.1"), ("high", "192.0.2.9")] {
            cluster.web.create(name, [named_addresses(address)]).await;
            cluster.web.gets(name, address).await;
        }
        let from = async |name: &str, pool: &str| {
            let said = |s: &k8s_openapi::api::core::v1::Service| origin(s) == Some(pool);
            let held = cluster.web.until(name, &format!("says {pool}"), said).await;
            addresses(&held)
        };
        next_second().await;
        cluster.pool("silver", &["192.0.2.0/28"]).await;
        cluster.pool_is("silver", "Invalid").await;
        cluster.delete_pool("gold").await;
        assert_eq!(from("low", "silver").await, ["192.0.2.1"]);
        assert_eq!(from("high", "silver").await, ["192.0.2.9"]);
        next_second().await;
        cluster.pool("lower", &["192.0.2.0/29"]).await;
        cluster.pool("upper", &["192.0.2.8/29"]).await;
        cluster.pool_is("upper", "Invalid").await;
        cluster.delete_pool("silver").await;
        assert_eq!(from("low", "lower").await, ["192.0.2.1"]);
        assert_eq!(from("high", "upper").await, ["192.0.2.9"]);
        for name in ["low", "high"] {
            assert_eq!(cluster.web.times_allocated(name).await, 1);
        }
    })
    .await;
}

#[tokio::test]
async fn row_41_a_pool_that_shrinks_moves_who_is_outside_and_nobody_else() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/30"]).await;
        for (name, address) in [("a", "192.0.2.0"), ("b", "192.0.2.1")] {
            cluster.web.create(name, []).await;
            cluster.web.gets(name, address).await;
        }
        cluster.change_pool("gold", json!({ "addresses": ["192.0.2.1-192.0.2.3"] })).await;
        cluster.web.gets("a", "192.0.2.2").await;
        cluster.web.event("a", "ClearAssignment", "OutsidePools").await;
        cluster.web.gets("b", "192.0.2.1").await;
        cluster.change_pool("gold", json!({ "addresses": ["192.0.2.1/32"] })).await;
        cluster.web.is_refused("a", "AllocationFailed", "Exhausted").await;
        cluster.web.gets("b", "192.0.2.1").await;
    })
    .await;
}

#[tokio::test]
async fn row_41_the_holders_of_a_deleted_pool_go_to_another_one() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/32"]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.pool("silver", &["198.51.100.0/32"]).await;
        cluster.delete_pool("gold").await;
        cluster.web.until("shop", "says silver", |s| origin(s) == Some("silver")).await;
        cluster.web.gets("shop", "198.51.100.0").await;
    })
    .await;
}

#[tokio::test]
async fn row_42_without_any_pool_every_status_is_emptied_and_says_why() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/31"]).await;
        cluster.pool("silver", &["198.51.100.0/31"]).await;
        for (name, address) in [("a", "192.0.2.0"), ("b", "192.0.2.1"), ("c", "198.51.100.0")] {
            cluster.web.create(name, []).await;
            cluster.web.gets(name, address).await;
        }
        cluster.delete_pool("gold").await;
        cluster.delete_pool("silver").await;
        for name in ["a", "b", "c"] {
            cluster.web.is_without(name, "NoPools").await;
        }
        cluster.pool("bronze", &["203.0.113.0/30"]).await;
        for (name, address) in [("a", "203.0.113.0"), ("b", "203.0.113.1"), ("c", "203.0.113.2")] {
            cluster.web.gets(name, address).await;
        }
    })
    .await;
}
