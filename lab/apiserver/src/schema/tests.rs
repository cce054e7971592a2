use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Schema;

fn pool() -> Schema {
    Schema::parse(&json!({
        "type": "object",
        "required": ["spec"],
        "properties": {
            "spec": {
                "type": "object",
                "required": ["addresses"],
                "properties": {
                    "addresses": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "string", "maxLength": 20}},
                    "autoAssign": {"type": "boolean", "default": true},
                    "mode": {"type": "string", "enum": ["slow", "fast"]},
                    "name": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2},
                    "weight": {"type": "integer", "minimum": 1, "maximum": 10, "default": 5},
                    "port": {"x-kubernetes-int-or-string": true},
                    "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                    "hops": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name", "port"],
                        "items": {"type": "object", "properties": {
                            "name": {"type": "string"},
                            "port": {"type": "integer"},
                            "cost": {"type": "integer", "default": 1},
                        }},
                    },
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {
                        "known": {"type": "object", "properties": {"x": {"type": "integer"}}},
                    }},
                    "template": {"type": "object", "x-kubernetes-embedded-resource": true},
                    "maybe": {"type": "string", "nullable": true},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
        },
    }))
    .expect("a schema")
}

fn sentences(spec: Value) -> Vec<String> {
    pool().validate(&json!({"spec": spec})).iter().map(ToString::to_string).collect()
}

#[test]
fn a_missing_field_is_named() {
    assert_eq!(sentences(json!({})), ["spec.addresses: Required value"]);
}

#[test]
fn errors_read_as_the_api_server_writes_them() {
    let errors = sentences(json!({
        "addresses": ["a", "b", "c", "d"],
        "mode": "medium",
        "name": "A",
        "weight": 11,
        "labels": {"a": 1},
    }));
    assert_eq!(
        errors,
        [
            "spec.addresses: Too many: 4: must have at most 3 items",
            "spec.labels.a: Invalid value: \"integer\": spec.labels.a in body must be of type string: \"integer\"",
            "spec.mode: Unsupported value: \"medium\": supported values: \"slow\", \"fast\"",
            "spec.name: Invalid value: \"A\": spec.name in body should be at least 2 chars long",
            "spec.name: Invalid value: \"A\": spec.name in body should match '^[a-z]+$'",
            "spec.weight: Invalid value: 11: spec.weight in body should be less than or equal to 10",
        ]
    );
}

#[test]
fn a_wrong_type_is_reported_once_and_not_looked_into() {
    assert_eq!(
        sentences(json!({"addresses": "10.0.0.1"})),
        [
            "spec.addresses: Invalid value: \"string\": spec.addresses in body must be of type array: \"string\""
        ]
    );
}

#[test]
fn an_int_or_string_is_nothing_else() {
    assert!(sentences(json!({"addresses": ["a"], "port": 80})).is_empty());
    assert!(sentences(json!({"addresses": ["a"], "port": "http"})).is_empty());
    assert_eq!(
        sentences(json!({"addresses": ["a"], "port": true})),
        [
            "spec.port: Invalid value: \"boolean\": spec.port in body must be of type integer,string: \"boolean\""
        ]
    );
}

#[test]
fn a_string_too_long_is_not_repeated() {
    assert_eq!(
        sentences(json!({"addresses": ["fd00::1-fd00::ffff:ffff"]})),
        ["spec.addresses[0]: Too long: may not be more than 20 bytes"]
    );
}

#[test]
fn sets_and_keyed_lists_refuse_repetition_once() {
    let errors = sentences(json!({
        "addresses": ["a"],
        "tags": ["x", "y", "x", "x"],
        "hops": [{"name": "a", "port": 1}, {"name": "a", "port": 2}, {"name": "a", "port": 1}],
    }));
    assert_eq!(
        errors,
        [
            "spec.hops[2]: Duplicate value: {\"name\":\"a\",\"port\":1}",
            "spec.tags[2]: Duplicate value: \"x\"",
        ]
    );
}

#[test]
fn alternatives_are_judged_together() {
    let schema = Schema::parse(&json!({
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    }))
    .expect("a schema");
    assert!(schema.validate(&json!({"a": 1})).is_empty());
    let both = schema.validate(&json!({"a": 1, "b": 1}));
    assert_eq!(
        both[0].to_string(),
        "<nil>: Invalid value: \"\": \"\" must validate one and only one schema (oneOf). Found 2 valid alternatives"
    );
    assert_eq!(schema.validate(&json!({})).len(), 2);
}

#[test]
fn unknown_fields_are_removed_and_named() {
    let mut object = json!({
        "extra": 1,
        "spec": {
            "colour": "red",
            "hops": [{"name": "a", "speed": 3}],
            "free": {"anything": {"at": "all"}, "known": {"x": 1, "y": 2}},
            "template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {}},
            "labels": {"any": "key"},
        },
    });
    let unknown = pool().prune(&mut object);
    assert_eq!(
        unknown,
        ["extra", "spec.colour", "spec.free.known.y", "spec.hops[0].speed", "spec.template.spec"]
    );
    assert_eq!(
        object,
        json!({"spec": {
            "hops": [{"name": "a"}],
            "free": {"anything": {"at": "all"}, "known": {"x": 1}},
            "template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}},
            "labels": {"any": "key"},
        }})
    );
}

#[test]
fn defaults_fill_what_exists_and_create_no_parents() {
    let mut object = json!({"spec": {"hops": [{"name": "a"}], "weight": null, "maybe": null, "name": null}});
    pool().fill_defaults(&mut object);
    assert_eq!(
        object,
        json!({"spec": {"autoAssign": true, "weight": 5, "hops": [{"name": "a", "cost": 1}], "maybe": null}})
    );
    let mut empty = json!({});
    pool().fill_defaults(&mut empty);
    assert_eq!(empty, json!({}));
}

#[test]
fn what_was_already_wrong_is_not_refused_again() {
    let schema = pool();
    let old = json!({"spec": {"addresses": ["a"], "weight": 11, "hops": [{"name": "a", "port": "x"}]}});
    assert_eq!(schema.validate_update(&old, &old), []);
    let mut new = old.clone();
    new["spec"]["name"] = json!("ab");
    assert_eq!(schema.validate_update(&new, &old), []);
    new["spec"]["weight"] = json!(12);
    new["spec"]["hops"] = json!([{"name": "b", "port": "y"}, {"name": "a", "port": "x"}]);
    let paths: Vec<String> =
        schema.validate_update(&new, &old).iter().map(|error| error.path.to_string()).collect();
    assert_eq!(paths, ["spec.hops[0].port", "spec.weight"]);
}

#[test]
fn a_custom_resource_has_metadata_of_its_own() {
    let metadata = Arc::new(
        Schema::parse(&json!({"type": "object", "properties": {"name": {"type": "string"}}}))
            .expect("a schema"),
    );
    let schema = Schema::of_custom_resource(
        &json!({
            "type": "object",
            "properties": {
                "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 3}}},
            },
        }),
        &metadata,
    )
    .expect("a schema");
    let mut object = json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "long", "colour": "red"}});
    assert_eq!(schema.prune(&mut object), ["metadata.colour"]);
    assert_eq!(
        schema.validate(&object)[0].to_string(),
        "metadata.name: Too long: may not be more than 3 bytes"
    );
}

#[test]
fn a_schema_that_is_none_says_where() {
    let wrong = |json: Value| Schema::parse(&json).expect_err("not a schema").to_string();
    assert_eq!(wrong(json!({"properties": {"a": 3}})), "properties[a]: a schema must be an object");
    assert_eq!(wrong(json!({"type": "text"})), "type: Unsupported value: \"text\"");
    assert!(wrong(json!({"type": "string", "pattern": "["})).starts_with("pattern: Invalid value"));
    assert!(wrong(json!({"x-kubernetes-list-type": "map"})).contains("x-kubernetes-list-map-keys"));
    assert!(wrong(json!({"x-kubernetes-list-type": "bag"})).contains("\"bag\""));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0i64..20).prop_map(Value::from),
        "[a-z]{0,4}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("spec"),
        Just("addresses"),
        Just("hops"),
        Just("name"),
        Just("port"),
        Just("free"),
        Just("known"),
        Just("weight"),
        Just("maybe"),
        Just("labels"),
        Just("other"),
    ]
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn pruning_and_defaulting_twice_is_doing_it_once(value in any_value()) {
        let schema = pool();
        let mut object = json!({"spec": value});
        schema.prune(&mut object);
        schema.fill_defaults(&mut object);
        let once = object.clone();
        prop_assert!(schema.prune(&mut object).is_empty());
        schema.fill_defaults(&mut object);
        prop_assert_eq!(object, once);
    }

    #[test]
    fn any_value_is_judged_without_a_panic(value in any_value()) {
        pool().validate(&json!({"spec": value}));
    }
}
