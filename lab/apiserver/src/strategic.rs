//! Strategic merge patches: merge patches that know how lists of built-in kinds are merged.
//!
//! ```text
//!   field: null                            the field goes
//!   field: {…}                             merged, or replaced where the schema says so
//!   field: […]                             merged by the key the schema names, else replaced
//!   $patch: replace | delete               this map, or the item with this key, is replaced or goes
//!   $retainKeys: […]                       fields not named go
//!   $setElementOrder/field: […]            the order in which items stand afterwards
//!   $deleteFromPrimitiveList/field: […]    members that go
//! ```
//!
//! Only built-in kinds have such patches; custom kinds answer 415, which is the caller's to say. What
//! the patched object may look like is the schema's business afterwards.
//!
//! Source: Kubernetes documentation, "Update API Objects in Place Using kubectl patch", and the API
//! conventions' page on strategic merge patches.

mod list;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::schema::{PatchStrategy, Schema};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const ELEMENT_ORDER: &str = "$setElementOrder/";
const DELETE_MEMBERS: &str = "$deleteFromPrimitiveList/";

/// What stands before a field's name in a directive about it.
const DIRECTED: [&str; 2] = [ELEMENT_ORDER, DELETE_MEMBERS];

/// Why a patch cannot be used. Nothing has changed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PatchError {
    #[error("unknown patch type: {0} in map")]
    UnknownDirective(Value),
    #[error("invalid patch format of retainKeys")]
    RetainKeys,
    #[error("invalid patch format of setElementOrder list")]
    ElementOrder,
    #[error("invalid patch format of primitive list")]
    DeleteMembers,
    #[error("map: {item} does not contain declared merge key: {key}")]
    KeyMissing { item: Value, key: String },
    #[error("merging lists cannot yet be specified in the patch")]
    MergeDirective,
    #[error("list element types are not identical")]
    MixedItems,
    #[error("a patch must be an object")]
    NotAnObject,
}

/// `original` after `patch`.
///
/// # Errors
/// A patch that breaks the rules of its own directives.
pub fn merge(schema: &Schema, original: &Value, patch: &Value) -> Result<Value, PatchError> {
    let patch = patch.as_object().ok_or(PatchError::NotAnObject)?;
    let original = original.as_object().cloned().unwrap_or_default();
    merge_fields(schema, original, patch).map(Value::Object)
}

fn merge_fields(
    schema: &Schema,
    mut original: Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<Map<String, Value>, PatchError> {
    match patch.get(DIRECTIVE) {
        None => {}
        Some(directive) if directive == "delete" => return Ok(Map::new()),
        Some(directive) if directive == "replace" => {
            let rest = patch.iter().filter(|(name, _)| *name != DIRECTIVE);
            return Ok(rest.map(|(name, value)| (name.clone(), value.clone())).collect());
        }
        Some(directive) => return Err(PatchError::UnknownDirective(directive.clone())),
    }
    retain(&mut original, patch)?;
    for name in names(patch) {
        let free = Schema::free();
        let child = schema.field(name).map_or(&free, |schema| schema);
        merge_field(child, &mut original, patch, name)?;
    }
    Ok(original)
}

/// The fields a patch speaks of, directly or by a directive.
fn names(patch: &Map<String, Value>) -> BTreeSet<&str> {
    let fields = patch.keys().filter(|name| *name != RETAIN_KEYS);
    fields.map(|name| DIRECTED.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)).collect()
}

fn retain(original: &mut Map<String, Value>, patch: &Map<String, Value>) -> Result<(), PatchError> {
    let Some(retained) = patch.get(RETAIN_KEYS) else { return Ok(()) };
    let retained = retained.as_array().ok_or(PatchError::RetainKeys)?;
    let is_retained = |name: &str| retained.iter().any(|kept| kept == name);
    let is_directive =
        |name: &str| name == RETAIN_KEYS || DIRECTED.iter().any(|prefix| name.starts_with(prefix));
    let stray =
        |(name, value): (&String, &Value)| !value.is_null() && !is_directive(name) && !is_retained(name);
    if patch.iter().any(stray) {
        return Err(PatchError::RetainKeys);
    }
    original.retain(|name, _| is_retained(name));
    Ok(())
}

fn merge_field(
    schema: &Schema,
    original: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    name: &str,
) -> Result<(), PatchError> {
    let change = patch.get(name);
    match patch.get(&format!("{ELEMENT_ORDER}{name}")) {
        Some(order) => {
            let order = order.as_array().ok_or(PatchError::ElementOrder)?;
            if let Some(list) = list::ordered(schema, original.get(name), change, order)? {
                original.insert(name.to_owned(), Value::Array(list));
            }
        }
        None => {
            if let Some(change) = change {
                change_field(schema, original, name, change)?;
            }
        }
    }
    let Some(gone) = patch.get(&format!("{DELETE_MEMBERS}{name}")) else { return Ok(()) };
    let gone = gone.as_array().ok_or(PatchError::DeleteMembers)?;
    if let Some(list) = original.get_mut(name).and_then(Value::as_array_mut) {
        list.retain(|member| !gone.contains(member));
    }
    Ok(())
}

fn change_field(
    schema: &Schema,
    original: &mut Map<String, Value>,
    name: &str,
    change: &Value,
) -> Result<(), PatchError> {
    let merged = match (original.remove(name), change) {
        (_, Value::Null) => None,
        (Some(Value::Object(fields)), Value::Object(patch)) => {
            if schema.patch_strategies.contains(&PatchStrategy::Replace) {
                Some(change.clone())
            } else {
                Some(Value::Object(merge_fields(schema, fields, patch)?))
            }
        }
        (Some(Value::Array(items)), Value::Array(patch)) => {
            Some(Value::Array(list::merge(schema, items, patch)?))
        }
        _ => settled(change),
    };
    original.extend(merged.map(|value| (name.to_owned(), value)));
    Ok(())
}

/// A value that stands on its own: without directives and without fields that are null. `None` for
/// one that is a directive itself.
fn settled(value: &Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, value)| !value.is_null() && !name.starts_with('$'));
            Some(Value::Object(
                fields.filter_map(|(name, value)| Some((name.clone(), settled(value)?))).collect(),
            ))
        }
        Value::Array(list) => Some(Value::Array(list.iter().filter_map(settled).collect())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value.clone()),
    }
}
