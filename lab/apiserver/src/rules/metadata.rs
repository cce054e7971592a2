//! `metadata`: what the server sets, what nobody may change, what is refused.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock;
use crate::object::{self, set, set_or_remove};
use crate::random::Random;
use crate::resource::Resource;
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

/// What every new object gets.
pub(crate) fn prepare_create(resource: &Resource, object: &mut Value, random: &mut Random, now: Timestamp) {
    for field in FIXED.iter().chain(&["resourceVersion"]) {
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
    errors.extend(finalizer_errors(new, old, &metadata.child("finalizers")));
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
    let keys = object::map(object, "/metadata/annotations").into_iter().flat_map(serde_json::Map::keys);
    keys.filter(|key| !names::is_qualified(&key.to_lowercase()))
        .map(|key| FieldError::invalid(path.clone(), &json!(key), names::QUALIFIED))
        .collect()
}

fn owner_errors(object: &Value, path: &FieldPath) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let owners = object::list(object, "/metadata/ownerReferences");
    for (index, owner) in owners.iter().enumerate() {
        for field in ["apiVersion", "kind", "name", "uid"] {
            let value = owner.get(field).and_then(Value::as_str).unwrap_or_default();
            if value.is_empty() {
                let place = path.index(index).child(field);
                errors.push(FieldError::invalid(
                    place,
                    &json!(""),
                    &format!("{} must not be empty", field_word(field)),
                ));
            }
        }
    }
    if owners.iter().filter(|owner| owner["controller"] == true).count() > 1 {
        let rule = "Only one reference can have Controller set to true";
        errors.push(FieldError::invalid(path.clone(), &json!(owners), rule));
    }
    errors
}

/// The real server says "version" for the owner's apiVersion.
fn field_word(field: &str) -> &str {
    if field == "apiVersion" { "version" } else { field }
}

/// An ending object waits for those it has; nobody may join.
fn finalizer_errors(new: &Value, old: Option<&Value>, path: &FieldPath) -> Vec<FieldError> {
    let finalizers = object::finalizers(new);
    let mut errors: Vec<FieldError> = finalizers
        .iter()
        .filter(|finalizer| !names::is_qualified(finalizer))
        .map(|finalizer| FieldError::invalid(path.clone(), &json!(finalizer), names::QUALIFIED))
        .collect();
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
