//! Lists in a strategic merge patch.

use serde_json::{Map, Value};

use super::{DIRECTIVE, PatchError, merge_fields, settled};
use crate::schema::{PatchStrategy, Schema};

/// `original` after `patch`: merged where the schema says so, else replaced.
pub(super) fn merge(
    schema: &Schema,
    original: Vec<Value>,
    patch: &[Value],
) -> Result<Vec<Value>, PatchError> {
    if !schema.patch_strategies.contains(&PatchStrategy::Merge) {
        return Ok(patch.to_vec());
    }
    let Some(key) = keyed_by(schema, &original, patch)? else {
        let added = patch.iter().filter(|member| !original.contains(member)).cloned().collect();
        let merged = [original.clone(), added].concat();
        return Ok(in_order(merged, patch, &original, None));
    };
    let (original, patch) = directives(original, patch, key)?;
    let mut merged = original.clone();
    for item in &patch {
        merge_item(schema, &mut merged, item, key)?;
    }
    Ok(in_order(merged, &patch, &original, Some(key)))
}

/// `original` after `change`, its items in the order of `order`. Items that the order does not name
/// keep their places between them.
pub(super) fn ordered(
    schema: &Schema,
    original: Option<&Value>,
    change: Option<&Value>,
    order: &[Value],
) -> Result<Option<Vec<Value>>, PatchError> {
    let as_list = |value: &Value| value.as_array().cloned().ok_or(PatchError::ElementOrder);
    let original = original.map(as_list).transpose()?;
    let change = change.map(as_list).transpose()?;
    let merged = match (&original, &change) {
        (None, None) => return Ok(None),
        (Some(original), None) => original.clone(),
        (None, Some(change)) => change.iter().filter_map(settled).collect(),
        (Some(original), Some(change)) => merge(schema, original.clone(), change)?,
    };
    let key = schema.patch_merge_key.as_deref();
    let change = change.unwrap_or_default();
    if !follows(&change, order, key) {
        return Err(PatchError::ElementOrder);
    }
    let before = places(&original.unwrap_or_default(), &change, key);
    Ok(Some(in_order(merged, order, &before, key)))
}

/// The places items stood in before a patch: deleted ones make room for new ones, as many as went.
fn places(original: &[Value], change: &[Value], key: Option<&str>) -> Vec<Value> {
    let is_deleted = |item: &Value| {
        let mut deleted =
            change.iter().filter(|item| item.get(DIRECTIVE).is_some_and(|what| what == "delete"));
        deleted.any(|deleted| same(deleted, item, key))
    };
    let kept = original.iter().filter(|item| !is_deleted(item));
    let new =
        change.iter().filter(|item| item.get(DIRECTIVE).is_none() && place(original, item, key).is_none());
    kept.chain(new).take(original.len()).cloned().collect()
}

/// The key by which the items of both lists are told apart; `None` for lists of scalars.
fn keyed_by<'s>(
    schema: &'s Schema,
    original: &[Value],
    patch: &[Value],
) -> Result<Option<&'s str>, PatchError> {
    let mut items = original.iter().chain(patch);
    let Some(first) = items.next() else { return Ok(None) };
    if items.any(|item| item.is_object() != first.is_object()) {
        return Err(PatchError::MixedItems);
    }
    if !first.is_object() {
        return Ok(None);
    }
    let key = schema.patch_merge_key.as_deref();
    key.map(Some).ok_or_else(|| PatchError::KeyMissing { item: first.clone(), key: String::new() })
}

/// Carries out the items that are directives and returns both lists without them.
fn directives(
    mut original: Vec<Value>,
    patch: &[Value],
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let mut plain = Vec::new();
    let mut replaced = false;
    for item in patch {
        match item.get(DIRECTIVE) {
            None => plain.push(item.clone()),
            Some(directive) if directive == "delete" => {
                let gone = key_of(item, key)?.clone();
                original.retain(|item| item.get(key) != Some(&gone));
            }
            Some(directive) if directive == "replace" => replaced = true,
            Some(directive) if directive == "merge" => return Err(PatchError::MergeDirective),
            Some(directive) => return Err(PatchError::UnknownDirective(directive.clone())),
        }
    }
    Ok(if replaced { (plain, Vec::new()) } else { (original, plain) })
}

fn merge_item(schema: &Schema, merged: &mut Vec<Value>, item: &Value, key: &str) -> Result<(), PatchError> {
    let name = key_of(item, key)?;
    let Some(place) = merged.iter().position(|other| other.get(key) == Some(name)) else {
        merged.extend(settled(item));
        return Ok(());
    };
    let free = Schema::free();
    let items = schema.items.as_deref().unwrap_or(&free);
    let before = merged[place].as_object().cloned().unwrap_or_default();
    let none = Map::new();
    let after = merge_fields(items, before, item.as_object().unwrap_or(&none))?;
    merged[place] = Value::Object(after);
    Ok(())
}

fn key_of<'v>(item: &'v Value, key: &str) -> Result<&'v Value, PatchError> {
    item.get(key).ok_or_else(|| PatchError::KeyMissing { item: item.clone(), key: key.to_owned() })
}

/// Whether two items are the same one.
fn same(one: &Value, other: &Value, key: Option<&str>) -> bool {
    match key {
        Some(key) => one.get(key).is_some() && one.get(key) == other.get(key),
        None => one == other,
    }
}

fn place(list: &[Value], item: &Value, key: Option<&str>) -> Option<usize> {
    list.iter().position(|other| same(other, item, key))
}

/// Whether the items of a patch stand in the order it asks for.
fn follows(patch: &[Value], order: &[Value], key: Option<&str>) -> bool {
    let mut rest = order.iter();
    let plain = patch.iter().filter(|item| item.get(DIRECTIVE).is_none());
    order.is_empty() || plain.into_iter().all(|item| rest.any(|wanted| same(wanted, item, key)))
}

/// The items of `merged`: those that `order` names in that order, the others where they stood before.
fn in_order(merged: Vec<Value>, order: &[Value], before: &[Value], key: Option<&str>) -> Vec<Value> {
    let named = |item: &Value| place(order, item, key).is_some();
    let (mut asked, mut other): (Vec<Value>, Vec<Value>) = merged.into_iter().partition(named);
    asked.sort_by_key(|item| place(order, item, key));
    other.sort_by_key(|item| place(before, item, key).unwrap_or(usize::MAX));
    let mut asked = asked.into_iter().peekable();
    let mut result = Vec::new();
    for item in other {
        let stands = place(before, &item, key);
        while let Some(next) = asked.next_if(|next| !comes_first(stands, place(before, next, key))) {
            result.push(next);
        }
        result.push(item);
    }
    result.extend(asked);
    result
}

/// Whether an item that was not asked for stands before one that was. New items go first.
fn comes_first(other: Option<usize>, asked: Option<usize>) -> bool {
    matches!((other, asked), (Some(other), Some(asked)) if other < asked)
}
