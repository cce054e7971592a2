//! A leader is cut off in the middle of a burst of writes, and what it had sent arrives late.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;

use crate::fixture::{Cluster, Controller, condition, eventually};
use crate::way::{Passage, Seen, Way};

/// Services that have their addresses before the burst.
const BEFORE: usize = 20;
/// Services of the burst.
const BURST: usize = 200;
/// Writes of the burst that arrive before the leader is cut off.
const ARRIVED: usize = 60;
/// Services of the burst that go while nobody leads, so that the next leader decides otherwise than the last.
const GONE: usize = 10;

/// Writes that are under way, at least, when the leader is cut off.
const IN_THE_AIR: usize = 4;

const ALLOCATED: &str = "patina.dev/Allocated";
const CONFLICT: u16 = 409;
const OK: u16 = 200;

/// A cluster whose leader was cut off, with writes of addresses under way.
struct CutOff {
    cluster: Cluster,
    way: Way,
    /// What stood when it was cut off.
    stood: BTreeMap<String, Vec<String>>,
    _deposed: Controller,
}

impl CutOff {
    async fn in_the_middle_of_a_burst() -> Self {
        let cluster = Cluster::start().await;
        let way = Way::to(&cluster.server).await;
        let deposed = cluster.controller_by(&way, &["--pod-name=first", "--lease-seconds=3"]);
        cluster.pool("gold", &["198.51.100.1-198.51.100.20"]).await;
        for i in 0..BEFORE {
            cluster.service(&format!("before-{i}")).await;
        }
        cluster.each_has_its_own().await;
        cluster.burst(BURST).await;
        for i in 0..BURST {
            let waits = |s: &Service| condition(s, ALLOCATED) == Some(("False".into(), "Exhausted".into()));
            cluster.until(&format!("burst-{i:03}"), waits).await;
        }
        way.set(Passage::OpenFor(way.seen().len() + ARRIVED));
        cluster.pool("silver", &["192.0.2.0/24"]).await;
        eventually(async || way.held(), |held| *held >= IN_THE_AIR).await;
        let stood = cluster.held().await;
        let gone = stood.iter().filter(|(name, held)| name.starts_with("burst") && !held.is_empty());
        for (name, _) in gone.take(GONE) {
            cluster.delete_service(name).await;
        }
        let stood = stood.into_iter().filter(|(_, held)| !held.is_empty()).collect();
        Self { cluster, way, stood, _deposed: deposed }
    }

    /// Lets everything arrive that the deposed leader had sent; the answers that it got.
    async fn let_loose(&self) -> Vec<Seen> {
        let late: Vec<_> = (0..).zip(self.way.seen()).filter(|(_, seen)| seen.answer.is_none()).collect();
        self.way.set(Passage::Open);
        let arrived = async || late.iter().map(|(i, _)| self.way.seen()[*i].clone()).collect::<Vec<_>>();
        eventually(arrived, |late| late.iter().all(|seen| seen.answer.is_some())).await
    }

    /// Of those that had theirs, each has it still.
    fn assert_nobody_moved(&self, now: &BTreeMap<String, Vec<String>>) {
        for (name, held) in &self.stood {
            assert!(now.get(name).is_none_or(|now| now == held), "{name} had {held:?}: {now:?}");
        }
    }
}

#[tokio::test]
async fn what_a_deposed_leader_had_sent_changes_nothing_that_the_next_has_decided() {
    let cut_off = CutOff::in_the_middle_of_a_burst().await;
    let cluster = &cut_off.cluster;
    let _next = cluster.controller(&["--pod-name=second", "--lease-seconds=3"]);
    let decided = cluster.each_has_its_own().await;
    cut_off.assert_nobody_moved(&decided);
    let late = cut_off.let_loose().await;
    assert!(late.iter().all(|seen| seen.answer == Some(CONFLICT)), "{late:?}");
    assert_eq!(cluster.held().await, decided);
    cluster.service("afterwards").await;
    cluster.each_has_its_own().await;
}

#[tokio::test]
async fn a_late_write_that_arrives_before_the_next_leader_has_written_is_found_and_nobody_shares() {
    let cut_off = CutOff::in_the_middle_of_a_burst().await;
    let cluster = &cut_off.cluster;
    let way = Way::to(&cluster.server).await;
    way.set(Passage::WritesHeld);
    let _next = cluster.controller_by(&way, &["--pod-name=second", "--lease-seconds=3"]);
    eventually(async || way.held(), |held| *held > 0).await;
    let late = cut_off.let_loose().await;
    assert!(late.iter().any(|seen| seen.answer == Some(OK)), "{late:?}");
    way.set(Passage::Open);
    let settled = cluster.each_has_its_own().await;
    cut_off.assert_nobody_moved(&settled);
    assert!(way.seen().iter().any(|seen| seen.answer == Some(CONFLICT)), "decided again: {:?}", way.seen());
}

#[tokio::test]
async fn doubled_addresses_that_a_leader_finds_are_told_apart_with_a_reason() {
    let cluster = Cluster::start().await;
    let first = cluster.controller(&[]);
    cluster.pool("gold", &["192.0.2.0/24"]).await;
    for name in ["older", "younger"] {
        cluster.service(name).await;
        cluster.settled(name).await;
    }
    first.stop().await;
    cluster
        .patch_status(
            "younger",
            serde_json::json!({ "loadBalancer": { "ingress": [{ "ip": "192.0.2.0" }] } }),
        )
        .await;
    let _second = cluster.controller(&[]);
    let held = cluster.each_has_its_own().await;
    assert_eq!(held["older"], ["192.0.2.0"]);
    let event = cluster.event(crate::fixture::WEB, "younger", "ClearAssignment").await;
    assert_eq!(event.action.as_deref(), Some("InUse"));
    let younger = cluster.until("younger", |s| condition(s, ALLOCATED).is_some()).await;
    let conditions = younger.status.unwrap().conditions.unwrap();
    let told = &conditions.iter().find(|c| c.type_ == ALLOCATED).unwrap().message;
    assert!(told.contains("moved: InUse: 192.0.2.0 is held by web/older"), "{told}");
}
