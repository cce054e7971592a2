//! What holds for every configuration.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{FieldSet, Force, fields_v1};
use super::{Desk, service};

fn spec_part() -> impl Strategy<Value = Value> {
    let ports = prop::collection::btree_map(1u8..5, prop::option::of("[ab]"), 0..4).prop_map(|ports| {
        let item = |(port, name): (u8, Option<String>)| match name {
            Some(name) => json!({"port": port, "name": name}),
            None => json!({"port": port}),
        };
        Value::Array(ports.into_iter().map(item).collect())
    });
    let labels = prop::collection::btree_map("[xyz]", "[12]", 0..3);
    (
        prop::option::of(0i64..3),
        prop::option::of("[AB]"),
        prop::option::of(ports),
        prop::option::of(labels),
        prop::option::of(prop::collection::vec("[pq]", 0..3)),
    )
        .prop_map(|(replicas, kind, ports, labels, ranges)| {
            let mut spec = serde_json::Map::new();
            spec.extend(replicas.map(|value| ("replicas".to_owned(), json!(value))));
            spec.extend(kind.map(|value| ("type".to_owned(), json!(value))));
            spec.extend(ports.map(|value| ("ports".to_owned(), value)));
            spec.extend(ranges.map(|value| ("ranges".to_owned(), json!(value))));
            let mut body = json!({"metadata": {"name": "web"}, "spec": spec});
            if let Some(labels) = labels {
                body["metadata"]["labels"] = json!(labels);
            }
            body
        })
}

/// The object without nulls, empty containers and the record: what is left to compare.
fn bare(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "managedFields")
            .map(|(name, value)| (name.clone(), bare(value)))
            .filter(|(_, value)| !value.is_null())
            .filter(|(_, value)| !matches!(value, Value::Object(fields) if fields.is_empty()))
            .filter(|(_, value)| !matches!(value, Value::Array(list) if list.is_empty()))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(list) => list.iter().map(bare).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

proptest! {
    #[test]
    fn applying_twice_is_applying_once(first in spec_part(), second in spec_part()) {
        let mut desk = Desk::new();
        desk.apply("a", "t1", first);
        desk.try_apply("b", Force::TakeOver, "t2", second.clone()).expect("force");
        let once = desk.object.clone();
        desk.apply("b", "t3", second);
        prop_assert_eq!(&desk.object, &once);
    }

    #[test]
    fn an_applier_that_leaves_takes_exactly_its_own_along(ours in spec_part(), theirs in spec_part()) {
        let mut alone = Desk::new();
        alone.apply("a", "t1", ours.clone());
        let mut desk = Desk::new();
        desk.apply("a", "t1", ours.clone());
        let mut desk_b = theirs;
        strip_disagreement(&mut desk_b, &ours);
        desk.try_apply("b", Force::Refuse, "t2", desk_b).expect("no disagreement");
        desk.apply("b", "t3", json!({"metadata": {"name": "web"}}));
        prop_assert_eq!(bare(&desk.object), bare(&alone.object));
        prop_assert!(desk.entry("b").is_none());
    }

    #[test]
    fn what_was_applied_stands_in_the_object(first in spec_part(), second in spec_part()) {
        let mut desk = Desk::new();
        desk.apply("a", "t1", first);
        desk.try_apply("b", Force::TakeOver, "t2", second.clone()).expect("force");
        for name in ["replicas", "type", "ranges"] {
            if let Some(value) = second["spec"].get(name) {
                prop_assert_eq!(&desk.spec()[name], value);
            }
        }
    }

    #[test]
    fn ownership_survives_being_written_and_read(first in spec_part(), second in spec_part()) {
        let schema = service();
        let set = super::super::compare::compare(&schema, &first, &second);
        for set in [set.added, set.modified, set.removed] {
            prop_assert_eq!(fields_v1::decode(&fields_v1::encode(&set)), Some(set));
        }
    }

    #[test]
    fn sets_obey_the_laws_of_sets(first in spec_part(), second in spec_part()) {
        let schema = service();
        let one = super::super::extent::fields_of(&schema, &first);
        let two = super::super::extent::fields_of(&schema, &second);
        let union = one.union(&two);
        prop_assert_eq!(&union.difference(&two), &one.difference(&two));
        prop_assert_eq!(&one.intersection(&two), &two.intersection(&one));
        prop_assert_eq!(one.difference(&two).union(&one.intersection(&two)), one.clone());
        prop_assert_eq!(union.difference(&union), FieldSet::default());
    }

    #[test]
    fn every_path_has_one_owner_after_writes_without_apply(
        versions in prop::collection::vec(spec_part(), 1..6),
    ) {
        let mut desk = Desk::created(json!({"metadata": {"name": "web"}}), "m0");
        for (number, version) in versions.into_iter().enumerate() {
            let mut new = version;
            new["metadata"]["uid"] = json!("u");
            new["metadata"]["managedFields"] = desk.object["metadata"]["managedFields"].clone();
            desk.update(&format!("m{number}"), "", "t", new);
        }
        let entries = desk.object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        let sets: Vec<FieldSet> =
            entries.iter().map(|entry| fields_v1::decode(&entry["fieldsV1"]).expect("a set")).collect();
        for (index, one) in sets.iter().enumerate() {
            for other in &sets[..index] {
                prop_assert!(one.intersection(other).is_empty());
            }
        }
    }
}

/// Makes `theirs` agree with `ours` wherever both speak.
fn strip_disagreement(theirs: &mut Value, ours: &Value) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (name, value) in theirs {
                if let Some(our_value) = ours.get(name) {
                    if name == "ports" {
                        *value = our_value.clone();
                    } else {
                        strip_disagreement(value, our_value);
                    }
                }
            }
        }
        (theirs, ours) => *theirs = ours.clone(),
    }
}
