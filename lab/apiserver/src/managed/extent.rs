//! The fields that a configuration names, and so claims.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::FieldSet;
use super::element::Element;
use super::typed::{self, Form};
use crate::schema::Schema;

/// The fields of `value` as an applied configuration owns them.
///
/// Declared objects are owned only through what stands in them; items of keyed lists, keys of free
/// maps and empty objects are owned themselves too.
pub(super) fn fields_of(schema: &Schema, value: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    match (Form::of(schema, value), value) {
        (Form::Fields, Value::Object(fields)) => collect_fields(schema, fields, &mut set),
        (Form::Items, Value::Array(list)) => collect_items(schema, list, &mut set),
        _ => {}
    }
    set
}

fn collect_fields(schema: &Schema, fields: &Map<String, Value>, set: &mut FieldSet) {
    let free = Schema::free();
    for (name, value) in fields {
        let child = typed::field(schema, name, &free);
        let element = Element::Field(name.clone());
        let declared = schema.properties.contains_key(name);
        let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
        if !declared || empty || Form::of(child, value) == Form::Leaf {
            set.members.insert(element.clone());
        }
        descend(child, value, element, set);
    }
}

fn collect_items(schema: &Schema, list: &[Value], set: &mut FieldSet) {
    let free = Schema::free();
    let items = typed::items(schema, &free);
    let named = typed::named_items(schema, list);
    let mut seen = BTreeSet::new();
    let repeated: BTreeSet<Element> =
        named.iter().filter(|(name, _)| !seen.insert(name)).map(|(name, _)| name.clone()).collect();
    for (name, item) in named {
        set.members.insert(name.clone());
        if !repeated.contains(&name) {
            descend(items, item, name, set);
        }
    }
}

fn descend(schema: &Schema, value: &Value, element: Element, set: &mut FieldSet) {
    let below = fields_of(schema, value);
    if !below.is_empty() {
        set.below.insert(element, below);
    }
}
