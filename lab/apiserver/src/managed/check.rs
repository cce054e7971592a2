//! Whether an applied configuration can be read by its schema at all.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::ApplyError;
use super::typed;
use crate::schema::{Kind, ListType, Schema, Unknown};

/// # Errors
/// [`ApplyError::Untyped`] with every place that does not fit.
pub(super) fn check(schema: &Schema, applied: &Value) -> Result<(), ApplyError> {
    let mut faults = Vec::new();
    walk(schema, applied, "", &mut faults);
    let reason = match faults.as_slice() {
        [] => return Ok(()),
        [only] => only.clone(),
        several => format!("errors:\n  {}", several.join("\n  ")),
    };
    Err(ApplyError::Untyped { object: described(applied), reason })
}

fn walk(schema: &Schema, value: &Value, path: &str, faults: &mut Vec<String>) {
    if value.is_null() {
        return;
    }
    if !schema.kind.admits(value) {
        faults.push(format!("{path}: {}", mismatch(schema.kind, value)));
        return;
    }
    match value {
        Value::Object(fields) => walk_fields(schema, fields, path, faults),
        Value::Array(list) => walk_items(schema, list, path, faults),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn walk_fields(schema: &Schema, fields: &Map<String, Value>, path: &str, faults: &mut Vec<String>) {
    for (name, value) in fields {
        let place = format!("{path}.{name}");
        match schema.field(name) {
            Some(child) => walk(child, value, &place, faults),
            None if schema.unknown == Unknown::Preserve || schema.embedded => {}
            None => faults.push(format!("{place}: field not declared in schema")),
        }
    }
}

fn walk_items(schema: &Schema, list: &[Value], path: &str, faults: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (index, item) in list.iter().enumerate() {
        let place = match (&schema.list_type, typed::name_of(schema, item)) {
            (ListType::Atomic, _) => format!("[{index}]"),
            (ListType::Set | ListType::Map(_), Err(reason)) => {
                faults.push(format!("{path}: element {index}: {reason}"));
                return;
            }
            (ListType::Set | ListType::Map(_), Ok(name)) => {
                let text = name.to_string();
                if !seen.insert(name) {
                    faults.push(format!("{path}: duplicate entries for key {text}"));
                }
                text
            }
        };
        if let Some(items) = &schema.items {
            walk(items, item, &format!("{path}{place}"), faults);
        }
    }
}

fn mismatch(kind: Kind, value: &Value) -> String {
    match kind {
        Kind::Integer | Kind::Number => format!("expected numeric (int or float), got {}", go_type(value)),
        Kind::String => format!("expected string, got &value.valueUnstructured{{Value:{value}}}"),
        Kind::Boolean => format!("expected boolean, got &{{{}}}", bare(value)),
        Kind::IntOrString => format!("expected any scalar, got &{{{}}}", bare(value)),
        Kind::Object => format!("expected map, got &{{{}}}", bare(value)),
        Kind::Array => format!("expected list, got &{{{}}}", bare(value)),
        Kind::Any => String::new(),
    }
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The name of the value's type in the language the API server is written in.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn described(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let api_version = text("/apiVersion");
    let group_version =
        if api_version.contains('/') { api_version.to_owned() } else { format!("/{api_version}") };
    format!(
        "{}/{}; {group_version}, Kind={}",
        text("/metadata/namespace"),
        text("/metadata/name"),
        text("/kind")
    )
}
