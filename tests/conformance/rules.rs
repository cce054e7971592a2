//! The rules of `x-kubernetes-validations`: sentences in CEL.
//!
//! Source: Kubernetes documentation, "CRD validation rules".

use serde_json::{Value, json};

use crate::case::{conforms, differs};
use crate::difference::Difference;
use crate::fixture::{Answer, DEFINITIONS, Fixture, MERGE, Widgets};

/// Where the first rule of [`ruled`] stands in its definition.
const RULE: &str = "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule";

/// A kind whose `spec` has two numbers, a list of words, keyed ports, a range, and these rules.
fn ruled(fixture: &Fixture, rules: Value) -> Value {
    fixture.widgets_with(json!({
        "type": "object",
        "properties": {
            "low": {"type": "integer"}, "high": {"type": "integer"},
            "words": {"type": "array", "maxItems": 8, "items": {"type": "string", "maxLength": 8}},
            "cidr": {"type": "string", "maxLength": 50},
            "ports": {
                "type": "array", "maxItems": 8,
                "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {
                    "type": "object", "required": ["name"],
                    "properties": {
                        "name": {"type": "string", "maxLength": 8},
                        "number": {
                            "type": "integer",
                            "x-kubernetes-validations": [{"rule": "self >= oldSelf", "message": "may not fall"}],
                        },
                    },
                },
            },
        },
        "x-kubernetes-validations": rules,
    }))
}

async fn make(fixture: &Fixture, widgets: &Widgets<'_>, name: &str, spec: Value) -> Answer {
    fixture.post(&widgets.path(""), &widgets.named(name, spec)).await
}

async fn change(fixture: &Fixture, widgets: &Widgets<'_>, spec: Value) -> Answer {
    fixture.patch(&widgets.path("one"), MERGE, &json!({"spec": spec})).await
}

#[tokio::test]
async fn a_rule_refuses_with_its_own_message_place_and_reason() {
    conforms(async |fixture| {
        let widgets = fixture
            .register(ruled(fixture, json!([
                {"rule": "!has(self.low) || !has(self.high) || self.low <= self.high", "message": "low above high"},
                {
                    "rule": "!has(self.words) || self.words.all(word, word != 'bad')",
                    "messageExpression": "self.words[0] + ' is bad'",
                    "reason": "FieldValueForbidden", "fieldPath": ".words",
                },
                {"rule": "!has(self.low) || self.low < 100"},
            ])))
            .await;
        make(fixture, &widgets, "one", json!({"low": 1, "high": 2, "words": ["good"]})).await.ok();
        let wrong = make(fixture, &widgets, "two", json!({"low": 2, "high": 1})).await;
        let message = wrong.refused(422, "Invalid");
        assert!(message.ends_with("spec: Invalid value: low above high"), "{message}");
        assert_eq!(wrong.causes(), [("FieldValueInvalid", "spec")]);
        let bad = make(fixture, &widgets, "two", json!({"words": ["bad", "good"]})).await;
        let message = bad.refused(422, "Invalid");
        assert!(message.ends_with("spec.words: Forbidden: bad is bad"), "{message}");
        assert_eq!(bad.causes(), [("FieldValueForbidden", "spec.words")]);
        let high = make(fixture, &widgets, "two", json!({"low": 100})).await;
        let message = high.refused(422, "Invalid");
        assert!(message.ends_with("failed rule: !has(self.low) || self.low < 100"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn a_rule_about_the_past_is_silent_at_the_beginning() {
    conforms(async |fixture| {
        let widgets = fixture
            .register(ruled(fixture, json!([{"rule": "self.low == oldSelf.low", "message": "low is fixed"}])))
            .await;
        make(fixture, &widgets, "one", json!({"low": 1})).await.ok();
        let moved = change(fixture, &widgets, json!({"low": 2})).await;
        let message = moved.refused(422, "Invalid");
        assert!(message.ends_with("spec: Invalid value: low is fixed"), "{message}");
        change(fixture, &widgets, json!({"high": 5})).await.ok();
    })
    .await;
}

#[tokio::test]
async fn items_of_a_keyed_list_have_a_past() {
    conforms(async |fixture| {
        let widgets = fixture.register(ruled(fixture, json!([]))).await;
        let ports = |a: u8, b: u8| json!({"ports": [{"name": "b", "number": b}, {"name": "a", "number": a}]});
        make(fixture, &widgets, "one", json!({"ports": [{"name": "a", "number": 5}]})).await.ok();
        change(fixture, &widgets, ports(5, 1)).await.ok();
        let fallen = change(fixture, &widgets, ports(4, 1)).await;
        let message = fallen.refused(422, "Invalid");
        assert!(message.contains("spec.ports[1].number: Invalid value: 4: may not fall"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn a_rule_may_ask_whether_there_is_a_past() {
    differs(Difference::OptionalPast, async |fixture| {
        let rule = json!([{
            "rule": "!oldSelf.hasValue() || self.low > oldSelf.value().low", "optionalOldSelf": true,
            "message": "low must rise",
        }]);
        let widgets = fixture.register(ruled(fixture, rule)).await;
        make(fixture, &widgets, "one", json!({"low": 1})).await.ok();
        change(fixture, &widgets, json!({"low": 1, "high": 1})).await.refused(422, "Invalid");
        change(fixture, &widgets, json!({"low": 2})).await.ok();
    })
    .await;
}

#[tokio::test]
async fn what_broke_a_rule_before_it_came_may_stay_until_it_is_touched() {
    conforms(async |fixture| {
        let widgets = fixture.register(ruled(fixture, json!([]))).await;
        make(fixture, &widgets, "one", json!({"low": 5, "high": 1})).await.ok();
        let definition = format!("{DEFINITIONS}/widgets.{}", widgets.group);
        let rule = json!([{
            "op": "add",
            "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/x-kubernetes-validations",
            "value": [{"rule": "self.low <= self.high", "message": "low above high"}],
        }]);
        fixture.patch(&definition, crate::fixture::JSON_PATCH, &rule).await.ok();
        crate::fixture::eventually("the rule holds", async || {
            let path = widgets.path("?dryRun=All");
            fixture.post(&path, &widgets.named("two", json!({"low": 5, "high": 1}))).await.code == 422
        })
        .await;
        let label = json!({"metadata": {"labels": {"a": "b"}}});
        fixture.patch(&widgets.path("one"), MERGE, &label).await.ok();
        change(fixture, &widgets, json!({"low": 6})).await.refused(422, "Invalid");
    })
    .await;
}

#[tokio::test]
async fn rules_know_addresses_and_networks() {
    conforms(async |fixture| {
        let rules = json!([
            {"rule": "!has(self.cidr) || isCIDR(self.cidr)", "message": "no network"},
            {
                "rule": "!has(self.cidr) || !isCIDR(self.cidr) || cidr(self.cidr).ip().family() == 4",
                "message": "not of the fourth version",
            },
            {
                "rule": "!has(self.cidr) || !isCIDR(self.cidr) || !cidr('10.0.0.0/8').containsCIDR(self.cidr)",
                "message": "inside ten",
            },
        ]);
        let widgets = fixture.register(ruled(fixture, rules)).await;
        for (cidr, why) in [("x", "no network"), ("2001:db8::/32", "not of the fourth"), ("10.1.0.0/16", "inside ten")] {
            let refused = make(fixture, &widgets, "one", json!({"cidr": cidr})).await;
            assert!(refused.refused(422, "Invalid").contains(why), "{refused:?}");
        }
        make(fixture, &widgets, "one", json!({"cidr": "192.0.2.0/24"})).await.ok();
    })
    .await;
}

#[tokio::test]
async fn rules_see_the_name_of_the_object_and_status_has_rules_of_its_own() {
    conforms(async |fixture| {
        let mut definition = ruled(fixture, json!([]));
        let schema = &mut definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        schema["x-kubernetes-validations"] =
            json!([{"rule": "self.metadata.name != 'bad'", "message": "not this name"}]);
        schema["properties"]["status"]["x-kubernetes-validations"] =
            json!([{"rule": "!has(self.replicas) || self.replicas < 9", "message": "too many"}]);
        let widgets = fixture.register(definition).await;
        make(fixture, &widgets, "bad", json!({})).await.refused(422, "Invalid");
        make(fixture, &widgets, "one", json!({})).await.ok();
        let status = json!({"status": {"replicas": 9}});
        let refused = fixture.patch(&widgets.path("one/status"), MERGE, &status).await;
        refused.refused(422, "Invalid");
        assert_eq!(refused.causes(), [("FieldValueInvalid", "status")]);
    })
    .await;
}

#[tokio::test]
async fn a_rule_that_cannot_be_read_refuses_its_definition() {
    conforms(async |fixture| {
        let refused = fixture.post(DEFINITIONS, &ruled(fixture, json!([{"rule": "self.low <"}]))).await;
        refused.refused(422, "Invalid");
        assert_eq!(refused.causes(), [("FieldValueInvalid", RULE)]);
    })
    .await;
}

#[tokio::test]
async fn a_rule_about_a_field_that_is_not_there_refuses_its_definition() {
    differs(Difference::RuleTypes, async |fixture| {
        for rule in ["self.nothing > 1", "unknown(self)", "self.low"] {
            let refused = fixture.post(DEFINITIONS, &ruled(fixture, json!([{"rule": rule}]))).await;
            refused.refused(422, "Invalid");
            assert_eq!(refused.causes(), [("FieldValueInvalid", RULE)], "{rule}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_rule_that_could_cost_too_much_refuses_its_definition() {
    differs(Difference::RuleCost, async |fixture| {
        let mut definition =
            ruled(fixture, json!([{"rule": "self.words.all(a, self.words.all(b, a == b))"}]));
        let schema = &mut definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        schema["properties"]["spec"]["properties"]["words"] =
            json!({"type": "array", "items": {"type": "string"}});
        let refused = fixture.post(DEFINITIONS, &definition).await;
        refused.refused(422, "Invalid");
        assert!(refused.causes().contains(&("FieldValueForbidden", RULE)), "{refused:?}");
    })
    .await;
}
