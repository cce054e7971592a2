//! Schemas of custom kinds: what is filled in, what is removed, what is refused.
//!
//! Source: Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions", "Validation" and
//! "Defaulting".

use serde_json::{Value, json};

use crate::case::conforms;
use crate::fixture::{DEFINITIONS, Fixture, JSON_PATCH, MERGE, Widgets, eventually};

/// Creates a widget that must be refused, and returns reason and field of each cause.
async fn causes(fixture: &Fixture, widgets: &Widgets<'_>, spec: Value) -> Vec<(String, String)> {
    let refused = fixture.post(&widgets.path(""), &widgets.one(spec)).await;
    refused.refused(422, "Invalid");
    refused.causes().into_iter().map(|(reason, field)| (reason.to_owned(), field.to_owned())).collect()
}

#[tokio::test]
async fn a_custom_object_is_defaulted_and_pruned() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        let spec = json!({"size": 2, "odd": 1, "ports": [{"name": "a", "extra": true}]});
        let mut widget = widgets.one(spec);
        widget["odd"] = json!(1);
        let made = fixture.post(&widgets.path(""), &widget).await.ok();
        let expected = json!({"size": 2, "colour": "blue", "ports": [{"name": "a", "protocol": "TCP"}]});
        assert_eq!((&made["spec"], made.get("odd")), (&expected, None));
        let nothing = json!({"spec": {"colour": null}});
        let patched = fixture.patch(&widgets.path("one"), MERGE, &nothing).await.ok();
        assert_eq!(patched["spec"]["colour"], "blue", "a default comes back");
    })
    .await;
}

#[tokio::test]
async fn a_default_that_comes_later_is_seen_in_what_was_there_before() {
    conforms(async |fixture| {
        let spec = json!({"type": "object", "properties": {"size": {"type": "integer"}}});
        let widgets = fixture.register(fixture.widgets_with(spec)).await;
        fixture.post(&widgets.path(""), &widgets.one(json!({"size": 2}))).await.ok();
        let definition = format!("{DEFINITIONS}/widgets.{}", widgets.group);
        let grown = json!([{
            "op": "add",
            "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/shape",
            "value": {"type": "string", "default": "round"},
        }]);
        fixture.patch(&definition, JSON_PATCH, &grown).await.ok();
        eventually("the new default is seen", async || {
            fixture.get(&widgets.path("one")).await.ok()["spec"]["shape"] == "round"
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn every_kind_of_value_is_checked() {
    conforms(async |fixture| {
        let spec = json!({
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[a-z]+$"},
                "count": {"type": "integer", "minimum": 1, "maximum": 9, "multipleOf": 3},
                "share": {"type": "number", "minimum": 0, "exclusiveMinimum": true},
                "on": {"type": "boolean"},
                "mode": {"type": "string", "enum": ["fast", "slow"]},
                "list": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "integer"}},
                "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                "map": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 1},
                "when": {"type": "string", "format": "date-time"},
                "net": {"type": "string", "format": "cidr"},
                "port": {"x-kubernetes-int-or-string": true},
                "keyed": {
                    "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
                    "items": {"type": "object", "required": ["k"], "properties": {"k": {"type": "string"}}},
                },
                "either": {
                    "type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                    "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                },
            },
        });
        let widgets = fixture.register(fixture.widgets_with(spec)).await;
        for (field, value, reason, place) in [
            ("name", json!("a"), "FieldValueInvalid", "spec.name"),
            ("name", json!("abcde"), "FieldValueTooLong", "spec.name"),
            ("name", json!("ABC"), "FieldValueInvalid", "spec.name"),
            ("name", json!(7), "FieldValueTypeInvalid", "spec.name"),
            ("name", Value::Null, "FieldValueRequired", "spec.name"),
            ("count", json!(0), "FieldValueInvalid", "spec.count"),
            ("count", json!(12), "FieldValueInvalid", "spec.count"),
            ("count", json!(4), "FieldValueInvalid", "spec.count"),
            ("count", json!(1.5), "FieldValueTypeInvalid", "spec.count"),
            ("share", json!(0), "FieldValueInvalid", "spec.share"),
            ("on", json!("yes"), "FieldValueTypeInvalid", "spec.on"),
            ("mode", json!("still"), "FieldValueNotSupported", "spec.mode"),
            ("list", json!([]), "FieldValueInvalid", "spec.list"),
            ("list", json!([1, 2, 3]), "FieldValueTooMany", "spec.list"),
            ("list", json!(["a"]), "FieldValueTypeInvalid", "spec.list[0]"),
            ("set", json!(["a", "a"]), "FieldValueDuplicate", "spec.set[1]"),
            ("map", json!({"a": 1}), "FieldValueTypeInvalid", "spec.map.a"),
            ("map", json!({"a": "1", "b": "2"}), "FieldValueTooMany", "spec.map"),
            ("when", json!("yesterday"), "FieldValueTypeInvalid", "spec.when"),
            ("net", json!("10.0.0.0"), "FieldValueTypeInvalid", "spec.net"),
            ("port", json!(true), "FieldValueTypeInvalid", "spec.port"),
            ("keyed", json!([{"k": "a"}, {"k": "a"}]), "FieldValueDuplicate", "spec.keyed[1]"),
            ("keyed", json!([{}]), "FieldValueRequired", "spec.keyed[0].k"),
            ("either", json!({}), "FieldValueInvalid", "<nil>"),
            ("either", json!({"a": "1", "b": "2"}), "FieldValueInvalid", "<nil>"),
        ] {
            let mut spec = json!({"name": "abc"});
            spec[field] = value.clone();
            let found = causes(fixture, &widgets, spec).await;
            let expected = (reason.to_owned(), place.to_owned());
            assert!(found.contains(&expected), "{field}: {value}: {found:?}");
        }
        let fine = json!({
            "name": "abc", "count": 3, "share": 0.5, "on": true, "mode": "fast", "list": [1], "set": ["a", "b"],
            "map": {"a": "1"}, "when": "2030-01-01T00:00:00Z", "net": "10.0.0.0/8", "port": "http",
            "keyed": [{"k": "a"}, {"k": "b"}], "either": {"a": "1"},
        });
        fixture.post(&widgets.path(""), &widgets.one(fine)).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_sentence_says_what_is_wrong_with_a_value() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        for (spec, sentence) in [
            (json!({}), "spec.size: Required value"),
            (
                json!({"size": 0}),
                "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1",
            ),
            (
                json!({"size": 10}),
                "spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9",
            ),
            (
                json!({"size": "2"}),
                "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\"",
            ),
        ] {
            let refused = fixture.post(&widgets.path(""), &widgets.one(spec)).await;
            let message = refused.refused(422, "Invalid");
            assert!(message.contains(sentence), "{message}");
            assert!(
                message.starts_with(&format!("Widget.{} \"one\" is invalid: ", widgets.group)),
                "{message}"
            );
        }
        let several = fixture.post(&widgets.path(""), &widgets.one(json!({"size": 0, "colour": 1}))).await;
        assert!(several.refused(422, "Invalid").contains("is invalid: [spec."), "{several:?}");
        assert_eq!(several.body["details"]["kind"], "Widget");
        assert_eq!(several.body["details"]["group"], widgets.group.as_str());
    })
    .await;
}

#[tokio::test]
async fn unknown_fields_stay_where_the_schema_says_so() {
    conforms(async |fixture| {
        let spec = json!({
            "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            "properties": {
                "known": {"type": "object", "properties": {"a": {"type": "string"}}},
                "nothing": {"type": "string", "nullable": true},
                "template": {
                    "type": "object", "x-kubernetes-embedded-resource": true,
                    "x-kubernetes-preserve-unknown-fields": true,
                },
            },
        });
        let widgets = fixture.register(fixture.widgets_with(spec)).await;
        let widget = widgets.one(json!({
            "free": {"deep": [1]}, "known": {"a": "1", "b": "2"}, "nothing": null,
            "template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {}},
        }));
        let made = fixture.post(&widgets.path(""), &widget).await.ok();
        let expected = json!({
            "free": {"deep": [1]}, "known": {"a": "1"}, "nothing": null,
            "template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {}},
        });
        assert_eq!(made["spec"], expected);
        fixture.delete(&widgets.path("one")).await.ok();
        let nameless = causes(fixture, &widgets, json!({"template": {}})).await;
        assert!(
            nameless
                .iter()
                .any(|(reason, field)| reason == "FieldValueRequired" && field == "spec.template.kind")
        );
    })
    .await;
}
