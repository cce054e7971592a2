//! The scheduler: each waiting Pod onto a node that will have it: the one with the fewest Pods of the same owner, and of
//! those the emptiest.
//!
//! A node has a Pod if it is Ready, not cordoned, has the labels the Pod selects, and no taint the Pod
//! does not tolerate. Affinity, resources and a Pod's own spreading constraints are not weighed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Binding, Node, ObjectReference, Pod, Taint, Toleration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Status};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use super::events::{Events, Told, Tone, reference};
use super::mirror::{Mirrors, filled, is_outrun};
use super::pods;

const SCHEDULER: &str = "default-scheduler";

/// Pods that no node would have are looked at again so often.
const REST: Duration = Duration::from_secs(5);

/// Runs the scheduler for ever.
pub async fn start(client: Client) {
    let mut mirrors = Mirrors::new(client);
    let nodes = mirrors.all::<Node>();
    let pods = mirrors.all::<Pod>();
    filled(&nodes).await;
    filled(&pods).await;
    let events = Events::of(SCHEDULER, mirrors.client());
    loop {
        let mut load = Load::of(&pods.state());
        let mut waiting: Vec<Arc<Pod>> = pods.state().into_iter().filter(|pod| is_waiting(pod)).collect();
        waiting.sort_by_key(|pod| (pod.creation_timestamp(), pod.name_any()));
        for pod in waiting {
            let outcome = match choose(&pod, &nodes.state(), &load) {
                Ok(node) => {
                    load.add(&pod, &node);
                    bind(mirrors.client(), &events, &pod, &node).await
                }
                Err(reason) => put_off(mirrors.client(), &events, &pod, &reason).await,
            };
            match outcome {
                Err(error) if !is_outrun(&error) => {
                    tracing::warn!(%error, pod = pod.name_any(), "not scheduled");
                    mirrors.retry().await;
                }
                Ok(()) | Err(_) => {}
            }
        }
        mirrors.changed(REST).await;
    }
}

fn is_waiting(pod: &Pod) -> bool {
    let ours = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.scheduler_name.as_deref())
        .is_none_or(|name| name == SCHEDULER);
    ours && pods::node_of(pod).is_none() && pods::is_active(pod)
}

/// How many Pods each node has.
#[derive(Debug, Default)]
struct Load {
    all: BTreeMap<String, usize>,
    /// By the controller that owns them: the real scheduler spreads those by default.
    owned: BTreeMap<(String, String), usize>,
}

impl Load {
    fn of(pods: &[Arc<Pod>]) -> Self {
        let mut load = Self::default();
        for pod in pods.iter().filter(|pod| pods::is_active(pod)) {
            if let Some(node) = pods::node_of(pod) {
                load.add(pod, node);
            }
        }
        load
    }

    fn add(&mut self, pod: &Pod, node: &str) {
        *self.all.entry(node.to_owned()).or_default() += 1;
        if let Some(owner) = pods::owner_of(pod) {
            *self.owned.entry((owner.to_owned(), node.to_owned())).or_default() += 1;
        }
    }

    /// The less, the better for this Pod; nodes that are alike go by their names.
    fn rank(&self, pod: &Pod, node: &str) -> (usize, usize, String) {
        let all = self.all.get(node).copied().unwrap_or_default();
        let alike = |owner: &str| self.owned.get(&(owner.to_owned(), node.to_owned())).copied();
        (pods::owner_of(pod).and_then(alike).unwrap_or_default(), all, node.to_owned())
    }
}

/// The node for a Pod, or the sentence that says why there is none.
fn choose(pod: &Pod, nodes: &[Arc<Node>], load: &Load) -> Result<String, String> {
    let mut refusals: BTreeMap<&str, usize> = BTreeMap::new();
    let mut fitting = Vec::new();
    for node in nodes {
        match refusal(pod, node) {
            Some(reason) => *refusals.entry(reason).or_default() += 1,
            None => fitting.push(node.name_any()),
        }
    }
    fitting.into_iter().min_by_key(|node| load.rank(pod, node)).ok_or_else(|| {
        let reasons: Vec<String> =
            refusals.iter().map(|(reason, count)| format!("{count} node(s) {reason}")).collect();
        let reasons = if reasons.is_empty() {
            "no nodes available to schedule pods".to_owned()
        } else {
            reasons.join(", ")
        };
        format!("0/{} nodes are available: {reasons}.", nodes.len())
    })
}

fn refusal(pod: &Pod, node: &Node) -> Option<&'static str> {
    let spec = node.spec.clone().unwrap_or_default();
    if spec.unschedulable == Some(true) {
        return Some("were unschedulable");
    }
    let wanted = pod.spec.as_ref().and_then(|spec| spec.node_selector.clone()).unwrap_or_default();
    if !wanted.iter().all(|(name, value)| node.labels().get(name) == Some(value)) {
        return Some("didn't match Pod's node affinity/selector");
    }
    let tolerations = pod.spec.as_ref().and_then(|spec| spec.tolerations.clone()).unwrap_or_default();
    let mut taints = spec.taints.iter().flatten().filter(|taint| taint.effect != "PreferNoSchedule");
    if taints.any(|taint| !tolerations.iter().any(|toleration| tolerates(toleration, taint))) {
        return Some("had untolerated taint(s)");
    }
    (!is_ready(node)).then_some("were not ready")
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref()).into_iter().flatten();
    conditions.filter(|condition| condition.type_ == "Ready").any(|condition| condition.status == "True")
}

/// Whether a toleration covers a taint (Kubernetes documentation, "Taints and Tolerations").
pub(super) fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let key = toleration.key.as_deref().unwrap_or_default();
    let same_key = key.is_empty() || key == taint.key;
    let effect = toleration.effect.as_deref().unwrap_or_default();
    let same_effect = effect.is_empty() || effect == taint.effect;
    let exists = toleration.operator.as_deref() == Some("Exists");
    let same_value =
        toleration.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default();
    same_key && same_effect && (exists || (!key.is_empty() && same_value))
}

async fn bind(client: &Client, events: &Events, pod: &Pod, node: &str) -> kube::Result<()> {
    let namespace = pod.namespace().unwrap_or_default();
    let binding = Binding {
        metadata: ObjectMeta { name: Some(pod.name_any()), uid: pod.uid(), ..ObjectMeta::default() },
        target: ObjectReference {
            kind: Some("Node".to_owned()),
            name: Some(node.to_owned()),
            ..ObjectReference::default()
        },
    };
    let api = Api::<Pod>::namespaced(client.clone(), &namespace);
    api.create_subresource::<_, Status>("binding", &pod.name_any(), &PostParams::default(), &binding).await?;
    let note = format!("Successfully assigned {namespace}/{} to {node}", pod.name_any());
    let told = Told { reason: "Scheduled", action: "Binding", note };
    events.tell(&reference(pod), Tone::Normal, &told).await;
    Ok(())
}

async fn put_off(client: &Client, events: &Events, pod: &Pod, reason: &str) -> kube::Result<()> {
    let known = pods::condition(pod, "PodScheduled").and_then(|condition| condition.message.as_deref());
    if known == Some(reason) {
        return Ok(());
    }
    let api = Api::<Pod>::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    let status = json!({"status": {"conditions": [{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": reason,
        "lastTransitionTime": super::now(),
    }]}});
    api.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Strategic(status)).await?;
    let told = Told { reason: "FailedScheduling", action: "Scheduling", note: reason.to_owned() };
    events.tell(&reference(pod), Tone::Warning, &told).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value};

    use super::super::samples;
    use super::*;

    fn nodes(ready: &[(&str, &str)]) -> Vec<Arc<Node>> {
        ready.iter().map(|(name, ready)| Arc::new(samples::node(name, ready))).collect()
    }

    fn with_spec(mut node: Node, spec: Value) -> Arc<Node> {
        node.spec = from_value(spec).expect("a spec");
        Arc::new(node)
    }

    #[test]
    fn the_emptiest_ready_node_gets_the_pod() {
        let nodes = nodes(&[("a", "True"), ("b", "True"), ("c", "Unknown")]);
        let mut load = Load::default();
        for (pod, node) in [("q", "a"), ("r", "a"), ("s", "b")] {
            load.add(&samples::pending_pod(pod), node);
        }
        assert_eq!(choose(&samples::pending_pod("p"), &nodes, &load), Ok("b".to_owned()));
        assert_eq!(choose(&samples::pending_pod("p"), &nodes, &Load::default()), Ok("a".to_owned()));
    }

    #[test]
    fn pods_of_one_owner_go_to_different_nodes_before_they_go_to_empty_ones() {
        let owned = |name: &str| {
            let mut pod = samples::pending_pod(name);
            pod.metadata.owner_references = from_value(json!([
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1", "controller": true},
            ]))
            .expect("an owner");
            pod
        };
        let mut load = Load::default();
        load.add(&owned("p"), "a");
        load.add(&samples::pending_pod("q"), "b");
        load.add(&samples::pending_pod("r"), "b");
        let nodes = nodes(&[("a", "True"), ("b", "True")]);
        assert_eq!(choose(&owned("s"), &nodes, &load), Ok("b".to_owned()));
        assert_eq!(choose(&samples::pending_pod("s"), &nodes, &load), Ok("a".to_owned()));
    }

    #[test]
    fn a_pod_that_no_node_will_have_is_told_why() {
        let cordoned = with_spec(samples::node("a", "True"), json!({"unschedulable": true}));
        let tainted = with_spec(
            samples::node("b", "True"),
            json!({"taints": [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}]}),
        );
        let reason = choose(&samples::pending_pod("p"), &[cordoned, tainted], &Load::default());
        assert_eq!(
            reason,
            Err("0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable."
                .to_owned())
        );
    }

    #[test]
    fn labels_and_tolerations_are_heeded() {
        let tainted = with_spec(
            samples::node("b", "True"),
            json!({"taints": [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}]}),
        );
        let mut pod = samples::pending_pod("p");
        let spec = pod.spec.as_mut().expect("a spec");
        spec.tolerations = from_value(json!([{"key": "dedicated", "value": "db"}])).expect("tolerations");
        assert_eq!(choose(&pod, std::slice::from_ref(&tainted), &Load::default()), Ok("b".to_owned()));
        let spec = pod.spec.as_mut().expect("a spec");
        spec.node_selector = from_value(json!({"kubernetes.io/hostname": "a"})).expect("labels");
        assert!(choose(&pod, &[tainted], &Load::default()).is_err());
    }

    #[test]
    fn only_pods_without_a_node_wait() {
        assert!(is_waiting(&samples::pending_pod("p")));
        assert!(!is_waiting(&samples::ready_pod("p", "a")));
        assert!(!is_waiting(&samples::terminating(samples::pending_pod("p"))));
    }
}
