//! A leader is cut off in the middle of a burst of writes, and what it had sent arrives late. No rows of the table.

use patina_tests::services::{Holdings, condition, each_has_its_own, held};
use patina_tests::wait::eventually;
use patina_tests::way::{Passage, Seen, Way};

use crate::case::parity;
use crate::fixture::{Cluster, Controller, next_second};

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

/// A leader that was cut off, with writes of addresses under way.
struct CutOff {
    way: Way,
    /// What stood when it was cut off.
    stood: Holdings,
    _deposed: Controller,
}

impl CutOff {
    async fn in_the_middle_of_a_burst(cluster: &Cluster) -> Self {
        let way = cluster.way().await;
        let deposed = cluster.controller_by(&way, &["--pod-name=first", "--lease-seconds=3"]);
        cluster.pool("gold", &["198.51.100.1-198.51.100.20"]).await;
        for i in 0..BEFORE {
            cluster.web.create(&format!("before-{i:02}"), []).await;
        }
        each_has_its_own(&cluster.web.api()).await;
        for i in 0..BURST {
            cluster.web.create(&format!("burst-{i:03}"), []).await;
        }
        for i in 0..BURST {
            cluster.web.is_without(&format!("burst-{i:03}"), "Exhausted").await;
        }
        way.set(Passage::OpenFor(way.seen().len() + ARRIVED));
        cluster.pool("silver", &["192.0.2.0/24"]).await;
        eventually("writes are under way", async || way.held(), |held| *held >= IN_THE_AIR).await;
        let stood = held(&cluster.web.api()).await;
        let gone = stood.iter().filter(|(name, held)| name.starts_with("burst") && !held.is_empty());
        for (name, _) in gone.take(GONE) {
            cluster.web.delete(name).await;
        }
        let stood = stood.into_iter().filter(|(_, held)| !held.is_empty()).collect();
        Self { way, stood, _deposed: deposed }
    }

    /// Lets everything arrive that the deposed leader had sent; the answers that it got.
    async fn let_loose(&self) -> Vec<Seen> {
        let late: Vec<_> = (0..).zip(self.way.seen()).filter(|(_, seen)| seen.answer.is_none()).collect();
        self.way.set(Passage::Open);
        let arrived = async || late.iter().map(|(i, _)| self.way.seen()[*i].clone()).collect::<Vec<_>>();
        let all = |late: &Vec<Seen>| late.iter().all(|seen| seen.answer.is_some());
        eventually("what was sent has arrived", arrived, all).await
    }

    /// Of those that had theirs, each has it still.
    fn assert_nobody_moved(&self, now: &Holdings) {
        for (name, held) in &self.stood {
            assert!(now.get(name).is_none_or(|now| now == held), "{name} had {held:?}: {now:?}");
        }
    }
}

#[tokio::test]
async fn beyond_what_a_deposed_leader_had_sent_changes_nothing_that_the_next_has_decided() {
    parity(async |cluster| {
        let cut_off = CutOff::in_the_middle_of_a_burst(cluster).await;
        let _next = cluster.controller(&["--pod-name=second", "--lease-seconds=3"]);
        let decided = each_has_its_own(&cluster.web.api()).await;
        cut_off.assert_nobody_moved(&decided);
        let late = cut_off.let_loose().await;
        assert!(late.iter().all(|seen| seen.answer == Some(CONFLICT)), "{late:?}");
        assert_eq!(held(&cluster.web.api()).await, decided);
        cluster.web.create("afterwards", []).await;
        each_has_its_own(&cluster.web.api()).await;
    })
    .await;
}

#[tokio::test]
async fn beyond_a_late_write_that_arrives_before_the_next_leader_has_written_is_found_and_nobody_shares() {
    parity(async |cluster| {
        let cut_off = CutOff::in_the_middle_of_a_burst(cluster).await;
        let way = cluster.way().await;
        way.set(Passage::WritesHeld);
        let _next = cluster.controller_by(&way, &["--pod-name=second", "--lease-seconds=3"]);
        eventually("the next leader writes", async || way.held(), |held| *held > 0).await;
        let late = cut_off.let_loose().await;
        assert!(late.iter().any(|seen| seen.answer == Some(OK)), "{late:?}");
        way.set(Passage::Open);
        let settled = each_has_its_own(&cluster.web.api()).await;
        cut_off.assert_nobody_moved(&settled);
        assert!(
            way.seen().iter().any(|seen| seen.answer == Some(CONFLICT)),
            "decided again: {:?}",
            way.seen()
        );
    })
    .await;
}

#[tokio::test]
async fn beyond_doubled_addresses_that_a_leader_finds_are_told_apart_with_a_reason() {
    parity(async |cluster| {
        let first = cluster.controller(&[]);
        cluster.pool("gold", &["192.0.2.0/24"]).await;
        cluster.web.create("older", []).await;
        next_second().await;
        cluster.web.create("younger", []).await;
        for (name, address) in [("older", "192.0.2.0"), ("younger", "192.0.2.1")] {
            cluster.web.gets(name, address).await;
        }
        first.stop().await;
        let doubled = serde_json::json!({ "loadBalancer": { "ingress": [{ "ip": "192.0.2.0" }] } });
        cluster.web.edit_status("younger", doubled).await;
        let _second = cluster.controller(&[]);
        let held = each_has_its_own(&cluster.web.api()).await;
        assert_eq!(held["older"], ["192.0.2.0"]);
        cluster.web.event("younger", "ClearAssignment", "InUse").await;
        let younger = cluster.web.until("younger", "is told", |s| condition(s, ALLOCATED).is_some()).await;
        let conditions = younger.status.unwrap().conditions.unwrap();
        let told = &conditions.iter().find(|c| c.type_ == ALLOCATED).unwrap().message;
        assert!(told.contains("moved: InUse: 192.0.2.0 is held by "), "{told}");
    })
    .await;
}
