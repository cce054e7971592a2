//! Rows 47 to 49: counters, metrics and events.

use serde_json::json;

use crate::case::parity;
use crate::fixture::{addresses, annotation, both_families, named_addresses};

#[tokio::test]
async fn row_47_counters_follow_assignment_growth_and_release() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/30", "2001:db8::/126"]).await;
        cluster.pool_counts("gold", (0, 4), (0, 4)).await;
        cluster.web.create("four", []).await;
        cluster.pool_counts("gold", (1, 3), (0, 4)).await;
        cluster.web.create("both", [both_families("RequireDualStack", "IPv4")]).await;
        cluster.pool_counts("gold", (2, 2), (1, 3)).await;
        cluster.change_pool("gold", json!({ "addresses": ["192.0.2.0/29", "2001:db8::/120"] })).await;
        cluster.pool_counts("gold", (2, 6), (1, 255)).await;
        cluster.web.delete("both").await;
        cluster.pool_counts("gold", (1, 7), (0, 256)).await;
    })
    .await;
}

#[tokio::test]
async fn row_47_counters_that_somebody_edits_are_put_right() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/30"]).await;
        cluster.web.create("shop", []).await;
        cluster.pool_counts("gold", (1, 3), (0, 0)).await;
        cluster.edit_pool_status("gold", json!({ "assignedIPv4": 40, "availableIPv6": 2 })).await;
        cluster.pool_counts("gold", (1, 3), (0, 0)).await;
    })
    .await;
}

#[tokio::test]
async fn row_47_more_addresses_than_a_number_holds_are_told_as_the_largest() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["2001:db8::/32", "2001:db9::/64"]).await;
        cluster.pool_counts("gold", (0, 0), (0, i64::MAX)).await;
    })
    .await;
}

#[tokio::test]
async fn row_48_gauges_of_each_pool_go_with_it() {
    parity(async |cluster| {
        let controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/30", "2001:db8::/126"]).await;
        cluster.web.create("shop", [both_families("RequireDualStack", "IPv4")]).await;
        cluster.web.create("cafe", []).await;
        let lines = [("addresses", 8, 3), ("ipv4_addresses", 4, 2), ("ipv6_addresses", 4, 1)];
        let lines = lines.map(|(what, total, used)| {
            let line =
                |name: &str, number: u8| format!("metallb_allocator_{what}_{name}{{pool=\"gold\"}} {number}");
            [line("total", total), line("in_use_total", used)]
        });
        for line in lines.iter().flatten() {
            controller.shows(cluster, line, true).await;
        }
        cluster.delete_pool("gold").await;
        cluster.web.is_without("shop", "NoPools").await;
        for line in lines.iter().flatten() {
            controller.shows(cluster, line, false).await;
        }
    })
    .await;
}

#[tokio::test]
async fn row_48_gauges_of_the_client_have_the_names_that_alerts_know() {
    parity(async |cluster| {
        let controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/30"]).await;
        cluster.pool_is("gold", "Accepted").await;
        controller.shows(cluster, "metallb_k8s_client_config_loaded_bool 1", true).await;
        controller.shows(cluster, "metallb_k8s_client_config_stale_bool 0", true).await;
    })
    .await;
}

#[tokio::test]
async fn row_49_a_move_is_told_from_whom_and_once() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/31"]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        let event = cluster.web.event("shop", "IPAllocated", "Allocated").await;
        assert_eq!(event.type_.as_deref(), Some("Normal"));
        assert_eq!(event.reporting_controller.as_deref(), Some("metallb-controller"));
        assert!(event.note.unwrap().contains("192.0.2.0 from pool gold"));
        cluster.change_pool("gold", json!({ "addresses": ["192.0.2.1/32"] })).await;
        cluster.web.gets("shop", "192.0.2.1").await;
        let event = cluster.web.event("shop", "ClearAssignment", "OutsidePools").await;
        assert_eq!(event.type_.as_deref(), Some("Normal"));
        cluster.web.create("late", []).await;
        cluster.web.is_refused("late", "AllocationFailed", "Exhausted").await;
        assert_eq!(cluster.web.times_allocated("shop").await, 2);
    })
    .await;
}

#[tokio::test]
async fn row_49_a_status_of_more_addresses_than_families_is_told_and_put_right() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        let ingress = json!([{ "ip": "192.0.2.0" }, { "ip": "192.0.2.1" }, { "ip": "192.0.2.2" }]);
        cluster.web.edit_status("shop", json!({ "loadBalancer": { "ingress": ingress } })).await;
        let event = cluster.web.event("shop", "nolbIPsIPFamily", "TooManyAddresses").await;
        assert_eq!(event.type_.as_deref(), Some("Warning"));
        cluster.web.gets("shop", "192.0.2.0").await;
    })
    .await;
}

#[tokio::test]
async fn row_49_a_status_that_somebody_edits_is_adopted_if_it_may_be_and_put_right_otherwise() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        for (name, address) in [("shop", "192.0.2.0"), ("cafe", "192.0.2.1")] {
            cluster.web.create(name, []).await;
            cluster.web.gets(name, address).await;
        }
        let edit = async |ip: &str| {
            let ingress = json!({ "loadBalancer": { "ingress": [{ "ip": ip }] } });
            cluster.web.edit_status("shop", ingress).await;
        };
        edit("192.0.2.7").await;
        cluster.web.create("witness", [named_addresses("192.0.2.7")]).await;
        cluster.web.is_refused("witness", "AllocationFailed", "InUse").await;
        cluster.web.gets("shop", "192.0.2.7").await;
        edit("192.0.2.1").await;
        cluster.web.gets("shop", "192.0.2.7").await;
        cluster.web.gets("cafe", "192.0.2.1").await;
        edit("203.0.113.9").await;
        cluster.web.gets("shop", "192.0.2.7").await;
    })
    .await;
}

#[tokio::test]
async fn row_49_a_status_that_somebody_empties_is_written_again() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.web.edit_status("shop", json!({ "loadBalancer": null })).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        let foreign = json!({ "loadBalancer": { "ingress": [{ "hostname": "example.com" }] } });
        cluster.web.edit_status("shop", foreign).await;
        let shop = cluster.web.gets("shop", "192.0.2.0").await;
        assert_eq!(addresses(&shop).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn row_49_an_old_annotation_is_told_of_once_for_each_change() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        let old = annotation("metallb.universe.tf/loadBalancerIPs", "192.0.2.3");
        cluster.web.create("shop", [old]).await;
        cluster.web.gets("shop", "192.0.2.3").await;
        let event = cluster.web.event("shop", "deprecatedAnnotation", "DeprecatedAnnotation").await;
        let note = event.note.unwrap();
        assert!(note.contains("metallb.universe.tf/loadBalancerIPs"), "{note}");
        assert!(note.contains("metallb.io/loadBalancerIPs"), "{note}");
    })
    .await;
}
