//! Kinds that apply and have no effect yet.

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::events::v1::Event;
use kube::api::{Patch, PatchParams};
use patina::api::bgp::{BGPPeer, Community};
use patina_tests::wait::eventually;
use serde_json::json;

use crate::fixture::{Cluster, OWN, named};

fn peer() -> BGPPeer {
    named(json!({ "spec": { "myASN": 64500, "peerASN": 64501, "peerAddress": "192.0.2.1" } }), "router")
}

#[tokio::test]
async fn a_bgp_peer_is_told_once_that_it_has_no_effect_and_once_more_when_it_has_changed() {
    let cluster = Cluster::start().await;
    let peers = cluster.own::<BGPPeer>();
    let peer = cluster.create(&peers, peer()).await;
    let _controller = cluster.controller(&[]);
    let told = cluster.event(OWN, "router", "NotYetSupported").await;
    assert_eq!(told.type_.as_deref(), Some("Warning"));
    assert_eq!(
        told.note.as_deref(),
        Some("NotYetSupported: Patina does not speak BGP yet; without effect: spec")
    );
    let regarding = told.regarding.unwrap();
    assert_eq!(regarding.kind.as_deref(), Some("BGPPeer"));
    assert_eq!(regarding.api_version.as_deref(), Some("metallb.io/v1beta2"));
    assert_eq!(regarding.uid, peer.metadata.uid);

    let labelled = json!({ "metadata": { "labels": { "rack": "3" } } });
    let changed = json!({ "spec": { "peerASN": 64502 } });
    for patch in [labelled, changed] {
        peers.patch("router", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }
    let events = async || cluster.events(OWN, "router").await;
    let events = eventually("a second Event", events, |events| events.len() > 1).await;
    assert_eq!(events.len(), 2, "{events:#?}");
}

#[tokio::test]
async fn a_follower_speaks_of_objects_without_effect_only_when_leadership_has_come() {
    let cluster = Cluster::start().await;
    let first = cluster.controller(&["--pod-name=first"]);
    let leases = cluster.own::<Lease>();
    let lease = async || leases.get_opt("patina-controller").await.unwrap().and_then(|lease| lease.spec);
    let holds = |who: &'static str| {
        move |spec: &Option<LeaseSpec>| spec.as_ref().and_then(|s| s.holder_identity.as_deref()) == Some(who)
    };
    eventually("the first leads", lease, holds("first")).await;
    let _second = cluster.controller(&["--pod-name=second"]);
    let community = json!({ "spec": { "communities": [{ "name": "quiet", "value": "65000:1" }] } });
    cluster.create(&cluster.own(), named::<Community>(community, "names")).await;
    cluster.event(OWN, "names", "NotYetSupported").await;
    first.stop().await;
    let events = async || cluster.events(OWN, "names").await;
    let by = |event: &Event, who| event.reporting_instance.as_deref() == Some(who);
    let events =
        eventually("the second speaks", events, |events| events.iter().any(|e| by(e, "second"))).await;
    let acquired =
        eventually("the second leads", lease, holds("second")).await.and_then(|spec| spec.acquire_time);
    let spoke = events.iter().filter(|e| by(e, "second")).map(|e| e.event_time.clone()).min();
    assert!(spoke.flatten() >= acquired && acquired.is_some(), "{acquired:?} {events:#?}");
    assert_eq!(events.iter().filter(|e| by(e, "first")).count(), 1, "{events:#?}");
}
