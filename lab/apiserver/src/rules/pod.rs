//! Pods: what admission adds and the few checks that people meet. Nothing schedules or runs them here.

use serde_json::{Value, json};

use crate::object::{self, list, text};
use crate::schema::{FieldError, FieldPath};

/// Seconds for which a Pod puts up with a node that fails (`--default-unreachable-toleration-seconds`).
const PATIENCE: u32 = 300;

/// What a new Pod begins with.
pub(crate) fn prepare(pod: &mut Value) {
    let class = quality_of_service(&pod["spec"]);
    object::set(pod, &["status"], json!({"phase": "Pending", "qosClass": class}));
}

/// What the admission plugins for accounts, priorities and failing nodes write.
pub(crate) fn admit(pod: &mut Value) {
    object::default_text(pod, &["spec", "serviceAccountName"], "default");
    let account = pod["spec"]["serviceAccountName"].clone();
    for (field, value) in [
        ("serviceAccount", account),
        ("preemptionPolicy", json!("PreemptLowerPriority")),
        ("priority", json!(0)),
    ] {
        object::default(pod, &["spec", field], value);
    }
    for taint in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        tolerate(pod, taint);
    }
}

/// A Pod stays for a while on a node that fails, unless it says for how long.
fn tolerate(pod: &mut Value, taint: &str) {
    let mut tolerations = list(pod, "/spec/tolerations").to_vec();
    let covers = |one: &Value| {
        ["", taint].contains(&text(one, "/key")) && ["", "NoExecute"].contains(&text(one, "/effect"))
    };
    if tolerations.iter().any(covers) {
        return;
    }
    tolerations.push(json!({
        "key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": PATIENCE,
    }));
    object::set(pod, &["spec", "tolerations"], Value::Array(tolerations));
}

/// Kubernetes documentation, "Pod Quality of Service Classes".
fn quality_of_service(spec: &Value) -> &'static str {
    let containers = list(spec, "/containers");
    let amounts = |container: &Value, kind: &str| {
        object::map(&container["resources"], kind).cloned().unwrap_or_default()
    };
    if containers.iter().all(|one| amounts(one, "/limits").is_empty() && amounts(one, "/requests").is_empty())
    {
        return "BestEffort";
    }
    let guaranteed = containers.iter().all(|one| {
        let (limits, requests) = (amounts(one, "/limits"), amounts(one, "/requests"));
        ["cpu", "memory"].iter().all(|name| {
            limits.get(*name).is_some_and(|limit| requests.get(*name).is_none_or(|request| request == limit))
        })
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}

pub(crate) fn validate(new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = containers(&new["spec"], &FieldPath::from("spec"));
    if old.is_some_and(|old| fixed(old) != fixed(new)) {
        let rule = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        errors.push(FieldError::forbidden(FieldPath::from("spec"), rule));
    }
    errors
}

/// The part of a Pod that stays as it was made.
fn fixed(pod: &Value) -> Value {
    let mut spec = pod["spec"].clone();
    for field in ["tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds", "schedulingGates"]
    {
        object::remove(&mut spec, &[field]);
    }
    for field in ["containers", "initContainers"] {
        let Some(Value::Array(containers)) = spec.get_mut(field) else { continue };
        containers.iter_mut().for_each(|container| drop(object::remove(container, &["image"])));
    }
    spec
}

pub(super) fn containers(spec: &Value, path: &FieldPath) -> Vec<FieldError> {
    let path = path.child("containers");
    let containers = list(spec, "/containers");
    if containers.is_empty() {
        return vec![FieldError::required(path, "")];
    }
    let mut errors = Vec::new();
    for (index, container) in containers.iter().enumerate() {
        for field in ["name", "image"] {
            if container.get(field).and_then(Value::as_str).unwrap_or_default().is_empty() {
                errors.push(FieldError::required(path.index(index).child(field), ""));
            }
        }
        let name = text(container, "/name");
        if containers.iter().take(index).any(|other| text(other, "/name") == name) {
            errors.push(FieldError::duplicate(path.index(index).child("name"), &json!(name)));
        }
    }
    errors
}
