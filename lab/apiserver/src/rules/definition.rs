//! CustomResourceDefinitions: status and validation.
//!
//! Source: Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions".

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::cel::{RuleError, Rules};
use crate::clock;
use crate::object::{self, list, text};
use crate::schema::{self, FieldError, FieldPath, Schema};

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
    errors.extend(schema_errors(definition));
    errors
}

/// What is wrong with the schemas. One that all versions share is named once, at the place where it used to stand.
fn schema_errors(definition: &Value) -> Vec<FieldError> {
    let versions = list(definition, "/spec/versions");
    let place =
        |index| FieldPath::from("spec.versions").index(index).child("schema").child("openAPIV3Schema");
    let written: Vec<Option<&Value>> =
        versions.iter().map(|version| version.pointer("/schema/openAPIV3Schema")).collect();
    let missing = written.iter().enumerate().filter(|(_, schema)| schema.is_none());
    let missing: Vec<FieldError> = missing.map(|(index, _)| FieldError::required(place(index), "")).collect();
    let (Some(Some(first)), true) = (written.first(), missing.is_empty()) else { return missing };
    if written.iter().all(|schema| *schema == Some(first)) {
        return one_schema(first, &FieldPath::from("spec.validation.openAPIV3Schema"));
    }
    let each = written.iter().flatten().enumerate();
    each.flat_map(|(index, schema)| one_schema(schema, &place(index))).collect()
}

fn one_schema(written: &Value, place: &FieldPath) -> Vec<FieldError> {
    if text(written, "/type") != "object" {
        let rule = "must be object at the root";
        return vec![FieldError::invalid(place.child("type"), &written["type"], rule)];
    }
    let misfits = schema::misfits(written, place);
    if !misfits.is_empty() {
        return misfits;
    }
    if let Err(refusal) = Schema::parse(written) {
        return vec![FieldError::invalid(place.clone(), &json!("schema"), &refusal.to_string())];
    }
    let refusals = Rules::compile(written).err().unwrap_or_default();
    let placed =
        |one: &RuleError| FieldError::invalid(place.child(one.path.as_str()), &json!(one.rule), &one.reason);
    refusals.iter().map(placed).collect()
}
