//! The steps from what runs to what should run.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};

use super::limits::{Limits, is_recreate};
use super::{revision, template};

/// One step.
#[derive(Debug, PartialEq)]
pub(super) enum Step<'a> {
    /// A ReplicaSet for a template that has none.
    Create(Box<ReplicaSet>),
    Scale {
        set: &'a ReplicaSet,
        replicas: i32,
    },
    /// A version too old to go back to.
    Forget(&'a ReplicaSet),
}

/// The steps that are due now.
pub(super) fn steps<'a>(deployment: &Deployment, sets: &[&'a ReplicaSet]) -> Vec<Step<'a>> {
    let newest = template::newest(deployment, sets);
    let is_old = |set: &&ReplicaSet| newest.is_none_or(|newest| newest.uid() != set.uid());
    let round = Round {
        deployment,
        limits: Limits::of(deployment),
        newest,
        old: sets.iter().copied().filter(is_old).collect(),
    };
    if deployment.spec.as_ref().and_then(|spec| spec.paused) == Some(true) {
        return newest.and_then(|set| scale(set, round.limits.wanted)).into_iter().collect();
    }
    let steps = if is_recreate(deployment) { round.recreate() } else { round.roll() };
    if steps.is_empty() { round.forget() } else { steps }
}

struct Round<'d, 'a> {
    deployment: &'d Deployment,
    limits: Limits,
    newest: Option<&'a ReplicaSet>,
    old: Vec<&'a ReplicaSet>,
}

impl<'a> Round<'_, 'a> {
    fn roll(&self) -> Vec<Step<'a>> {
        let steps = self.forward();
        if steps.is_empty() { self.yield_place() } else { steps }
    }

    /// The new version up, as far as the most allows.
    fn forward(&self) -> Vec<Step<'a>> {
        let present = self.newest.map_or(0, replicas);
        let room = (self.limits.most() - present - sum(&self.old, replicas)).max(0);
        let target = (present + room).min(self.limits.wanted).max(present.min(self.limits.wanted));
        match self.newest {
            None => vec![Step::Create(Box::new(new_set(self.deployment, target)))],
            Some(newest) => scale(newest, target).into_iter().collect(),
        }
    }

    /// The old versions down, as far as the fewest allows: first what is not available anyway.
    fn yield_place(&self) -> Vec<Step<'a>> {
        let Some(newest) = self.newest else { return Vec::new() };
        let all = replicas(newest) + sum(&self.old, replicas);
        let coming = replicas(newest) - available(newest);
        let mut spare = (all - self.limits.fewest() - coming).max(0);
        let mut ready = (available(newest) + sum(&self.old, available) - self.limits.fewest()).max(0);
        let mut by_age = self.old.clone();
        by_age.sort_by_key(|set| set.metadata.creation_timestamp.clone());
        let mut steps = Vec::new();
        for set in by_age {
            let broken = (replicas(set) - available(set)).clamp(0, spare);
            spare -= broken;
            let healthy = (replicas(set) - broken).min(ready).min(spare);
            spare -= healthy;
            ready -= healthy;
            steps.extend(scale(set, replicas(set) - broken - healthy));
        }
        steps
    }

    /// All old Pods first, then the new ones.
    fn recreate(&self) -> Vec<Step<'a>> {
        let down: Vec<Step<'a>> = self.old.iter().filter_map(|set| scale(set, 0)).collect();
        if !down.is_empty() {
            return down;
        }
        if self.old.iter().any(|set| set.status.as_ref().is_some_and(|status| status.replicas > 0)) {
            return Vec::new();
        }
        match self.newest {
            None => vec![Step::Create(Box::new(new_set(self.deployment, self.limits.wanted)))],
            Some(newest) => scale(newest, self.limits.wanted).into_iter().collect(),
        }
    }

    /// Empty old versions beyond the number that is kept, once the new one stands.
    fn forget(&self) -> Vec<Step<'a>> {
        if self.newest.is_none_or(|newest| available(newest) < self.limits.wanted) {
            return Vec::new();
        }
        let kept = self.deployment.spec.as_ref().and_then(|spec| spec.revision_history_limit).unwrap_or(10);
        let mut old = self.old.clone();
        old.sort_by_key(|set| std::cmp::Reverse(revision::of(*set)));
        let beyond = old.into_iter().skip(usize::try_from(kept).unwrap_or(0));
        beyond.filter(|set| replicas(set) == 0 && available(set) == 0).map(Step::Forget).collect()
    }
}

fn scale(set: &ReplicaSet, target: i32) -> Option<Step<'_>> {
    (replicas(set) != target).then_some(Step::Scale { set, replicas: target })
}

fn sum(sets: &[&ReplicaSet], count: impl Fn(&ReplicaSet) -> i32) -> i32 {
    sets.iter().map(|set| count(set)).sum()
}

pub(super) fn replicas(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

fn available(set: &ReplicaSet) -> i32 {
    set.status.as_ref().and_then(|status| status.available_replicas).unwrap_or(0)
}

fn new_set(deployment: &Deployment, replicas: i32) -> ReplicaSet {
    let mut template = template::template_of(deployment);
    let hash = template::hash(&template);
    let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
    labels.insert(template::HASH_LABEL.to_owned(), hash.clone());
    let labels = labels.clone();
    let mut selector = deployment.spec.as_ref().map(|spec| spec.selector.clone()).unwrap_or_default();
    let matched = selector.match_labels.get_or_insert_default();
    matched.insert(template::HASH_LABEL.to_owned(), hash.clone());
    ReplicaSet {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", deployment.name_any())),
            namespace: deployment.namespace(),
            labels: Some(labels),
            annotations: Some(revision::size(deployment)),
            owner_references: deployment.controller_owner_ref(&()).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        spec: Some(ReplicaSetSpec {
            replicas: Some(replicas),
            selector,
            template: Some(template),
            min_ready_seconds: None,
        }),
        status: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::samples;
    use super::*;

    fn scaled(steps: &[Step<'_>]) -> Vec<(String, i32)> {
        let step = |step: &Step<'_>| match step {
            Step::Scale { set, replicas } => Some((set.name_any(), *replicas)),
            Step::Create(_) | Step::Forget(_) => None,
        };
        steps.iter().filter_map(step).collect()
    }

    fn waiting(name: &str, replicas: i32, image: &str) -> ReplicaSet {
        let mut set = samples::replica_set(name, name, replicas, image);
        set.status = None;
        set
    }

    #[test]
    fn the_first_version_comes_at_once() {
        let steps = steps(&samples::deployment(3, "1"), &[]);
        let [Step::Create(set)] = steps.as_slice() else { panic!("{steps:?}") };
        assert_eq!(replicas(set), 3);
        let hash = set.labels()[template::HASH_LABEL].clone();
        assert_eq!(set.name_any(), format!("web-{hash}"));
        let spec = set.spec.as_ref().expect("a spec");
        assert_eq!(spec.selector.match_labels.as_ref().expect("labels")[template::HASH_LABEL], hash);
        let pods = spec.template.as_ref().and_then(|template| template.metadata.as_ref()).expect("metadata");
        assert_eq!(pods.labels.as_ref().expect("labels")[template::HASH_LABEL], hash);
        assert_eq!(template::newest(&samples::deployment(3, "1"), &[set]), Some(&**set));
    }

    #[test]
    fn a_new_version_surges_and_the_old_one_yields() {
        let deployment = samples::deployment(4, "2");
        let old = samples::replica_set("old", "old", 4, "1");
        let first = steps(&deployment, &[&old]);
        let [Step::Create(new)] = first.as_slice() else { panic!("{first:?}") };
        assert_eq!(replicas(new), 1);
        let new = waiting("new", 1, "2");
        assert_eq!(scaled(&steps(&deployment, &[&old, &new])), [("old".to_owned(), 3)]);
        let old = samples::replica_set("old", "old", 3, "1");
        assert_eq!(scaled(&steps(&deployment, &[&old, &new])), [("new".to_owned(), 2)]);
        let new = waiting("new", 2, "2");
        assert_eq!(scaled(&steps(&deployment, &[&old, &new])), []);
        let new = samples::replica_set("new", "new", 2, "2");
        assert_eq!(scaled(&steps(&deployment, &[&old, &new])), [("old".to_owned(), 1)]);
    }

    #[test]
    fn broken_pods_of_the_old_version_go_first() {
        let deployment = samples::deployment(4, "2");
        let mut old = samples::replica_set("old", "old", 4, "1");
        old.status.get_or_insert_default().available_replicas = Some(2);
        let new = waiting("new", 1, "2");
        assert_eq!(scaled(&steps(&deployment, &[&old, &new])), [("old".to_owned(), 3)]);
    }

    #[test]
    fn scaling_touches_the_newest_version() {
        let set = samples::replica_set("now", "now", 3, "1");
        assert_eq!(scaled(&steps(&samples::deployment(5, "1"), &[&set])), [("now".to_owned(), 5)]);
        assert_eq!(scaled(&steps(&samples::deployment(1, "1"), &[&set])), [("now".to_owned(), 1)]);
        assert_eq!(scaled(&steps(&samples::deployment(0, "1"), &[&set])), [("now".to_owned(), 0)]);
    }

    #[test]
    fn a_paused_deployment_changes_its_size_and_not_its_version() {
        let mut deployment = samples::deployment(2, "2");
        deployment.spec.as_mut().expect("a spec").paused = Some(true);
        let old = samples::replica_set("old", "old", 2, "1");
        assert_eq!(steps(&deployment, &[&old]), []);
        let new = samples::replica_set("new", "new", 1, "2");
        assert_eq!(scaled(&steps(&deployment, &[&old, &new])), [("new".to_owned(), 2)]);
    }

    #[test]
    fn recreate_waits_for_the_last_old_pod() {
        let mut deployment = samples::deployment(2, "2");
        deployment.spec.as_mut().and_then(|spec| spec.strategy.as_mut()).expect("a strategy").type_ =
            Some("Recreate".to_owned());
        let old = samples::replica_set("old", "old", 2, "1");
        assert_eq!(scaled(&steps(&deployment, &[&old])), [("old".to_owned(), 0)]);
        let mut leaving = samples::replica_set("old", "old", 0, "1");
        leaving.status.get_or_insert_default().replicas = 1;
        assert_eq!(steps(&deployment, &[&leaving]), []);
        let gone = samples::replica_set("old", "old", 0, "1");
        assert!(matches!(steps(&deployment, &[&gone]).as_slice(), [Step::Create(_)]));
    }

    #[test]
    fn old_versions_beyond_the_limit_are_forgotten_once_the_new_one_stands() {
        let deployment = samples::deployment(1, "3");
        let now = samples::replica_set("now", "now", 1, "3");
        let mut older = [samples::replica_set("a", "a", 0, "1"), samples::replica_set("b", "b", 0, "2")];
        for (set, number) in older.iter_mut().zip(["1", "2"]) {
            set.annotations_mut().insert(revision::ANNOTATION.to_owned(), number.to_owned());
        }
        assert_eq!(steps(&deployment, &[&now, &older[0], &older[1]]), [Step::Forget(&older[0])]);
    }
}
