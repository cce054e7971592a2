//! What becomes of the Pods of a node that is not ready.

use k8s_openapi::api::core::v1::{Node, Pod, PodStatus, Taint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::super::{pods, scheduler};

/// The Pod's status with the Ready condition its node implies; `None` when it has it.
///
/// A node that is not ready has no ready Pod. On one that is, a Pod is ready if its containers are.
pub(super) fn readiness(pod: &Pod, node_ready: bool, now: &Time) -> Option<PodStatus> {
    let containers_ready =
        pods::condition(pod, "ContainersReady").is_some_and(|condition| condition.status == "True");
    let wanted = match (pods::is_ready(pod), node_ready) {
        (true, false) => "False",
        (false, true) if containers_ready && pods::is_running(pod) => "True",
        (true, true) | (false, _) => return None,
    };
    let mut status = pod.status.clone()?;
    let condition = status.conditions.as_mut()?.iter_mut().find(|condition| condition.type_ == "Ready")?;
    condition.status = wanted.to_owned();
    condition.last_transition_time = Some(now.clone());
    Some(status)
}

/// Whether a taint of the node has outlasted what the Pod tolerates.
pub(super) fn is_due(node: &Node, pod: &Pod, now: &Time) -> bool {
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    taints.filter(|taint| taint.effect == "NoExecute").any(|taint| is_outlasted(taint, pod, now))
}

fn is_outlasted(taint: &Taint, pod: &Pod, now: &Time) -> bool {
    let tolerations = pod.spec.iter().flat_map(|spec| spec.tolerations.iter().flatten());
    let tolerations: Vec<_> =
        tolerations.filter(|toleration| scheduler::tolerates(toleration, taint)).collect();
    let since = taint.time_added.as_ref().map_or(0, |time| now.0.as_second() - time.0.as_second());
    let patience = tolerations.iter().filter_map(|toleration| toleration.toleration_seconds).min();
    tolerations.is_empty() || patience.is_some_and(|seconds| since >= seconds)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;
    use serde_json::{Value, from_value, json};

    use super::super::super::samples;
    use super::*;

    fn at(second: i64) -> Time {
        Time(Timestamp::from_second(second).expect("a time"))
    }

    fn is_ready(status: &PodStatus) -> bool {
        let conditions = status.conditions.as_ref().expect("conditions");
        conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
    }

    #[test]
    fn readiness_follows_the_node_and_comes_back_with_it() {
        let mut pod = samples::ready_pod("a", "n");
        assert_eq!(readiness(&pod, true, &at(1)), None);
        let status = readiness(&pod, false, &at(1)).expect("a change");
        assert!(!is_ready(&status));
        pod.status = Some(status);
        assert_eq!(readiness(&pod, false, &at(2)), None);
        assert!(is_ready(&readiness(&pod, true, &at(3)).expect("a change")));
    }

    #[test]
    fn a_pod_whose_containers_are_not_ready_stays_so() {
        assert_eq!(readiness(&samples::unready_pod("a", "n"), true, &at(1)), None);
    }

    fn tainted() -> Node {
        let mut node = samples::node("n", "Unknown");
        node.spec = from_value(json!({"taints": [
            {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "timeAdded": at(100)},
        ]}))
        .expect("a spec");
        node
    }

    fn tolerating(tolerations: Value) -> Pod {
        let mut pod = samples::ready_pod("a", "n");
        pod.spec.as_mut().expect("a spec").tolerations = from_value(tolerations).expect("tolerations");
        pod
    }

    #[test]
    fn a_pod_is_evicted_when_its_patience_ends() {
        let patient = tolerating(json!([
            {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
        ]));
        assert!(!is_due(&tainted(), &patient, &at(399)));
        assert!(is_due(&tainted(), &patient, &at(400)));
        assert!(is_due(&tainted(), &tolerating(json!([])), &at(100)));
        assert!(!is_due(&tainted(), &tolerating(json!([{"operator": "Exists"}])), &at(9999)));
        assert!(!is_due(&samples::node("n", "True"), &patient, &at(9999)));
    }
}
