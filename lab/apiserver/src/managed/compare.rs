//! Comparing two versions of an object, field by field.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::change::Change;
use super::element::Element;
use super::typed::{self, Form};
use crate::schema::Schema;

/// What turns `old` into `new`.
pub(super) fn compare(schema: &Schema, old: &Value, new: &Value) -> Change {
    let mut walk = Walk { path: Vec::new(), change: Change::default() };
    walk.compare(schema, Some(old), Some(new));
    walk.change
}

struct Walk {
    path: Vec<Element>,
    change: Change,
}

impl Walk {
    fn compare(&mut self, schema: &Schema, old: Option<&Value>, new: Option<&Value>) {
        let Some(shown) = new.or(old) else { return };
        match Form::of(schema, shown) {
            Form::Fields if !both_empty(old, new) => self.fields(schema, old, new),
            Form::Items if !both_empty(old, new) => self.items(schema, old, new),
            Form::Leaf | Form::Fields | Form::Items => return self.leaf(old, new),
        }
        match (old, new) {
            (None, _) => self.change.added.insert(&self.path),
            (_, None) => self.change.removed.insert(&self.path),
            (Some(_), Some(_)) => {}
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (None, _) => self.change.added.insert(&self.path),
            (_, None) => self.change.removed.insert(&self.path),
            (old, new) if old != new => self.change.modified.insert(&self.path),
            _ => {}
        }
    }

    fn fields(&mut self, schema: &Schema, old: Option<&Value>, new: Option<&Value>) {
        let none = Map::new();
        let old = old.and_then(Value::as_object).unwrap_or(&none);
        let new = new.and_then(Value::as_object).unwrap_or(&none);
        let free = Schema::free();
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let element = Element::Field(name.clone());
            self.descend(typed::field(schema, name, &free), element, old.get(name), new.get(name));
        }
    }

    fn items(&mut self, schema: &Schema, old: Option<&Value>, new: Option<&Value>) {
        let old = grouped(schema, old);
        let new = grouped(schema, new);
        let free = Schema::free();
        let items = typed::items(schema, &free);
        let names: BTreeSet<&Element> = old.keys().chain(new.keys()).collect();
        for name in names {
            let old = old.get(name).map_or(&[][..], Vec::as_slice);
            let new = new.get(name).map_or(&[][..], Vec::as_slice);
            self.item(items, name, old, new);
        }
    }

    /// An item that stands in a list more than once is owned as a whole, as long as it does.
    fn item(&mut self, schema: &Schema, name: &Element, old: &[&Value], new: &[&Value]) {
        let place = [self.path.as_slice(), std::slice::from_ref(name)].concat();
        match (old, new) {
            (&[] | &[_], &[] | &[_]) => {
                self.descend(schema, name.clone(), old.first().copied(), new.first().copied());
            }
            ([_, _, ..], [_, _, ..]) if old == new => {}
            ([_, _, ..], [_, _, ..]) => self.change.modified.insert(&place),
            ([_, _, ..], single) => {
                self.descend(schema, name.clone(), None, single.first().copied());
                self.change.removed.insert(&place);
            }
            (single, _) => {
                self.descend(schema, name.clone(), single.first().copied(), None);
                self.change.added.insert(&place);
            }
        }
    }

    fn descend(&mut self, schema: &Schema, element: Element, old: Option<&Value>, new: Option<&Value>) {
        self.path.push(element);
        self.compare(schema, old, new);
        self.path.pop();
    }
}

/// Two sides without content differ only as wholes: this keeps empty and absent apart.
fn both_empty(old: Option<&Value>, new: Option<&Value>) -> bool {
    let empty = |side: Option<&Value>| match side {
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::Array(list)) => list.is_empty(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => true,
    };
    empty(old) && empty(new)
}

fn grouped<'v>(schema: &Schema, list: Option<&'v Value>) -> BTreeMap<Element, Vec<&'v Value>> {
    let list = list.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut groups: BTreeMap<Element, Vec<&Value>> = BTreeMap::new();
    for (name, item) in typed::named_items(schema, list) {
        groups.entry(name).or_default().push(item);
    }
    groups
}
