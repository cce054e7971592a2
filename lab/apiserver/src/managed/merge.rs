//! Merging an applied configuration into an object.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::element::Element;
use super::typed::{self, Form};
use crate::schema::Schema;

/// `live` with everything that `applied` says. `None` when neither side leaves anything.
pub(super) fn merge(schema: &Schema, live: Option<&Value>, applied: Option<&Value>) -> Option<Value> {
    let shown = applied.or(live)?;
    match Form::of(schema, shown) {
        Form::Fields if has_fields(live) || has_fields(applied) => merge_fields(schema, live, applied),
        Form::Items if has_items(live) || has_items(applied) => merge_items(schema, live, applied),
        Form::Leaf | Form::Fields | Form::Items => Some(shown.clone()),
    }
}

fn has_fields(side: Option<&Value>) -> bool {
    side.and_then(Value::as_object).is_some_and(|fields| !fields.is_empty())
}

fn has_items(side: Option<&Value>) -> bool {
    side.and_then(Value::as_array).is_some_and(|list| !list.is_empty())
}

fn merge_fields(schema: &Schema, live: Option<&Value>, applied: Option<&Value>) -> Option<Value> {
    let none = Map::new();
    let live = live.and_then(Value::as_object).unwrap_or(&none);
    let applied = applied.and_then(Value::as_object).unwrap_or(&none);
    let free = Schema::free();
    let names: BTreeSet<&String> = live.keys().chain(applied.keys()).collect();
    let merged: Map<String, Value> = names
        .into_iter()
        .filter_map(|name| {
            let child = typed::field(schema, name, &free);
            Some((name.clone(), merge(child, live.get(name), applied.get(name))?))
        })
        .collect();
    (!merged.is_empty()).then_some(Value::Object(merged))
}

/// Items that both sides have are merged and stand in the order of `applied`; items that only the
/// object has keep their place between them.
fn merge_items(schema: &Schema, live: Option<&Value>, applied: Option<&Value>) -> Option<Value> {
    let free = Schema::free();
    let items = typed::items(schema, &free);
    let live = named(schema, live);
    let applied = named(schema, applied);
    let mut merger = Merger::new(&live, &applied);
    let mut merged = Vec::new();
    for (name, item) in &applied {
        for kept in merger.kept_before(name) {
            merged.extend(merge(items, Some(kept), None));
        }
        merged.extend(merge(items, merger.counterpart(name), Some(item)));
        merger.taken(name);
    }
    merged.extend(merger.kept_after().into_iter().cloned());
    (!merged.is_empty()).then_some(Value::Array(merged))
}

fn named<'v>(schema: &Schema, list: Option<&'v Value>) -> Vec<(Element, &'v Value)> {
    let list = list.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    typed::named_items(schema, list)
}

/// A place in the object's list, moving on as the items of the configuration are taken.
struct Merger<'v> {
    live: &'v [(Element, &'v Value)],
    place: usize,
    /// Items of both sides that are still to come, in the order of the configuration, last first.
    shared: Vec<&'v Element>,
    applied: BTreeSet<&'v Element>,
}

impl<'v> Merger<'v> {
    fn new(live: &'v [(Element, &'v Value)], applied: &'v [(Element, &'v Value)]) -> Self {
        let present: BTreeSet<&Element> = live.iter().map(|(name, _)| name).collect();
        let shared = applied.iter().rev().map(|(name, _)| name).filter(|name| present.contains(name));
        Self {
            live,
            place: 0,
            shared: shared.collect(),
            applied: applied.iter().map(|(name, _)| name).collect(),
        }
    }

    /// The object's own items that stand before `name`, or before the next item of both sides.
    fn kept_before(&mut self, name: &Element) -> Vec<&'v Value> {
        let mut kept = Vec::new();
        while let Some((here, item)) = self.live.get(self.place) {
            let own = !self.applied.contains(here);
            if !own && (here == name || self.shared.last() == Some(&here)) {
                break;
            }
            if own {
                kept.push(*item);
            }
            self.place += 1;
        }
        kept
    }

    /// The item of the object called `name`; an item that stands there twice is not merged.
    fn counterpart(&self, name: &Element) -> Option<&'v Value> {
        let mut found = self.live.iter().filter(|(here, _)| here == name);
        match (found.next(), found.next()) {
            (Some((_, item)), None) => Some(item),
            _ => None,
        }
    }

    fn taken(&mut self, name: &Element) {
        if self.shared.last() == Some(&name) {
            self.shared.pop();
        }
        if self.live.get(self.place).is_some_and(|(here, _)| here == name) {
            self.place += 1;
        }
    }

    fn kept_after(&self) -> Vec<&'v Value> {
        let rest = self.live[self.place..].iter();
        rest.filter(|(name, _)| !self.applied.contains(name)).map(|(_, item)| *item).collect()
    }
}
