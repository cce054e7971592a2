//! Taking out of an object what an applier no longer asks for.

use serde_json::{Map, Value};

use super::FieldSet;
use super::element::Element;
use super::extent::fields_of;
use super::ownership::Ownership;
use super::typed::{self, Form};
use crate::schema::Schema;

/// `union` without the fields of `last` that nobody in `owners` has any more.
///
/// A field goes only if the applier had it before, does not ask for it now, and nobody else owns it
/// or anything in it.
pub(super) fn given_up(schema: &Schema, union: Value, owners: &Ownership, last: &FieldSet) -> Value {
    let last = last.with_declared_parents(schema);
    let all = fields_of(schema, &union).with_declared_parents(schema);
    let bare = without(schema, &union, &last);
    let bare_fields = fields_of(schema, &bare).with_declared_parents(schema);
    let wanted = bare_fields.union(&owners.all().with_declared_parents(schema));
    let owned = without(schema, &union, &all.difference(&wanted));
    let left = fields_of(schema, &owned).with_declared_parents(schema);
    without(schema, &union, &all.difference(&left).intersection(&last))
}

/// `value` without the paths of `gone`; an empty object when nothing stays.
fn without(schema: &Schema, value: &Value, gone: &FieldSet) -> Value {
    remove(schema, value, gone).unwrap_or_else(|| Value::Object(Map::new()))
}

fn remove(schema: &Schema, value: &Value, gone: &FieldSet) -> Option<Value> {
    match (Form::of(schema, value), value) {
        (Form::Fields, Value::Object(fields)) => {
            let rest = remove_fields(schema, fields, gone);
            (!rest.is_empty()).then_some(Value::Object(rest))
        }
        (Form::Items, Value::Array(list)) => {
            let rest = remove_items(schema, list, gone);
            (!rest.is_empty()).then_some(Value::Array(rest))
        }
        _ => Some(value.clone()),
    }
}

fn remove_fields(schema: &Schema, fields: &Map<String, Value>, gone: &FieldSet) -> Map<String, Value> {
    let free = Schema::free();
    let mut rest = Map::new();
    for (name, value) in fields {
        let element = Element::Field(name.clone());
        if !gone.members.contains(&element) {
            let child = typed::field(schema, name, &free);
            // A field that stays while everything in it goes is null: its owners keep it, and filling in
            // defaults makes of it what its kind makes of nothing.
            rest.insert(name.clone(), stays(child, value, &element, gone).unwrap_or_default());
        }
    }
    rest
}

fn remove_items(schema: &Schema, list: &[Value], gone: &FieldSet) -> Vec<Value> {
    let free = Schema::free();
    let items = typed::items(schema, &free);
    let stays = |item: &Value| match typed::name_of(schema, item) {
        Ok(name) => stays(items, item, &name, gone),
        Err(_) => Some(item.clone()),
    };
    list.iter().filter_map(stays).collect()
}

fn stays(schema: &Schema, value: &Value, element: &Element, gone: &FieldSet) -> Option<Value> {
    if gone.members.contains(element) {
        return None;
    }
    match gone.below.get(element) {
        Some(below) => remove(schema, value, below),
        None => Some(value.clone()),
    }
}
