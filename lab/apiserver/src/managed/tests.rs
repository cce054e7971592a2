use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ApplyError, FieldSet, Force, Write, apply, fields_v1, reset_fields, update};
use crate::schema::Schema;

fn service() -> Schema {
    let text = json!({"type": "string"});
    let metadata = json!({
        "type": "object",
        "properties": {
            "name": text, "namespace": text, "uid": text, "resourceVersion": text,
            "labels": {"type": "object", "additionalProperties": text},
            "annotations": {"type": "object", "additionalProperties": text},
            "finalizers": {"type": "array", "x-kubernetes-list-type": "set", "items": text},
            "managedFields": {"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
        },
    });
    Schema::parse(&json!({
        "type": "object",
        "properties": {
            "apiVersion": text,
            "kind": text,
            "metadata": metadata,
            "spec": {
                "type": "object",
                "properties": {
                    "type": text,
                    "replicas": {"type": "integer"},
                    "selector": {
                        "type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": text,
                    },
                    "ports": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["port", "protocol"],
                        "items": {"type": "object", "properties": {
                            "port": {"type": "integer"},
                            "protocol": {"type": "string", "default": "TCP"},
                            "name": text,
                            "targetPort": {"x-kubernetes-int-or-string": true},
                        }},
                    },
                    "ranges": {"type": "array", "items": text},
                },
            },
            "status": {
                "type": "object",
                "properties": {
                    "conditions": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["type"],
                        "items": {"type": "object", "properties": {"type": text, "status": text}},
                    },
                    "ip": text,
                },
            },
        },
    }))
    .expect("a schema")
}

/// One object, written by many hands.
struct Desk {
    schema: Schema,
    object: Value,
}

impl Desk {
    fn new() -> Self {
        Self { schema: service(), object: json!({}) }
    }

    fn created(object: Value, manager: &str) -> Self {
        let mut desk = Self::new();
        desk.update(manager, "", "t0", object);
        desk.object["metadata"]["uid"] = json!("u");
        desk
    }

    fn update(&mut self, manager: &str, subresource: &str, time: &str, new: Value) {
        let reset = reset_fields("Service", subresource);
        let write =
            Write { manager, api_version: "v1", subresource, schema: &self.schema, reset: &reset, time };
        let mut new = new;
        update(&self.object, &mut new, &write);
        self.object = new;
    }

    fn change(&mut self, manager: &str, pointer: &str, value: Value) {
        let mut new = self.object.clone();
        *new.pointer_mut(pointer).expect("an existing field") = value;
        self.update(manager, "", "t1", new);
    }

    fn try_apply(&mut self, manager: &str, force: Force, time: &str, body: Value) -> Result<(), ApplyError> {
        self.try_apply_to(manager, "", force, time, body)
    }

    fn try_apply_to(
        &mut self,
        manager: &str,
        subresource: &str,
        force: Force,
        time: &str,
        body: Value,
    ) -> Result<(), ApplyError> {
        let reset = reset_fields("Service", subresource);
        let write =
            Write { manager, api_version: "v1", subresource, schema: &self.schema, reset: &reset, time };
        self.object = apply(&self.object, &body, force, &write)?;
        Ok(())
    }

    fn apply(&mut self, manager: &str, time: &str, body: Value) {
        self.try_apply(manager, Force::Refuse, time, body).expect("no conflict");
    }

    fn fields(&self, manager: &str) -> Value {
        self.entry(manager).map_or(Value::Null, |entry| entry["fieldsV1"].clone())
    }

    fn entry(&self, manager: &str) -> Option<&Value> {
        let entries = self.object.pointer("/metadata/managedFields")?.as_array()?;
        entries.iter().find(|entry| entry["manager"] == manager)
    }

    fn spec(&self) -> &Value {
        &self.object["spec"]
    }
}

fn refusal(outcome: Result<(), ApplyError>) -> String {
    outcome.expect_err("a refusal").to_string()
}

#[test]
fn an_applier_owns_what_it_names_and_no_more() {
    let mut desk = Desk::new();
    desk.apply(
        "a",
        "t1",
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "web", "labels": {"app": "x"}},
            "spec": {"type": "LoadBalancer", "selector": {"app": "x"}, "ports": [{"port": 80}]},
        }),
    );
    assert_eq!(
        desk.fields("a"),
        json!({
            "f:metadata": {"f:labels": {"f:app": {}}},
            "f:spec": {
                "f:type": {},
                "f:selector": {},
                "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}},
            },
        })
    );
    let entry = desk.entry("a").expect("an entry");
    assert_eq!(entry["operation"], "Apply");
    assert_eq!(entry["time"], "t1");
    assert_eq!(entry.get("subresource"), None);
}

#[test]
fn a_writer_owns_what_it_wrote_with_the_containers_it_made() {
    let desk = Desk::created(
        json!({
            "metadata": {"name": "web", "labels": {"app": "x"}, "finalizers": ["a/b"]},
            "spec": {"ports": [{"port": 80, "protocol": "TCP"}]},
        }),
        "kubectl-create",
    );
    assert_eq!(
        desk.fields("kubectl-create"),
        json!({
            "f:metadata": {
                "f:labels": {".": {}, "f:app": {}},
                "f:finalizers": {".": {}, "v:\"a/b\"": {}},
            },
            "f:spec": {
                ".": {},
                "f:ports": {
                    ".": {},
                    "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}, "f:protocol": {}},
                },
            },
        })
    );
}

#[test]
fn a_conflict_names_the_owner_and_the_field() {
    let mut desk = Desk::created(json!({"spec": {"replicas": 1}}), "kubectl-client-side-apply");
    let outcome = desk.try_apply("mine", Force::Refuse, "t1", json!({"spec": {"replicas": 2}}));
    assert_eq!(
        refusal(outcome),
        "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using v1: .spec.replicas"
    );
    assert_eq!(desk.spec()["replicas"], 1);
}

#[test]
fn many_conflicts_are_listed_by_owner() {
    let mut desk = Desk::new();
    desk.apply("b", "t1", json!({"spec": {"type": "ClusterIP", "ports": [{"port": 80, "name": "http"}]}}));
    desk.apply("a", "t1", json!({"spec": {"replicas": 1}}));
    let body = json!({"spec": {"type": "NodePort", "replicas": 2, "ports": [{"port": 80, "name": "web"}]}});
    let outcome = desk.try_apply("c", Force::Refuse, "t2", body);
    assert_eq!(
        refusal(outcome),
        "Apply failed with 3 conflicts: conflicts with \"a\":\n- .spec.replicas\nconflicts with \"b\":\n\
         - .spec.type\n- .spec.ports[port=80,protocol=\"TCP\"].name"
    );
}

#[test]
fn force_takes_the_field_away_from_its_owner() {
    let mut desk = Desk::new();
    desk.apply("a", "t1", json!({"spec": {"replicas": 1, "type": "ClusterIP"}}));
    desk.try_apply("b", Force::TakeOver, "t2", json!({"spec": {"replicas": 2}})).expect("force");
    assert_eq!(desk.spec()["replicas"], 2);
    assert_eq!(desk.fields("a"), json!({"f:spec": {"f:type": {}}}));
    assert_eq!(desk.fields("b"), json!({"f:spec": {"f:replicas": {}}}));
}

#[test]
fn the_same_value_is_shared_and_outlives_one_of_its_owners() {
    let mut desk = Desk::new();
    desk.apply("a", "t1", json!({"spec": {"replicas": 1, "type": "ClusterIP"}}));
    desk.apply("b", "t2", json!({"spec": {"replicas": 1}}));
    desk.apply("a", "t3", json!({"spec": {"type": "ClusterIP"}}));
    assert_eq!(desk.spec(), &json!({"replicas": 1, "type": "ClusterIP"}));
    desk.apply("b", "t4", json!({"metadata": {"labels": {"x": "y"}}}));
    assert_eq!(desk.spec(), &json!({"type": "ClusterIP"}));
}

#[test]
fn what_an_applier_gives_up_goes_and_empty_parents_go_with_it() {
    let mut desk = Desk::new();
    desk.apply(
        "a",
        "t1",
        json!({"metadata": {"labels": {"x": "1"}}, "spec": {"ports": [{"port": 80}, {"port": 81}]}}),
    );
    desk.apply("a", "t2", json!({"spec": {"ports": [{"port": 81}]}}));
    assert_eq!(desk.spec(), &json!({"ports": [{"port": 81}]}));
    assert_eq!(desk.object["metadata"].get("labels"), None);
}

#[test]
fn what_others_wrote_stays_when_an_applier_leaves() {
    let mut desk =
        Desk::created(json!({"metadata": {"name": "web"}, "spec": {"type": "ClusterIP"}}), "creator");
    desk.apply("a", "t1", json!({"spec": {"replicas": 3}}));
    desk.change("scaler", "/spec/replicas", json!(5));
    assert_eq!(desk.fields("scaler"), json!({"f:spec": {"f:replicas": {}}}));
    desk.apply("a", "t2", json!({"metadata": {"labels": {"x": "y"}}}));
    assert_eq!(desk.spec(), &json!({"type": "ClusterIP", "replicas": 5}));
}

#[test]
fn keyed_items_of_two_appliers_stand_side_by_side() {
    let mut desk = Desk::new();
    desk.try_apply_to(
        "one",
        "status",
        Force::Refuse,
        "t1",
        json!({"status": {"conditions": [{"type": "A", "status": "True"}]}}),
    )
    .expect("no conflict");
    desk.try_apply_to(
        "two",
        "status",
        Force::Refuse,
        "t2",
        json!({"status": {"conditions": [{"type": "B", "status": "True"}]}}),
    )
    .expect("no conflict");
    let types: Vec<&Value> =
        desk.object["status"]["conditions"].as_array().expect("a list").iter().map(|c| &c["type"]).collect();
    assert_eq!(types, ["A", "B"]);
    desk.try_apply_to("one", "status", Force::Refuse, "t3", json!({"status": {"ip": "10.0.0.1"}}))
        .expect("no conflict");
    assert_eq!(desk.object["status"]["conditions"], json!([{"type": "B", "status": "True"}]));
    assert_eq!(desk.entry("one").expect("an entry")["subresource"], "status");
}

#[test]
fn an_empty_keyed_list_does_not_clear_what_others_own() {
    let mut desk = Desk::created(json!({"spec": {"ports": [{"port": 80, "protocol": "TCP"}]}}), "creator");
    desk.try_apply("a", Force::TakeOver, "t1", json!({"spec": {"ports": []}})).expect("force");
    assert_eq!(desk.spec()["ports"], json!([{"port": 80, "protocol": "TCP"}]));
}

#[test]
fn an_atomic_list_and_an_atomic_map_change_as_one() {
    let mut desk = Desk::new();
    desk.apply("a", "t1", json!({"spec": {"ranges": ["x", "y"], "selector": {"app": "a"}}}));
    let outcome =
        desk.try_apply("b", Force::Refuse, "t2", json!({"spec": {"ranges": ["x"], "selector": {"b": "c"}}}));
    assert!(refusal(outcome).contains("- .spec.ranges\n- .spec.selector"));
    desk.apply("a", "t2", json!({"spec": {"ranges": ["z"], "selector": {"b": "c"}}}));
    assert_eq!(desk.spec(), &json!({"ranges": ["z"], "selector": {"b": "c"}}));
}

#[test]
fn a_set_holds_the_members_of_everybody() {
    let mut desk = Desk::new();
    desk.apply("a", "t1", json!({"metadata": {"finalizers": ["x", "y"]}}));
    desk.apply("b", "t2", json!({"metadata": {"finalizers": ["z", "y"]}}));
    assert_eq!(desk.object["metadata"]["finalizers"], json!(["x", "z", "y"]));
    desk.apply("a", "t3", json!({"metadata": {"finalizers": ["x"]}}));
    assert_eq!(desk.object["metadata"]["finalizers"], json!(["x", "z", "y"]));
    desk.apply("b", "t4", json!({"metadata": {"labels": {"k": "v"}}}));
    assert_eq!(desk.object["metadata"]["finalizers"], json!(["x"]));
}

#[test]
fn items_take_the_order_of_the_configuration() {
    let mut desk = Desk::created(
        json!({"spec": {"ports": [
            {"port": 1, "protocol": "TCP"}, {"port": 2, "protocol": "TCP"}, {"port": 3, "protocol": "TCP"},
        ]}}),
        "creator",
    );
    desk.apply("a", "t1", json!({"spec": {"ports": [{"port": 3}, {"port": 4}, {"port": 1}]}}));
    let ports: Vec<&Value> =
        desk.spec()["ports"].as_array().expect("a list").iter().map(|p| &p["port"]).collect();
    assert_eq!(ports, [2, 3, 4, 1]);
}

#[test]
fn a_write_to_the_status_owns_nothing_of_the_spec_and_the_other_way_round() {
    let mut desk = Desk::created(json!({"spec": {"replicas": 1}, "status": {"ip": "x"}}), "creator");
    assert_eq!(desk.fields("creator"), json!({"f:spec": {".": {}, "f:replicas": {}}}));
    let new = json!({"metadata": {"uid": "u"}, "spec": {"replicas": 9}, "status": {"ip": "y"}});
    desk.update("controller", "status", "t1", new);
    assert_eq!(desk.fields("controller"), json!({"f:status": {"f:ip": {}}}));
}

#[test]
fn a_write_that_changes_nothing_keeps_the_time() {
    let mut desk = Desk::new();
    desk.apply("a", "t1", json!({"spec": {"replicas": 1}}));
    let before = desk.object.clone();
    desk.apply("a", "t2", json!({"spec": {"replicas": 1}}));
    assert_eq!(desk.object, before);
    let mut desk = Desk::created(json!({"spec": {"replicas": 1}}), "creator");
    let before = desk.object.clone();
    desk.update("creator", "", "t9", before.clone());
    assert_eq!(desk.object, before);
    desk.update("other", "", "t9", before.clone());
    assert_eq!(desk.object, before);
}

#[test]
fn an_object_without_a_record_is_owned_by_what_was_before() {
    let mut desk = Desk::new();
    desk.object = json!({"metadata": {"uid": "u"}, "spec": {"replicas": 1}});
    let outcome = desk.try_apply("a", Force::Refuse, "t1", json!({"spec": {"replicas": 2}}));
    assert_eq!(
        refusal(outcome),
        "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .spec.replicas"
    );
    let before = desk.object.clone();
    desk.update("someone", "", "t1", json!({"metadata": {"uid": "u"}, "spec": {"replicas": 3}}));
    assert_eq!(desk.object.pointer("/metadata/managedFields"), None);
    assert_ne!(desk.object, before);
}

#[test]
fn the_record_is_cleared_on_request_and_never_by_accident() {
    let mut desk = Desk::created(json!({"spec": {"replicas": 1}}), "creator");
    let mut silent = desk.object.clone();
    silent["metadata"].as_object_mut().expect("metadata").remove("managedFields");
    desk.update("other", "", "t1", silent);
    assert!(desk.entry("creator").is_some());
    let mut cleared = desk.object.clone();
    cleared["metadata"]["managedFields"] = json!([{}]);
    desk.update("other", "", "t2", cleared);
    assert_eq!(desk.object.pointer("/metadata/managedFields"), None);
}

#[test]
fn an_applied_configuration_brings_no_record_along() {
    let mut desk = Desk::new();
    let outcome = desk.try_apply("a", Force::Refuse, "t1", json!({"metadata": {"managedFields": [{}]}}));
    assert_eq!(outcome, Err(ApplyError::ManagedFieldsGiven));
}

#[test]
fn a_configuration_that_the_schema_cannot_read_is_refused() {
    let mut desk = Desk::new();
    let mut refused = |spec: Value| {
        let body = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"}, "spec": spec,
        });
        refusal(desk.try_apply("a", Force::TakeOver, "t1", body))
    };
    let head = "failed to create typed patch object (default/web; /v1, Kind=Service): ";
    assert_eq!(refused(json!({"colour": 1})), format!("{head}.spec.colour: field not declared in schema"));
    assert_eq!(
        refused(json!({"ports": [{"name": "x"}]})),
        format!(
            "{head}.spec.ports: element 0: associative list with keys has an element that omits key field \
             \"port\" (and doesn't have default value)"
        )
    );
    assert_eq!(
        refused(json!({"ports": [{"port": 1}, {"port": 1, "protocol": "TCP"}]})),
        format!("{head}.spec.ports: duplicate entries for key [port=1,protocol=\"TCP\"]")
    );
    assert_eq!(
        refused(json!({"replicas": "x"})),
        format!("{head}.spec.replicas: expected numeric (int or float), got string")
    );
}

#[test]
fn kubectl_moves_from_client_side_to_server_side_without_force() {
    let last = json!({"apiVersion": "v1", "spec": {"replicas": 1}}).to_string();
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    let mut desk = Desk::created(
        json!({"metadata": {"annotations": {annotation: last}}, "spec": {"replicas": 1, "type": "ClusterIP"}}),
        "kubectl-client-side-apply",
    );
    let body = json!({"apiVersion": "v1", "spec": {"replicas": 2}});
    let outcome = desk.try_apply("another", Force::Refuse, "t1", body.clone());
    assert!(matches!(outcome, Err(ApplyError::Conflicts(_))));
    desk.apply("kubectl", "t1", body.clone());
    assert_eq!(desk.spec()["replicas"], 2);
    assert_eq!(desk.object["metadata"]["annotations"][annotation], format!("{body}\n"));
    let outcome =
        desk.try_apply("kubectl", Force::Refuse, "t2", json!({"apiVersion": "v1", "spec": {"type": "X"}}));
    assert!(refusal(outcome).ends_with(".spec.type"));
}

#[test]
fn old_updaters_are_thrown_together() {
    let mut desk = Desk::created(json!({"spec": {"replicas": 0}}), "creator");
    for number in 1..=15 {
        let mut new = desk.object.clone();
        new["metadata"]["labels"][format!("l{number}")] = json!("x");
        desk.update(&format!("m{number}"), "", &format!("2026-01-01T00:00:{number:02}Z"), new);
    }
    let entries = desk.object["metadata"]["managedFields"].as_array().expect("a list").clone();
    assert_eq!(entries.len(), 10);
    let ancient = desk.fields("ancient-changes");
    assert_eq!(ancient["f:metadata"]["f:labels"]["f:l1"], json!({}));
    assert!(desk.entry("m15").is_some());
    assert!(desk.entry("m1").is_none());
}

#[test]
fn a_label_given_up_takes_its_map_along_only_when_nobody_else_has_one() {
    let mut desk = Desk::new();
    desk.apply("a", "t1", json!({"metadata": {"labels": {"x": "1"}}}));
    desk.apply("b", "t2", json!({"metadata": {"labels": {"y": "1"}}}));
    desk.apply("a", "t3", json!({"spec": {"replicas": 1}}));
    assert_eq!(desk.object["metadata"]["labels"], json!({"y": "1"}));
}

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
        let set = super::compare::compare(&schema, &first, &second);
        for set in [set.added, set.modified, set.removed] {
            prop_assert_eq!(fields_v1::decode(&fields_v1::encode(&set)), Some(set));
        }
    }

    #[test]
    fn sets_obey_the_laws_of_sets(first in spec_part(), second in spec_part()) {
        let schema = service();
        let one = super::extent::fields_of(&schema, &first);
        let two = super::extent::fields_of(&schema, &second);
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
