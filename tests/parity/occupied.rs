//! Pools that hold what others use: another cluster, by a ForeignRange, and the cluster's own Services, by their ServiceCIDR.
//! No rows of the table.

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::networking::v1::ServiceCIDR;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use patina::addr::AddressRange;
use patina::api::{ConfigurationResult, IPAddressPoolStatus};
use serde_json::json;

use crate::case::parity;
use crate::fixture::{eventually, family, named_addresses, named_pool};

/// A ForeignRange that every schema allows, and that means nothing: an IPv6 range that runs backwards.
const BACKWARDS: &str = "2001:db8::f-2001:db8::1";

/// Whether the pool's condition holds these words and nothing of it is given out.
fn warns(status: &IPAddressPoolStatus, words: &str) -> bool {
    status.assigned_ipv4 == 0 && status.conditions.iter().any(|c| c.message.contains(words))
}

#[tokio::test]
async fn beyond_what_others_hold_is_reported_and_never_given_out() {
    parity(async |cluster| {
        let controller = cluster.controller(&[]);
        let lab = cluster.foreign_range("lab", &["192.0.2.0-192.0.2.3", "2001:db8::/120"]).await;
        cluster.pool("lan", &["192.0.2.0/29"]).await;
        let words = format!("ForeignRange: spec.addresses[0]: 192.0.2.0/30 is in use by ForeignRange {lab} (the lab's cluster)");
        cluster.pool_says("lan", "ForeignRange", |s| warns(s, &words)).await;
        cluster.pool_counts("lan", (0, 4), (0, 0)).await;
        controller.shows(cluster, "patina_pool_overlaps{pool=\"lan\",reason=\"ForeignRange\"} 1", true).await;
        cluster.web.create("shop", [family("IPv4")]).await;
        cluster.web.gets("shop", "192.0.2.4").await;
        cluster.web.create("asks", [family("IPv4"), named_addresses("192.0.2.1")]).await;
        cluster.web.is_refused("asks", "AllocationFailed", "ForeignRange").await;
        cluster.foreign_ranges().delete(&lab, &DeleteParams::default()).await.unwrap();
        cluster.web.gets("asks", "192.0.2.1").await;
        cluster.pool_is("lan", "Accepted").await;
        controller.shows(cluster, "patina_pool_overlaps{pool=\"lan\",reason=\"ForeignRange\"} 1", false).await;
    })
    .await;
}

#[tokio::test]
async fn beyond_who_holds_what_others_declare_later_keeps_it_over_a_restart() {
    parity(async |cluster| {
        let controller = cluster.controller(&[]);
        cluster.pool("lan", &["192.0.2.0/29"]).await;
        cluster.web.create("shop", [family("IPv4")]).await;
        cluster.web.gets("shop", "192.0.2.0").await;
        cluster.foreign_range("lab", &["192.0.2.0/30"]).await;
        let says = |s: &Service| {
            let conditions = s.status.as_ref().and_then(|s| s.conditions.as_ref());
            conditions.into_iter().flatten().any(|c| c.message.contains("kept, although ForeignRange: "))
        };
        cluster.web.until("shop", "is told whose its address is", says).await;
        controller.stop().await;
        let _controller = cluster.controller(&[]);
        cluster.web.create("next", [family("IPv4")]).await;
        cluster.web.gets("next", "192.0.2.4").await;
        cluster.web.gets("shop", "192.0.2.0").await;
        assert_eq!(cluster.web.times_allocated("shop").await, 1);
    })
    .await;
}

#[tokio::test]
async fn beyond_a_bad_foreign_range_is_told_and_stops_nobody_else() {
    parity(async |cluster| {
        let _controller = cluster.controller(&[]);
        cluster.pool("lan", &["192.0.2.0/29"]).await;
        let bad = cluster.foreign_range("bad", &[BACKWARDS, "192.0.2.0/31"]).await;
        cluster.foreign_range("good", &["192.0.2.2/31"]).await;
        let state = cluster.state("controller", ConfigurationResult::Invalid).await;
        let summary = state.error_summary.unwrap_or_default();
        assert!(summary.contains(&format!("ForeignRange {bad}: BadRange: spec.addresses[0]: ")), "{summary}");
        let events: Api<Event> = Api::namespaced(cluster.client.clone(), "default");
        let about = ListParams::default().fields(&format!("regarding.name={bad}"));
        let told = async || events.list(&about).await.unwrap().items;
        let events = eventually("an event beside the bad one", told, |events| !events.is_empty()).await;
        assert_eq!(events[0].action.as_deref(), Some("BadRange"), "{events:?}");
        cluster.web.create("shop", [family("IPv4")]).await;
        cluster.web.gets("shop", "192.0.2.4").await;
        let mended = Patch::Merge(json!({ "spec": { "addresses": ["192.0.2.0/31"] } }));
        cluster.foreign_ranges().patch(&bad, &PatchParams::default(), &mended).await.unwrap();
        cluster.state("controller", ConfigurationResult::Valid).await;
    })
    .await;
}

#[tokio::test]
async fn beyond_what_is_no_range_is_refused_by_the_server() {
    parity(async |cluster| {
        for addresses in
            [json!(["192.0.2.0/33"]), json!(["192.0.2.9-192.0.2.1"]), json!(["192.0.2.1"]), json!([])]
        {
            let resource = kube::api::ApiResource::erase::<patina::api::ForeignRange>(&());
            let ranges = Api::<kube::api::DynamicObject>::all_with(cluster.client.clone(), &resource);
            let range = kube::api::DynamicObject::new("bad", &resource)
                .data(json!({ "spec": { "addresses": addresses } }));
            let refused = ranges.create(&Default::default(), &range).await;
            let Err(kube::Error::Api(status)) = refused else { panic!("{addresses}: {refused:?}") };
            assert_eq!(status.code, 422, "{addresses}: {status:?}");
            assert!(status.message.contains("spec.addresses"), "{addresses}: {status:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn beyond_a_pool_in_the_service_range_is_reported_before_its_first_address_is_given_out() {
    parity(async |cluster| {
        let cidrs: Api<ServiceCIDR> = Api::all(cluster.client.clone());
        let declared = cidrs.get("kubernetes").await.unwrap().spec.and_then(|spec| spec.cidrs).unwrap();
        let range: AddressRange = declared[0].parse().unwrap();
        let inside =
            [range.count() - 9, range.count() - 2].map(|n| range.nth(n).unwrap().to_string()).join("-");
        let controller = cluster.controller(&[]);
        cluster.pool("inside", &[&inside]).await;
        let words = "is in use by cluster addresses of Services (ServiceCIDR kubernetes)";
        cluster.pool_says("inside", "ServiceRange", |s| warns(s, words)).await;
        cluster.pool_is("inside", "Overlapped").await;
        controller
            .shows(cluster, "patina_pool_overlaps{pool=\"inside\",reason=\"ServiceRange\"} 1", true)
            .await;
        cluster.web.create("shop", [family("IPv4"), named_pool("inside")]).await;
        cluster.web.gets("shop", &range.nth(range.count() - 9).unwrap().to_string()).await;
    })
    .await;
}
