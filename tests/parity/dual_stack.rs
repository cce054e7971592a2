//! Rows 29 to 34: Services of two families.

use serde_json::json;

use crate::case::{parity, parity_in_a_single_stack_cluster};
use crate::fixture::{both_families, family, named_pool};

const PREFER: &str = "PreferDualStack";
const REQUIRE: &str = "RequireDualStack";

#[tokio::test]
async fn row_29_require_gets_both_from_one_pool_or_waits() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("four", &["192.0.2.0/28"]).await;
        cluster.pool("six", &["2001:db8::/124"]).await;
        cluster.web.create("shop", [both_families(REQUIRE, "IPv4")]).await;
        cluster.web.is_refused("shop", "AllocationFailed", "NotTogether").await;
        cluster.pool("both", &["2001:db8:1::/124", "198.51.100.0/28"]).await;
        cluster.web.gets("shop", "198.51.100.0,2001:db8:1::").await;
    })
    .await;
}

#[tokio::test]
async fn row_29_ipv4_comes_first_whatever_the_service_puts_first() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("both", &["2001:db8::/124", "192.0.2.0/28"]).await;
        cluster.web.create("shop", [both_families(REQUIRE, "IPv6")]).await;
        cluster.web.gets("shop", "192.0.2.0,2001:db8::").await;
    })
    .await;
}

#[tokio::test]
async fn row_30_prefer_takes_the_pool_that_has_both_before_one_that_has_not() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("a-four", &["192.0.2.0/28"]).await;
        cluster.pool("b-both", &["198.51.100.0/28", "2001:db8::/124"]).await;
        cluster.web.create("shop", [both_families(PREFER, "IPv4")]).await;
        cluster.web.gets("shop", "198.51.100.0,2001:db8::").await;
    })
    .await;
}

#[tokio::test]
async fn row_31_prefer_falls_back_to_its_first_family_and_then_to_the_other() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("a-six", &["2001:db8::/124"]).await;
        cluster.pool("b-four", &["192.0.2.0/32"]).await;
        for (name, first, address) in
            [("four", "IPv4", "192.0.2.0"), ("six", "IPv6", "2001:db8::"), ("other", "IPv4", "2001:db8::1")]
        {
            cluster.web.create(name, [both_families(PREFER, first)]).await;
            cluster.web.gets(name, address).await;
        }
    })
    .await;
}

#[tokio::test]
async fn row_31_one_family_in_a_pool_for_somebody_comes_before_both_in_an_open_one() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("a-both", &["198.51.100.0/28", "2001:db8::/124"]).await;
        let spec = json!({ "addresses": ["192.0.2.0/28"], "serviceAllocation": { "priority": 1 } });
        cluster.pool_with("b-mine", spec).await;
        cluster.web.create("shop", [both_families(PREFER, "IPv4")]).await;
        cluster.web.gets("shop", "192.0.2.0").await;
    })
    .await;
}

#[tokio::test]
async fn row_32_prefer_gets_its_second_address_when_the_pool_has_one_and_keeps_the_first() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28"]).await;
        cluster.web.create("shop", [both_families(PREFER, "IPv4")]).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        let event = cluster.web.event("shop", "AdditionalAssignFailed", "NoSuchFamily").await;
        assert_eq!(event.type_.as_deref(), Some("Normal"));
        cluster.change_pool("gold", json!({ "addresses": ["192.0.2.0/28", "2001:db8::/124"] })).await;
        cluster.web.gets("shop", "192.0.2.0,2001:db8::").await;
    })
    .await;
}

#[tokio::test]
async fn row_32_a_new_pool_of_both_attracts_nobody_who_is_served() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("four", &["192.0.2.0/28"]).await;
        cluster.web.create("shop", [both_families(PREFER, "IPv4")]).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.pool("both", &["198.51.100.0/28", "2001:db8::/124"]).await;
        cluster.web.create("witness", [named_pool("both")]).await;
        cluster.web.gets("witness", "198.51.100.0").await;
        cluster.web.gets("shop", "192.0.2.0").await;
    })
    .await;
}

#[tokio::test]
async fn row_33_a_pool_that_loses_a_family_sends_the_service_to_another_pool_of_both() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("a", &["192.0.2.0/28", "2001:db8::/124"]).await;
        cluster.pool("b", &["198.51.100.0/28", "2001:db8:1::/124"]).await;
        cluster.web.create("shop", [both_families(PREFER, "IPv4")]).await;
        cluster.web.gets("shop", "192.0.2.0,2001:db8::").await;
        cluster.change_pool("a", json!({ "addresses": ["192.0.2.0/28"] })).await;
        cluster.web.gets("shop", "198.51.100.0,2001:db8:1::").await;
        cluster.change_pool("b", json!({ "addresses": ["2001:db8:1::/124"] })).await;
        cluster.web.gets("shop", "2001:db8:1::").await;
    })
    .await;
}

#[tokio::test]
async fn row_33_require_loses_all_when_no_pool_of_both_is_left_and_prefer_takes_one_again() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28", "2001:db8::/124"]).await;
        cluster.web.create("shop", [both_families(REQUIRE, "IPv4")]).await;
        cluster.web.gets("shop", "192.0.2.0,2001:db8::").await;
        cluster.change_pool("gold", json!({ "addresses": ["192.0.2.0/28"] })).await;
        cluster.web.is_refused("shop", "AllocationFailed", "NoSuchFamily").await;
        cluster.web.change("shop", json!({ "spec": { "ipFamilyPolicy": PREFER } })).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.web.change("shop", json!({ "spec": { "ipFamilyPolicy": REQUIRE } })).await;
        cluster.web.is_without("shop", "NoSuchFamily").await;
    })
    .await;
}

#[tokio::test]
async fn row_34_prefer_gets_one_address_and_keeps_it_in_a_cluster_of_one_family() {
    parity_in_a_single_stack_cluster(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/28", "2001:db8::/124"]).await;
        let prefer = json!({ "spec": { "ipFamilyPolicy": PREFER } });
        cluster.web.create("shop", [prefer]).await;
        let shop = cluster.web.gets("shop", "192.0.2.0").await;
        for name in ["one", "two", "three"] {
            cluster.web.create(name, [family("IPv4")]).await;
            cluster.web.until(name, "is served", |s| !crate::fixture::addresses(s).is_empty()).await;
        }
        let later = cluster.web.gets("shop", "192.0.2.0").await;
        let status = |s: &k8s_openapi::api::core::v1::Service| s.status.clone();
        assert_eq!(status(&shop), status(&later), "nobody has written it since");
        assert_eq!(cluster.web.times_allocated("shop").await, 1);
    })
    .await;
}
