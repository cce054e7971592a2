//! `metadata`: what the server sets, what nobody may change, what is refused.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock;
use crate::object::{self, set, set_or_remove};
use crate::owners::{FOREGROUND, ORPHAN};
use crate::random::Random;
use crate::resource::{Builtin, Resource};
use crate::rules::names;
use crate::schema::{FieldError, FieldPath};

/// Fields that stay what they were made as.
const FIXED: &[&str] = &[
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
];

/// Bytes of all annotations of an object together, keys included.
const MOST_ANNOTATED: usize = 256 << 10;

/// Finalizers of built-in kinds that need no prefix, because they are the server's own.
const STANDARD_FINALIZERS: [&str; 3] = [FOREGROUND, ORPHAN, "kubernetes"];

/// Longest stem of a generated name: five letters follow, and 63 are the whole.
const STEM: usize = 58;

/// Makes up a name from `generateName` where there is none.
pub(crate) fn name(object: &mut Value, random: &mut Random) {
    let stem = object::text(object, "/metadata/generateName").to_owned();
    if !object::name(object).is_empty() || stem.is_empty() {
        return;
    }
    let stem: String = stem.chars().take(STEM).collect();
    set(object, &["metadata", "name"], json!(format!("{stem}{}", random.suffix())));
}

/// What every new object gets. Where no generations are counted, the author's number stays: nobody looks at it.
pub(crate) fn prepare_create(resource: &Resource, object: &mut Value, random: &mut Random, now: Timestamp) {
    let kept = |field: &&&str| **field != "generation" || resource.generation;
    for field in FIXED.iter().filter(kept).chain(&["resourceVersion"]) {
        object::remove(object, &["metadata", field]);
    }
    set(object, &["metadata", "uid"], json!(random.uid()));
    set(object, &["metadata", "creationTimestamp"], json!(clock::seconds(now)));
    if resource.generation {
        set(object, &["metadata", "generation"], json!(1));
    }
}

/// Puts back what no update changes.
pub(crate) fn prepare_update(new: &mut Value, old: &Value) {
    for field in FIXED.iter().chain(&["resourceVersion"]) {
        set_or_remove(new, &["metadata", field], old["metadata"].get(field).cloned());
    }
}

/// Puts back all metadata but the record of owners.
pub(crate) fn keep_all(new: &mut Value, old: &Value) {
    let fields = object::remove(new, &["metadata", "managedFields"]);
    object::copy_field(new, old, "metadata");
    set_or_remove(new, &["metadata", "managedFields"], fields);
}

pub(crate) fn validate(resource: &Resource, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let metadata = FieldPath::from("metadata");
    let name = object::name(new);
    if name.is_empty() {
        errors.push(FieldError::required(metadata.child("name"), "name or generateName is required"));
    } else if let Some(rule) = names::misfit(resource, name).filter(|_| old.is_none()) {
        errors.push(FieldError::invalid(metadata.child("name"), &json!(name), rule));
    }
    errors.extend(label_errors(new, &metadata.child("labels")));
    errors.extend(annotation_errors(new, &metadata.child("annotations")));
    errors.extend(owner_errors(new, &metadata.child("ownerReferences")));
    errors.extend(finalizer_errors(resource, new, old, &metadata.child("finalizers")));
    errors
}

fn label_errors(object: &Value, path: &FieldPath) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (key, value) in object::map(object, "/metadata/labels").into_iter().flatten() {
        if !names::is_qualified(key) {
            errors.push(FieldError::invalid(path.clone(), &json!(key), names::QUALIFIED));
        }
        if !value.as_str().is_some_and(names::is_label_value) {
            errors.push(FieldError::invalid(path.clone(), value, names::LABEL_VALUE));
        }
    }
    errors
}

fn annotation_errors(object: &Value, path: &FieldPath) -> Vec<FieldError> {
    let annotations = object::map(object, "/metadata/annotations").into_iter().flatten();
    let mut errors: Vec<FieldError> = annotations
        .clone()
        .filter(|(key, _)| !names::is_qualified(&key.to_lowercase()))
        .map(|(key, _)| FieldError::invalid(path.clone(), &json!(key), names::QUALIFIED))
        .collect();
    let size: usize = annotations.map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
    if size > MOST_ANNOTATED {
        errors.push(FieldError::too_long(path.clone(), MOST_ANNOTATED as u64));
    }
    errors
}

fn owner_errors(object: &Value, path: &FieldPath) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let owners = object::list(object, "/metadata/ownerReferences");
    for owner in owners {
        for field in ["apiVersion", "kind", "name", "uid"] {
            let value = owner.get(field).and_then(Value::as_str).unwrap_or_default();
            if value.is_empty() {
                let rule =
                    if field == "apiVersion" { "version must not be empty" } else { "must not be empty" };
                errors.push(FieldError::invalid(path.child(field), &json!(""), rule));
            }
        }
    }
    if owners.iter().filter(|owner| owner["controller"] == true).count() > 1 {
        let rule = "Only one reference can have Controller set to true";
        errors.push(FieldError::invalid(path.clone(), &json!(owners), rule));
    }
    errors
}

/// An ending object waits for those it has; nobody may join.
fn finalizer_errors(
    resource: &Resource,
    new: &Value,
    old: Option<&Value>,
    path: &FieldPath,
) -> Vec<FieldError> {
    let plain_too = resource.builtin().is_none_or(|kind| kind == Builtin::CustomResourceDefinition);
    let finalizers = object::finalizers(new);
    let mut errors = Vec::new();
    for (index, finalizer) in finalizers.iter().enumerate() {
        if !names::is_qualified(finalizer) {
            errors.push(FieldError::invalid(path.clone(), &json!(finalizer), names::QUALIFIED));
        }
        if !plain_too && !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(&finalizer.as_str()) {
            let rule = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(FieldError::invalid(path.index(index), &json!(finalizer), rule));
        }
    }
    let Some(old) = old.filter(|old| object::is_terminating(old)) else { return errors };
    let before = object::finalizers(old);
    let joined: Vec<String> = finalizers
        .into_iter()
        .filter(|finalizer| !before.contains(finalizer))
        .map(|f| format!("{f:?}"))
        .collect();
    if !joined.is_empty() {
        let rule = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            joined.join(", ")
        );
        errors.push(FieldError::forbidden(path.clone(), &rule));
    }
    errors
}
