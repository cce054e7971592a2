//! The annotations by which `kubectl rollout` reads a Deployment's history.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use kube::ResourceExt;

use super::limits::Limits;
use super::template;

pub(super) const ANNOTATION: &str = "deployment.kubernetes.io/revision";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MOST: &str = "deployment.kubernetes.io/max-replicas";

/// The revision an object carries.
pub(super) fn of(object: &impl ResourceExt) -> Option<i64> {
    object.annotations().get(ANNOTATION)?.parse().ok()
}

/// The ReplicaSet of the present template and the revision it should have, where it or the Deployment
/// carries another one. A version that comes back becomes the newest again.
pub(super) fn due<'s>(deployment: &Deployment, sets: &[&'s ReplicaSet]) -> Option<(&'s ReplicaSet, i64)> {
    let newest = template::newest(deployment, sets)?;
    let others = sets.iter().filter(|set| set.uid() != newest.uid());
    let highest = others.filter_map(|set| of(*set)).max().unwrap_or(0);
    let revision = of(newest).filter(|revision| *revision > highest).unwrap_or(highest + 1);
    let settled = of(newest) == Some(revision) && of(deployment) == Some(revision);
    (!settled).then_some((newest, revision))
}

/// The size a ReplicaSet was made for.
pub(super) fn size(deployment: &Deployment) -> BTreeMap<String, String> {
    let limits = Limits::of(deployment);
    BTreeMap::from([
        (DESIRED.to_owned(), limits.wanted.to_string()),
        (MOST.to_owned(), limits.most().to_string()),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::super::samples;
    use super::*;

    fn set(uid: &str, revision: &str, image: &str) -> ReplicaSet {
        let mut set = samples::replica_set(uid, uid, 1, image);
        set.annotations_mut().insert(ANNOTATION.to_owned(), revision.to_owned());
        set
    }

    fn named(due: Option<(&ReplicaSet, i64)>) -> Option<(String, i64)> {
        due.map(|(set, revision)| (set.name_any(), revision))
    }

    #[test]
    fn a_new_template_is_the_next_revision() {
        let deployment = samples::deployment(1, "2");
        let (old, new) = (set("old", "4", "1"), samples::replica_set("new", "new", 1, "2"));
        assert_eq!(named(due(&deployment, &[&old, &new])), Some(("new".to_owned(), 5)));
    }

    #[test]
    fn a_version_that_comes_back_is_the_newest_again() {
        let deployment = samples::deployment(1, "1");
        let (old, new) = (set("old", "1", "1"), set("new", "2", "2"));
        assert_eq!(named(due(&deployment, &[&old, &new])), Some(("old".to_owned(), 3)));
    }

    #[test]
    fn a_settled_history_is_left_alone() {
        let mut deployment = samples::deployment(1, "1");
        deployment.annotations_mut().insert(ANNOTATION.to_owned(), "3".to_owned());
        let (now, before) = (set("now", "3", "1"), set("before", "2", "2"));
        assert_eq!(named(due(&deployment, &[&now, &before])), None);
    }
}
