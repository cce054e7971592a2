//! Rows 9 to 15: what a Service may ask for by annotation and field.

use serde_json::json;

use crate::case::parity;
use crate::fixture::{
    addresses, annotation, both_families, family, named_addresses, named_pool, origin, ports,
};

/// Two pools; what nobody asks for comes from the first.
const GOLD: &str = "192.0.2.0/28";
const SILVER: &str = "198.51.100.0/28";

#[tokio::test]
async fn row_09_the_pool_annotation_decides_and_the_answer_names_the_pool() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD]).await;
        cluster.pool("silver", &[SILVER]).await;
        cluster.web.create("shop", [named_pool("silver")]).await;
        let shop = cluster.web.gets("shop", "198.51.100.0").await;
        assert_eq!(origin(&shop), Some("silver"));
    })
    .await;
}

#[tokio::test]
async fn row_09_another_pool_in_the_annotation_moves_the_service_and_none_keeps_it() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD]).await;
        cluster.pool("silver", &[SILVER]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.web.change("shop", named_pool("silver")).await;
        cluster.web.gets("shop", "198.51.100.0").await;
        cluster
            .web
            .change("shop", json!({ "metadata": { "annotations": { "metallb.io/address-pool": null } } }))
            .await;
        cluster.web.create("witness", []).await;
        cluster.web.gets("witness", "192.0.2.1").await;
        cluster.web.gets("shop", "198.51.100.0").await;
    })
    .await;
}

#[tokio::test]
async fn row_09_a_pool_that_does_not_exist_gives_nothing() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD]).await;
        cluster.web.create("shop", [named_pool("nowhere")]).await;
        cluster.web.is_refused("shop", "AllocationFailed", "PoolUnknown").await;
    })
    .await;
}

#[tokio::test]
async fn row_09_a_holder_that_names_a_pool_that_does_not_exist_keeps_its_address() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.web.change("shop", named_pool("nowhere")).await;
        cluster.web.keeps("shop", "192.0.2.0", "PoolUnknown").await;
    })
    .await;
}

#[tokio::test]
async fn row_09_with_strict_parity_it_loses_it() {
    parity(async |cluster| {
        let _controller = cluster.controller(&["--strict-metallb-parity"]);
        cluster.pool("gold", &[GOLD]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.web.change("shop", named_pool("nowhere")).await;
        cluster.web.is_refused("shop", "AllocationFailed", "PoolUnknown").await;
    })
    .await;
}

#[tokio::test]
async fn row_10_the_old_prefix_is_honoured_and_told_to_be_old() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD]).await;
        cluster.pool("silver", &[SILVER]).await;
        cluster.web.create("by-pool", [annotation("metallb.universe.tf/address-pool", "silver")]).await;
        cluster.web.gets("by-pool", "198.51.100.0").await;
        let event = cluster.web.event("by-pool", "deprecatedAnnotation", "DeprecatedAnnotation").await;
        assert_eq!(event.type_.as_deref(), Some("Warning"));
        cluster
            .web
            .create("by-address", [annotation("metallb.universe.tf/loadBalancerIPs", "192.0.2.7")])
            .await;
        cluster.web.gets("by-address", "192.0.2.7").await;
        let key = annotation("metallb.universe.tf/allow-shared-ip", "key");
        for (name, port) in [("one", 80), ("other", 443)] {
            let wishes = [key.clone(), named_addresses("192.0.2.9"), ports(&[("TCP", port)])];
            cluster.web.create(name, wishes).await;
            cluster.web.gets(name, "192.0.2.9").await;
        }
    })
    .await;
}

#[tokio::test]
async fn row_10_the_new_prefix_wins_even_when_it_is_empty() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD]).await;
        cluster.pool("silver", &[SILVER]).await;
        let old = annotation("metallb.universe.tf/address-pool", "silver");
        cluster.web.create("named", [old.clone(), named_pool("gold")]).await;
        cluster.web.gets("named", "192.0.2.0").await;
        cluster.web.create("empty", [old, named_pool("")]).await;
        cluster.web.gets("empty", "192.0.2.1").await;
    })
    .await;
}

#[tokio::test]
async fn row_11_the_field_asks_for_one_address() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD]).await;
        cluster.web.create("shop", [json!({ "spec": { "loadBalancerIP": "192.0.2.5" } })]).await;
        cluster.web.gets("shop", "192.0.2.5").await;
    })
    .await;
}

#[tokio::test]
async fn row_11_field_and_annotation_at_once_give_nothing_and_a_warning() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD]).await;
        let field = json!({ "spec": { "loadBalancerIP": "192.0.2.5" } });
        cluster.web.create("shop", [field, named_addresses("192.0.2.5")]).await;
        cluster.web.is_refused("shop", "LoadBalancerFailed", "RequestedTwice").await;
    })
    .await;
}

#[tokio::test]
async fn row_11_a_holder_that_asks_twice_keeps_its_address_also_with_strict_parity() {
    parity(async |cluster| {
        let _controller = cluster.controller(&["--strict-metallb-parity"]);
        cluster.pool("gold", &[GOLD]).await;
        cluster.web.create("shop", [named_addresses("192.0.2.5")]).await;
        cluster.web.gets("shop", "192.0.2.5").await;
        cluster.web.change("shop", json!({ "spec": { "loadBalancerIP": "192.0.2.6" } })).await;
        cluster.web.keeps("shop", "192.0.2.5", "RequestedTwice").await;
        cluster.web.event("shop", "LoadBalancerFailed", "RequestedTwice").await;
    })
    .await;
}

#[tokio::test]
async fn row_12_the_annotation_asks_for_an_address_of_either_family_or_one_of_each() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD, "2001:db8::/124"]).await;
        cluster.web.create("four", [named_addresses("192.0.2.5")]).await;
        cluster.web.gets("four", "192.0.2.5").await;
        cluster.web.create("six", [named_addresses(" 2001:db8::5 "), family("IPv6")]).await;
        cluster.web.gets("six", "2001:db8::5").await;
        let both = [named_addresses("2001:db8::6 , 192.0.2.6"), both_families("RequireDualStack", "IPv6")];
        cluster.web.create("both", both).await;
        cluster.web.gets("both", "192.0.2.6,2001:db8::6").await;
    })
    .await;
}

#[tokio::test]
async fn row_12_a_new_request_moves_the_service_and_none_keeps_it() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.web.change("shop", named_addresses("192.0.2.9")).await;
        cluster.web.gets("shop", "192.0.2.9").await;
        cluster
            .web
            .change("shop", json!({ "metadata": { "annotations": { "metallb.io/loadBalancerIPs": null } } }))
            .await;
        cluster.web.create("witness", []).await;
        cluster.web.gets("witness", "192.0.2.1").await;
        cluster.web.gets("shop", "192.0.2.9").await;
    })
    .await;
}

#[tokio::test]
async fn row_12_what_is_no_address_is_refused() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD]).await;
        for (name, text) in [("text", "gold"), ("two", "192.0.2.1,192.0.2.2"), ("comma", "192.0.2.1,")] {
            cluster.web.create(name, [named_addresses(text)]).await;
            cluster.web.is_refused(name, "LoadBalancerFailed", "BadRequest").await;
        }
    })
    .await;
}

#[tokio::test]
async fn row_13_a_request_outside_the_pools_waits_and_is_told_so() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD]).await;
        cluster.web.create("shop", [named_addresses("203.0.113.1")]).await;
        cluster.web.is_refused("shop", "AllocationFailed", "OutsidePools").await;
        cluster.pool("bronze", &["203.0.113.0/24"]).await;
        cluster.web.gets("shop", "203.0.113.1").await;
    })
    .await;
}

#[tokio::test]
async fn row_13_a_holder_that_asks_for_what_it_cannot_have_keeps_its_address() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.web.change("shop", named_addresses("203.0.113.1")).await;
        cluster.web.keeps("shop", "192.0.2.0", "OutsidePools").await;
        let event = cluster.web.event("shop", "AllocationFailed", "OutsidePools").await;
        assert_eq!(event.type_.as_deref(), Some("Warning"));
    })
    .await;
}

#[tokio::test]
async fn row_13_with_strict_parity_it_loses_it() {
    parity(async |cluster| {
        let _controller = cluster.controller(&["--strict-metallb-parity"]);
        cluster.pool("gold", &["192.0.2.0/32"]).await;
        cluster.web.create("shop", []).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.web.change("shop", named_addresses("203.0.113.1")).await;
        cluster.web.is_refused("shop", "AllocationFailed", "OutsidePools").await;
        cluster.web.create("next", []).await;
        cluster.web.gets("next", "192.0.2.0").await;
    })
    .await;
}

#[tokio::test]
async fn row_14_address_and_pool_have_to_agree() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD]).await;
        cluster.pool("silver", &[SILVER]).await;
        cluster.web.create("wrong", [named_addresses("192.0.2.1"), named_pool("silver")]).await;
        cluster.web.is_refused("wrong", "AllocationFailed", "OtherPool").await;
        cluster.web.create("right", [named_addresses("192.0.2.1"), named_pool("gold")]).await;
        cluster.web.gets("right", "192.0.2.1").await;
    })
    .await;
}

#[tokio::test]
async fn row_15_a_request_has_to_be_of_the_families_of_the_service() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &[GOLD, "2001:db8::/124"]).await;
        let wrong = [
            ("six-for-four", "2001:db8::5", family("IPv4")),
            ("four-for-six", "192.0.2.5", family("IPv6")),
            ("two-for-one", "192.0.2.5,2001:db8::5", family("IPv4")),
            ("one-for-two", "192.0.2.5", both_families("PreferDualStack", "IPv4")),
        ];
        for (name, request, families) in wrong {
            cluster.web.create(name, [named_addresses(request), families]).await;
            cluster.web.is_refused(name, "AllocationFailed", "WrongFamily").await;
        }
    })
    .await;
}

#[tokio::test]
async fn row_15_with_strict_parity_a_holder_loses_its_address_by_such_a_request() {
    parity(async |cluster| {
        let _controller = cluster.controller(&["--strict-metallb-parity"]);
        cluster.pool("gold", &[GOLD, "2001:db8::/124"]).await;
        let shop = cluster.web.create("shop", [family("IPv4")]).await;
        assert_eq!(addresses(&shop), Vec::<String>::new());
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.web.change("shop", named_addresses("2001:db8::5")).await;
        cluster.web.is_refused("shop", "AllocationFailed", "WrongFamily").await;
    })
    .await;
}
