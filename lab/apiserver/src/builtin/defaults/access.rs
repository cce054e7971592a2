//! Policies, roles and definitions: names that follow from other names.

use serde_json::{Map, Value, json};

use super::{objects, set_default};

const RBAC: &str = "rbac.authorization.k8s.io";

/// A policy speaks of incoming traffic, and of outgoing traffic once it has a rule for it.
pub(super) fn fill_policy(spec: &mut Map<String, Value>) {
    let types = if spec.get("egress").and_then(Value::as_array).is_some_and(|rules| !rules.is_empty()) {
        json!(["Ingress", "Egress"])
    } else {
        json!(["Ingress"])
    };
    set_default(spec, "policyTypes", types);
}

/// Roles, users and groups belong to the group of roles; service accounts to the core group.
pub(super) fn fill_subjects(binding: &mut Value) {
    let Some(binding) = binding.as_object_mut() else { return };
    if let Some(role) = binding.get_mut("roleRef").and_then(Value::as_object_mut) {
        set_default(role, "apiGroup", RBAC);
    }
    for subject in objects(binding, "subjects") {
        if subject.get("kind").is_some_and(|kind| kind == "User" || kind == "Group") {
            set_default(subject, "apiGroup", RBAC);
        }
    }
}

/// A custom kind is called by its kind in small letters, its list by its kind and `List`.
pub(super) fn fill_names(spec: &mut Map<String, Value>) {
    let Some(names) = spec.get_mut("names").and_then(Value::as_object_mut) else { return };
    let Some(kind) = names.get("kind").and_then(Value::as_str).map(str::to_owned) else { return };
    set_default(names, "singular", kind.to_lowercase());
    set_default(names, "listKind", format!("{kind}List"));
}
