//! Rows 1 to 8: which addresses a pool gives out, and in which order.

use serde_json::json;

use crate::case::parity;
use crate::fixture::{both_families, family, named_addresses, named_pool, origin};

#[tokio::test]
async fn row_01_a_service_without_class_gets_an_address_of_the_only_pool() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/31"]).await;
        cluster.web.create("shop", []).await;
        let shop = cluster.web.gets("shop", "192.0.2.0").await;
        assert_eq!(origin(&shop), Some("gold"));
    })
    .await;
}

#[tokio::test]
async fn row_02_services_get_the_lowest_addresses_in_the_order_of_their_creation() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/24"]).await;
        for (name, address) in [("c", "192.0.2.0"), ("a", "192.0.2.1"), ("b", "192.0.2.2")] {
            cluster.web.create(name, []).await;
            cluster.web.gets(name, address).await;
        }
    })
    .await;
}

#[tokio::test]
async fn row_02_a_freed_lower_address_is_given_before_a_higher_one() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool_asking("gold", &["192.0.2.0/24"], ("cool-down", "0")).await;
        for (name, address) in [("a", "192.0.2.0"), ("b", "192.0.2.1")] {
            cluster.web.create(name, []).await;
            cluster.web.gets(name, address).await;
        }
        cluster.web.delete("a").await;
        cluster.pool_counts("gold", (1, 255), (0, 0)).await;
        cluster.web.create("c", []).await;
        cluster.web.gets("c", "192.0.2.0").await;
    })
    .await;
}

#[tokio::test]
async fn row_03_a_range_yields_its_addresses_both_ends_included_and_no_others() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.10 - 192.0.2.12"]).await;
        for (name, address) in [("a", "192.0.2.10"), ("b", "192.0.2.11"), ("c", "192.0.2.12")] {
            cluster.web.create(name, []).await;
            cluster.web.gets(name, address).await;
        }
        cluster.web.create("d", []).await;
        cluster.web.is_refused("d", "AllocationFailed", "Exhausted").await;
    })
    .await;
}

#[tokio::test]
async fn row_04_entries_are_used_up_in_the_order_listed() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.8/31", "192.0.2.2-192.0.2.3"]).await;
        for (name, address) in
            [("a", "192.0.2.8"), ("b", "192.0.2.9"), ("c", "192.0.2.2"), ("d", "192.0.2.3")]
        {
            cluster.web.create(name, []).await;
            cluster.web.gets(name, address).await;
        }
    })
    .await;
}

#[tokio::test]
async fn row_05_an_ipv6_service_gets_an_ipv6_address() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["2001:db8::10-2001:db8::1f"]).await;
        cluster.web.create("shop", [family("IPv6")]).await;
        cluster.web.gets("shop", "2001:db8::10").await;
        cluster.web.create("old", [family("IPv4")]).await;
        cluster.web.is_refused("old", "AllocationFailed", "NoSuchFamily").await;
    })
    .await;
}

#[tokio::test]
async fn row_06_a_mixed_pool_serves_services_of_either_family_and_of_both() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/30", "2001:db8::/126"]).await;
        cluster.web.create("four", [family("IPv4")]).await;
        cluster.web.gets("four", "192.0.2.0").await;
        cluster.web.create("six", [family("IPv6")]).await;
        cluster.web.gets("six", "2001:db8::").await;
        cluster.web.create("both", [both_families("RequireDualStack", "IPv4")]).await;
        cluster.web.gets("both", "192.0.2.1,2001:db8::1").await;
    })
    .await;
}

#[tokio::test]
async fn row_07_a_pool_without_auto_assign_serves_who_names_it_or_its_address() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool_with("quiet", json!({ "addresses": ["192.0.2.0/30"], "autoAssign": false })).await;
        cluster.web.create("unasked", []).await;
        cluster.web.is_refused("unasked", "AllocationFailed", "NotAutoAssignable").await;
        cluster.web.create("by-pool", [named_pool("quiet")]).await;
        cluster.web.gets("by-pool", "192.0.2.0").await;
        cluster.web.create("by-address", [named_addresses("192.0.2.3")]).await;
        cluster.web.gets("by-address", "192.0.2.3").await;
    })
    .await;
}

#[tokio::test]
async fn row_07_auto_assign_switched_off_takes_nothing_away() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/30"]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.change_pool("gold", json!({ "autoAssign": false })).await;
        cluster.web.create("late", []).await;
        cluster.web.is_refused("late", "AllocationFailed", "NotAutoAssignable").await;
        cluster.web.gets("shop", "192.0.2.0").await;
    })
    .await;
}

#[tokio::test]
async fn row_08_addresses_that_end_in_0_or_255_are_never_given_not_even_on_request() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        let spec = json!({ "addresses": ["192.0.2.255-192.0.3.1"], "avoidBuggyIPs": true });
        cluster.pool_with("gold", spec).await;
        for (name, address) in [("broadcast", "192.0.2.255"), ("network", "192.0.3.0")] {
            cluster.web.create(name, [named_addresses(address)]).await;
            cluster.web.is_refused(name, "AllocationFailed", "BuggyAddress").await;
        }
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.3.1").await;
        cluster.pool_counts("gold", (1, 0), (0, 0)).await;
    })
    .await;
}

#[tokio::test]
async fn row_08_switching_it_on_takes_such_addresses_away() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/30"]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.change_pool("gold", json!({ "avoidBuggyIPs": true })).await;
        cluster.web.gets("shop", "192.0.2.1").await;
        cluster.web.event("shop", "ClearAssignment", "BuggyAddress").await;
    })
    .await;
}
