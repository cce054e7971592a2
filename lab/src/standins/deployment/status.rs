//! The status of a Deployment, as `kubectl rollout status` and `kubectl get` read it.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::limits::Limits;
use super::{rollout, template};

/// A rollout that stands still for so long (seconds) has failed, unless it says otherwise.
const DEADLINE: i32 = 600;

/// What the Deployment's status should be at `now`.
pub(super) fn status(deployment: &Deployment, sets: &[&ReplicaSet], now: &Time) -> DeploymentStatus {
    let before = deployment.status.clone().unwrap_or_default();
    let newest = template::newest(deployment, sets);
    let counts = Counts::of(sets, newest);
    let mut status = DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        replicas: some(counts.all),
        updated_replicas: some(counts.updated),
        ready_replicas: some(counts.ready),
        available_replicas: some(counts.available),
        unavailable_replicas: some((counts.wanted - counts.available).max(0)),
        collision_count: before.collision_count,
        conditions: before.conditions.clone(),
        terminating_replicas: None,
    };
    let limits = Limits::of(deployment);
    set(&mut status, availability(limits, &counts), now);
    if let Some(progress) = progress(deployment, newest, &counts, &before, now) {
        set(&mut status, progress, now);
    }
    status
}

/// Zero is left out, as the real controller's status is written.
fn some(count: i32) -> Option<i32> {
    (count != 0).then_some(count)
}

/// Pods of all versions together.
#[derive(Default)]
struct Counts {
    wanted: i32,
    all: i32,
    updated: i32,
    ready: i32,
    available: i32,
}

impl Counts {
    fn of(sets: &[&ReplicaSet], newest: Option<&ReplicaSet>) -> Self {
        let mut counts = Self::default();
        for set in sets {
            counts.wanted += rollout::replicas(set);
            let Some(status) = &set.status else { continue };
            counts.all += status.replicas;
            counts.ready += status.ready_replicas.unwrap_or(0);
            counts.available += status.available_replicas.unwrap_or(0);
            if newest.is_some_and(|newest| newest.uid() == set.uid()) {
                counts.updated = status.replicas;
            }
        }
        counts
    }

    fn is_complete(&self, wanted: i32) -> bool {
        self.updated == wanted && self.all == wanted && self.available == wanted
    }

    /// Whether there are more new, ready or available Pods than before, or fewer old ones.
    fn moved(&self, before: &DeploymentStatus) -> bool {
        let updated = before.updated_replicas.unwrap_or(0);
        let old = before.replicas.unwrap_or(0) - updated;
        self.updated > updated
            || self.all - self.updated < old
            || self.ready > before.ready_replicas.unwrap_or(0)
            || self.available > before.available_replicas.unwrap_or(0)
    }
}

/// What a condition should say.
struct Said {
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
    message: String,
}

fn availability(limits: Limits, counts: &Counts) -> Said {
    let (status, reason, message) = if counts.available >= limits.fewest() {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    Said { kind: "Available", status, reason, message: message.to_owned() }
}

/// What has become of the rollout, where there is something new to say.
fn progress(
    deployment: &Deployment,
    newest: Option<&ReplicaSet>,
    counts: &Counts,
    before: &DeploymentStatus,
    now: &Time,
) -> Option<Said> {
    let said = |status, reason, message| Some(Said { kind: "Progressing", status, reason, message });
    let newest = newest?.name_any();
    if counts.is_complete(Limits::of(deployment).wanted) {
        let message = format!("ReplicaSet {newest:?} has successfully progressed.");
        return said("True", "NewReplicaSetAvailable", message);
    }
    let last = condition(before, "Progressing");
    let known =
        |last: &&DeploymentCondition| last.message.as_deref().is_some_and(|text| text.contains(&newest));
    let Some(last) = last.filter(known) else {
        return said("True", "NewReplicaSetCreated", format!("Created new replica set {newest:?}"));
    };
    if counts.moved(before) {
        return said("True", "ReplicaSetUpdated", format!("ReplicaSet {newest:?} is progressing."));
    }
    let deadline =
        deployment.spec.as_ref().and_then(|spec| spec.progress_deadline_seconds).unwrap_or(DEADLINE);
    let since = last.last_update_time.as_ref().map_or(0, |time| now.0.as_second() - time.0.as_second());
    let was_complete = last.reason.as_deref() == Some("NewReplicaSetAvailable");
    let late = !was_complete && since > i64::from(deadline);
    late.then(|| Said {
        kind: "Progressing",
        status: "False",
        reason: "ProgressDeadlineExceeded",
        message: format!("ReplicaSet {newest:?} has timed out progressing."),
    })
}

fn condition<'s>(status: &'s DeploymentStatus, kind: &str) -> Option<&'s DeploymentCondition> {
    status.conditions.iter().flatten().find(|condition| condition.type_ == kind)
}

/// Writes a condition; its times move only when what it says does.
fn set(status: &mut DeploymentStatus, said: Said, now: &Time) {
    let before = condition(status, said.kind).cloned();
    let unchanged = |before: &DeploymentCondition| {
        before.status == said.status
            && before.reason.as_deref() == Some(said.reason)
            && before.message.as_deref() == Some(said.message.as_str())
    };
    // Progress of the same kind is progress all the same: the deadline counts from the last of it.
    if before.as_ref().is_some_and(unchanged) && said.reason != "ReplicaSetUpdated" {
        return;
    }
    let same = before.filter(|before| before.status == said.status);
    let since = same.and_then(|before| before.last_transition_time).unwrap_or_else(|| now.clone());
    let conditions = status.conditions.get_or_insert_default();
    conditions.retain(|condition| condition.type_ != said.kind);
    conditions.push(DeploymentCondition {
        type_: said.kind.to_owned(),
        status: said.status.to_owned(),
        reason: Some(said.reason.to_owned()),
        message: Some(said.message),
        last_transition_time: Some(since),
        last_update_time: Some(now.clone()),
    });
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;

    use super::super::super::samples;
    use super::*;

    fn at(second: i64) -> Time {
        Time(Timestamp::from_second(second).expect("a time"))
    }

    fn said<'s>(status: &'s DeploymentStatus, kind: &str) -> (&'s str, &'s str) {
        let condition = condition(status, kind).expect("the condition");
        (condition.status.as_str(), condition.reason.as_deref().unwrap_or_default())
    }

    fn unavailable() -> ReplicaSet {
        let mut set = samples::replica_set("web-1", "u1", 2, "1");
        set.status.get_or_insert_default().available_replicas = None;
        set
    }

    #[test]
    fn a_finished_rollout_says_so() {
        let set = samples::replica_set("web-1", "u1", 2, "1");
        let status = status(&samples::deployment(2, "1"), &[&set], &at(1));
        assert_eq!(said(&status, "Available"), ("True", "MinimumReplicasAvailable"));
        assert_eq!(said(&status, "Progressing"), ("True", "NewReplicaSetAvailable"));
        assert_eq!(
            (status.replicas, status.updated_replicas, status.unavailable_replicas),
            (Some(2), Some(2), None)
        );
        assert_eq!(status.observed_generation, Some(3));
    }

    #[test]
    fn a_rollout_without_available_pods_is_on_its_way() {
        let status = status(&samples::deployment(2, "1"), &[&unavailable()], &at(1));
        assert_eq!(said(&status, "Available"), ("False", "MinimumReplicasUnavailable"));
        assert_eq!(said(&status, "Progressing"), ("True", "NewReplicaSetCreated"));
        assert_eq!(status.unavailable_replicas, Some(2));
    }

    #[test]
    fn a_rollout_that_stands_still_misses_its_deadline() {
        let set = unavailable();
        let mut deployment = samples::deployment(2, "1");
        deployment.status = Some(status(&deployment, &[&set], &at(1)));
        let waiting = status(&deployment, &[&set], &at(601));
        assert_eq!(said(&waiting, "Progressing").1, "NewReplicaSetCreated");
        let late = status(&deployment, &[&set], &at(602));
        assert_eq!(said(&late, "Progressing"), ("False", "ProgressDeadlineExceeded"));
    }

    #[test]
    fn a_status_that_says_the_same_is_the_same() {
        let set = samples::replica_set("web-1", "u1", 2, "1");
        let mut deployment = samples::deployment(2, "1");
        let first = status(&deployment, &[&set], &at(1));
        deployment.status = Some(first.clone());
        assert_eq!(status(&deployment, &[&set], &at(99)), first);
    }
}
