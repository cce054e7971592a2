//! What makes a schema *structural*: every place has a type, so that pruning, defaulting and ownership have one
//! meaning. A definition that breaks this is refused.
//!
//! Source: Kubernetes documentation, "Specifying a structural schema"; the wording is the API server's own.

use regex::Regex;
use serde_json::{Map, Value, json};

use super::{FieldError, FieldPath, Schema};

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// Everything that keeps the schema at `path` from being structural.
pub fn misfits(schema: &Value, path: &FieldPath) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match schema.as_object() {
        Some(node) => place(node, path, &mut errors),
        None => errors.push(FieldError::required(path.clone(), "")),
    }
    errors
}

/// A place that a value stands at.
fn place(node: &Map<String, Value>, path: &FieldPath, errors: &mut Vec<FieldError>) {
    if node.contains_key("$ref") {
        errors.push(FieldError::forbidden(path.child("$ref"), "$ref is not supported"));
        return;
    }
    errors.extend(type_error(node, path));
    errors.extend(pattern_error(node, path));
    list_errors(node, path, errors);
    map_errors(node, path, errors);
    for branch in ["allOf", "anyOf", "oneOf"] {
        for (index, schema) in items_of(node, branch).iter().enumerate() {
            branch_errors(schema, &path.child(branch).index(index), errors);
        }
    }
    for (name, schema) in node.get("properties").and_then(Value::as_object).into_iter().flatten() {
        errors.extend(misfits(schema, &path.child("properties").key(name)));
    }
    for below in ["items", "additionalProperties"] {
        if let Some(schema) = node.get(below).and_then(Value::as_object) {
            place(schema, &path.child(below), errors);
        }
    }
    if errors.is_empty() {
        errors.extend(default_errors(node, path));
    }
}

fn type_error(node: &Map<String, Value>, path: &FieldPath) -> Option<FieldError> {
    let untyped =
        is_set(node, "x-kubernetes-int-or-string") || is_set(node, "x-kubernetes-preserve-unknown-fields");
    match text(node, "type") {
        "" if untyped => None,
        "" => Some(FieldError::required(path.child("type"), "must not be empty for specified object fields")),
        known if TYPES.contains(&known) => None,
        other => Some(FieldError::not_supported(path.child("type"), &json!(other), &TYPES.map(Value::from))),
    }
}

fn pattern_error(node: &Map<String, Value>, path: &FieldPath) -> Option<FieldError> {
    let pattern = text(node, "pattern");
    let error = Regex::new(pattern).err()?;
    let rule = format!("must be a valid regular expression, but isn't: {error}");
    Some(FieldError::invalid(path.child("pattern"), &json!(pattern), &rule))
}

fn list_errors(node: &Map<String, Value>, path: &FieldPath, errors: &mut Vec<FieldError>) {
    let items = node.get("items").and_then(Value::as_object);
    if text(node, "type") == "array" && items.is_none() {
        errors.push(FieldError::required(path.child("items"), "must be specified"));
    }
    if text(node, "x-kubernetes-list-type") != "map" {
        return;
    }
    let keys = items_of(node, "x-kubernetes-list-map-keys");
    if keys.is_empty() {
        let rule = "must not be empty if x-kubernetes-list-type is map";
        errors.push(FieldError::required(path.child("x-kubernetes-list-map-keys"), rule));
    }
    let Some(items) = items else { return };
    let below = path.child("items");
    if text(items, "type") != "object" {
        let rule = "must be object if parent array's x-kubernetes-list-type is map";
        errors.push(FieldError::invalid(below.child("type"), &json!(text(items, "type")), rule));
        return;
    }
    for key in keys.iter().filter_map(Value::as_str) {
        let property = items.get("properties").and_then(|properties| properties.get(key));
        let has_default = property.is_some_and(|property| property.get("default").is_some());
        if !has_default && !items_of(items, "required").iter().any(|one| one == key) {
            let rule = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
            errors.push(FieldError::required(below.child("properties").key(key).child("default"), rule));
        }
    }
}

fn map_errors(node: &Map<String, Value>, path: &FieldPath, errors: &mut Vec<FieldError>) {
    let named = node.get("properties").and_then(Value::as_object).is_some_and(|named| !named.is_empty());
    if named && node.contains_key("additionalProperties") {
        let rule = "additionalProperties and properties are mutual exclusive";
        errors.push(FieldError::forbidden(path.child("additionalProperties"), rule));
    }
    let free = is_set(node, "x-kubernetes-preserve-unknown-fields");
    if is_set(node, "x-kubernetes-embedded-resource") && !named && !free {
        let rule = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        errors.push(FieldError::required(path.child("properties"), rule));
    }
}

/// A branch only validates: the types stand outside.
fn branch_errors(schema: &Value, path: &FieldPath, errors: &mut Vec<FieldError>) {
    let Some(node) = schema.as_object() else { return };
    for (name, schema) in node.get("properties").and_then(Value::as_object).into_iter().flatten() {
        branch_errors(schema, &path.child("properties").key(name), errors);
    }
    if !text(node, "type").is_empty() {
        errors.push(FieldError::forbidden(path.child("type"), "must be empty to be structural"));
    }
}

/// A default must fit the place that it stands at.
fn default_errors(node: &Map<String, Value>, path: &FieldPath) -> Vec<FieldError> {
    let Some(default) = node.get("default") else { return Vec::new() };
    let Ok(schema) = Schema::parse(&Value::Object(node.clone())) else { return Vec::new() };
    let below = path.child("default");
    let placed = |error: FieldError| {
        let path = if error.path.is_root() { below.clone() } else { below.child(error.path.as_str()) };
        FieldError { path, ..error }
    };
    let fits = default.is_null() && schema.nullable;
    if fits { Vec::new() } else { schema.validate(default).into_iter().map(placed).collect() }
}

fn text<'n>(node: &'n Map<String, Value>, name: &str) -> &'n str {
    node.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_set(node: &Map<String, Value>, name: &str) -> bool {
    node.get(name).is_some_and(|flag| flag == true)
}

fn items_of<'n>(node: &'n Map<String, Value>, name: &str) -> &'n [Value] {
    node.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
