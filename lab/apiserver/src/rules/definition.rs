//! CustomResourceDefinitions: status and validation.
//!
//! Source: Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions".

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::cel::Rules;
use crate::clock;
use crate::object::{self, list, text};
use crate::schema::{FieldError, FieldPath, Schema};

/// Finalizer that keeps a definition until its objects are gone.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Writes what the server observed: accepted names, conditions, kept versions.
pub(crate) fn describe(definition: &mut Value, names: Result<(), String>, now: Timestamp) {
    let before = definition["status"].clone();
    let accepted =
        if names.is_ok() { definition["spec"]["names"].clone() } else { json!({"plural": "", "kind": ""}) };
    let mut kept = object::texts(&before, "/storedVersions");
    let storage = list(definition, "/spec/versions").iter().find(|version| version["storage"] == true);
    if let Some(name) = storage.map(|version| text(version, "/name").to_owned())
        && !kept.contains(&name)
    {
        kept.push(name);
    }
    let named = match &names {
        Ok(()) => condition("NamesAccepted", "True", "NoConflicts", "no conflicts found", now),
        Err(why) => condition("NamesAccepted", "False", "Conflict", why, now),
    };
    let served = match &names {
        Ok(()) => condition(
            "Established",
            "True",
            "InitialNamesAccepted",
            "the initial names have been accepted",
            now,
        ),
        Err(_) => condition("Established", "False", "NotAccepted", "not all names are accepted", now),
    };
    let conditions = [named, served].map(|new| unchanged(&before, &new).unwrap_or(new));
    definition["status"] =
        json!({"acceptedNames": accepted, "conditions": conditions, "storedVersions": kept});
}

/// A condition keeps its time while its status stays.
fn unchanged(before: &Value, new: &Value) -> Option<Value> {
    let same = |old: &&Value| old["type"] == new["type"] && old["status"] == new["status"];
    list(before, "/conditions").iter().find(same).cloned()
}

fn condition(kind: &str, status: &str, reason: &str, message: &str, now: Timestamp) -> Value {
    json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": clock::seconds(now),
    })
}

pub(crate) fn validate(definition: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let path = FieldPath::from;
    let expected = format!("{}.{}", text(definition, "/spec/names/plural"), text(definition, "/spec/group"));
    if object::name(definition) != expected {
        let rule = "must be spec.names.plural+\".\"+spec.group";
        errors.push(FieldError::invalid(path("metadata.name"), &definition["metadata"]["name"], rule));
    }
    for field in ["group", "scope"] {
        if text(&definition["spec"], &format!("/{field}")).is_empty() {
            errors.push(FieldError::required(path("spec").child(field), ""));
        }
    }
    for field in ["plural", "kind"] {
        if text(&definition["spec"]["names"], &format!("/{field}")).is_empty() {
            errors.push(FieldError::required(path("spec.names").child(field), ""));
        }
    }
    let stored =
        list(definition, "/spec/versions").iter().filter(|version| version["storage"] == true).count();
    if stored != 1 {
        let rule = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid(path("spec.versions"), &definition["spec"]["versions"], rule));
    }
    for (index, version) in list(definition, "/spec/versions").iter().enumerate() {
        errors.extend(validate_version(version, &path("spec.versions").index(index)));
    }
    errors
}

fn validate_version(version: &Value, path: &FieldPath) -> Vec<FieldError> {
    let place = path.child("schema").child("openAPIV3Schema");
    let Some(written) = version.pointer("/schema/openAPIV3Schema") else {
        return vec![FieldError::required(place, "schemas are required")];
    };
    if text(written, "/type") != "object" {
        let rule = "must be object at the root";
        return vec![FieldError::invalid(place.child("type"), &written["type"], rule)];
    }
    if let Err(refusal) = Schema::parse(written) {
        return vec![FieldError::invalid(place, &json!("schema"), &refusal.to_string())];
    }
    let refusals = Rules::compile(written).err().unwrap_or_default();
    refusals
        .iter()
        .map(|refusal| FieldError::invalid(place.clone(), &json!("rule"), &refusal.to_string()))
        .collect()
}
