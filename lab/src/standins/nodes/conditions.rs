//! What a Node says about itself, and what is said about it when it does not.

use k8s_openapi::api::core::v1::{Node, NodeCondition, NodeStatus, Taint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

/// The conditions that a kubelet keeps.
const KEPT: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// condition · status · the taint that follows from it
const TAINTS: [(&str, &str, &str); 6] = [
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
];

const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

pub(super) fn ready(node: &Node) -> Option<&NodeCondition> {
    conditions(node).find(|condition| condition.type_ == "Ready")
}

pub(super) fn is_ready(node: &Node) -> bool {
    ready(node).is_some_and(|condition| condition.status == "True")
}

fn conditions(node: &Node) -> impl Iterator<Item = &NodeCondition> {
    node.status.iter().flat_map(|status| status.conditions.iter().flatten())
}

/// The status of a node that has fallen silent; `None` when it says so already.
pub(super) fn unknown(node: &Node, now: &Time) -> Option<NodeStatus> {
    if ready(node).is_some_and(|condition| condition.status == "Unknown") {
        return None;
    }
    let mut status = node.status.clone().unwrap_or_default();
    let conditions = status.conditions.get_or_insert_default();
    for kind in KEPT {
        match conditions.iter_mut().find(|condition| condition.type_ == kind) {
            Some(condition) if condition.status == "Unknown" => {}
            Some(condition) => {
                condition.status = "Unknown".to_owned();
                condition.reason = Some("NodeStatusUnknown".to_owned());
                condition.message = Some("Kubelet stopped posting node status.".to_owned());
                condition.last_transition_time = Some(now.clone());
            }
            None => conditions.push(NodeCondition {
                type_: kind.to_owned(),
                status: "Unknown".to_owned(),
                reason: Some("NodeStatusNeverUpdated".to_owned()),
                message: Some("Kubelet never posted node status.".to_owned()),
                last_heartbeat_time: node.creation_timestamp(),
                last_transition_time: Some(now.clone()),
            }),
        }
    }
    Some(status)
}

/// The taints a node should have; `None` when it has them. Taints of other authors stay.
pub(super) fn taints(node: &Node, now: &Time) -> Option<Vec<Taint>> {
    let present = node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default();
    let wanted = wanted(node);
    let is_wanted =
        |taint: &Taint| wanted.iter().any(|(key, effect)| taint.key == *key && taint.effect == *effect);
    let mut taints: Vec<Taint> =
        present.iter().filter(|taint| !is_ours(taint) || is_wanted(taint)).cloned().collect();
    for (key, effect) in &wanted {
        if !taints.iter().any(|taint| taint.key == *key && taint.effect == *effect) {
            let time_added = (*effect == "NoExecute").then(|| now.clone());
            taints.push(Taint {
                key: (*key).to_owned(),
                effect: (*effect).to_owned(),
                time_added,
                value: None,
            });
        }
    }
    (taints != present).then_some(taints)
}

fn wanted(node: &Node) -> Vec<(&'static str, &'static str)> {
    let follows = |kind: &str, status: &str| {
        conditions(node).any(|condition| condition.type_ == kind && condition.status == status)
    };
    let due = TAINTS.into_iter().filter(|(kind, status, _)| follows(kind, status)).map(|(.., key)| key);
    let mut wanted: Vec<(&str, &str)> = due.map(|key| (key, "NoSchedule")).collect();
    if node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true) {
        wanted.push((UNSCHEDULABLE, "NoSchedule"));
    }
    let gone = wanted.iter().find(|(key, _)| [UNREACHABLE, NOT_READY].contains(key)).copied();
    wanted.extend(gone.map(|(key, _)| (key, "NoExecute")));
    wanted
}

fn is_ours(taint: &Taint) -> bool {
    match taint.effect.as_str() {
        "NoSchedule" => taint.key == UNSCHEDULABLE || TAINTS.iter().any(|(.., key)| taint.key == *key),
        "NoExecute" => [UNREACHABLE, NOT_READY].contains(&taint.key.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;
    use serde_json::{from_value, json};

    use super::super::super::samples;
    use super::*;

    fn now() -> Time {
        Time(Timestamp::from_second(99).expect("a time"))
    }

    fn keys(taints: &[Taint]) -> Vec<(&str, &str)> {
        taints.iter().map(|taint| (taint.key.as_str(), taint.effect.as_str())).collect()
    }

    #[test]
    fn a_silent_node_is_unknown_in_everything_its_kubelet_keeps() {
        let node = samples::node("a", "True");
        let status = unknown(&node, &now()).expect("a change");
        let conditions = status.conditions.expect("conditions");
        assert!(conditions.iter().all(|condition| condition.status == "Unknown"));
        let reasons: Vec<(&str, Option<&str>)> =
            conditions.iter().map(|c| (c.type_.as_str(), c.reason.as_deref())).collect();
        assert_eq!(
            reasons,
            [
                ("MemoryPressure", Some("NodeStatusUnknown")),
                ("Ready", Some("NodeStatusUnknown")),
                ("DiskPressure", Some("NodeStatusNeverUpdated")),
                ("PIDPressure", Some("NodeStatusNeverUpdated")),
            ]
        );
        assert_eq!(unknown(&samples::node("a", "Unknown"), &now()), None);
    }

    #[test]
    fn taints_come_and_go_with_the_condition() {
        let mut node = samples::node("a", "Unknown");
        let taints_now = taints(&node, &now()).expect("a change");
        assert_eq!(keys(&taints_now), [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]);
        assert_eq!(taints_now[1].time_added, Some(now()));
        node.spec.get_or_insert_default().taints = Some(taints_now);
        assert_eq!(taints(&node, &now()), None);
        node.status = samples::node("a", "False").status;
        assert_eq!(
            keys(&taints(&node, &now()).expect("a change")),
            [(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")]
        );
        node.status = samples::node("a", "True").status;
        assert_eq!(taints(&node, &now()), Some(Vec::new()));
    }

    #[test]
    fn taints_of_others_stay_and_a_cordon_is_one() {
        let mut node = samples::node("a", "True");
        node.spec = from_value(json!({
            "unschedulable": true, "taints": [{"key": "dedicated", "effect": "NoSchedule"}],
        }))
        .expect("a spec");
        let taints = taints(&node, &now()).expect("a change");
        assert_eq!(keys(&taints), [("dedicated", "NoSchedule"), (UNSCHEDULABLE, "NoSchedule")]);
    }
}
