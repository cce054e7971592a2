use serde_json::{Value, json};

use super::Rules;

fn with_rules(rules: Value, more: Value) -> Rules {
    let mut spec = json!({"type": "object", "x-kubernetes-validations": rules});
    for (name, value) in more.as_object().expect("fields") {
        spec[name] = value.clone();
    }
    Rules::compile(&json!({"type": "object", "properties": {"spec": spec}})).expect("rules")
}

fn sentences(rules: &Rules, new: Value, old: Option<Value>) -> Vec<String> {
    let new = json!({"spec": new});
    let old = old.map(|old| json!({"spec": old}));
    rules.check(&new, old.as_ref()).iter().map(ToString::to_string).collect()
}

fn replicas() -> Value {
    json!({"properties": {"min": {"type": "integer"}, "max": {"type": "integer"}}})
}

#[test]
fn a_refusal_carries_the_message_and_a_plain_value() {
    let rules = with_rules(
        json!([{"rule": "self.min <= self.max", "message": "min must not exceed max"}]),
        replicas(),
    );
    assert_eq!(sentences(&rules, json!({"min": 1, "max": 2}), None), Vec::<String>::new());
    assert_eq!(
        sentences(&rules, json!({"min": 3, "max": 2}), None),
        ["spec: Invalid value: min must not exceed max"]
    );
}

#[test]
fn a_rule_without_a_message_names_itself() {
    let rules = with_rules(json!([{"rule": "self.min <= self.max"}]), replicas());
    assert_eq!(
        sentences(&rules, json!({"min": 3, "max": 2}), None),
        ["spec: Invalid value: failed rule: self.min <= self.max"]
    );
}

#[test]
fn a_message_may_be_computed_and_point_at_a_field() {
    let rules = with_rules(
        json!([{
            "rule": "self.min <= self.max",
            "message": "unused",
            "messageExpression": "'max is ' + string(self.max)",
            "fieldPath": ".min",
            "reason": "FieldValueForbidden",
        }]),
        replicas(),
    );
    assert_eq!(sentences(&rules, json!({"min": 3, "max": 2}), None), ["spec.min: Forbidden: max is 2"]);
}

#[test]
fn a_transition_rule_is_silent_on_creation() {
    let rules =
        with_rules(json!([{"rule": "self.min == oldSelf.min", "message": "min is immutable"}]), replicas());
    assert!(sentences(&rules, json!({"min": 1}), None).is_empty());
    assert!(sentences(&rules, json!({"min": 1}), Some(json!({"min": 1}))).is_empty());
    assert_eq!(
        sentences(&rules, json!({"min": 2}), Some(json!({"min": 1}))),
        ["spec: Invalid value: min is immutable"]
    );
}

#[test]
fn what_has_not_changed_is_not_refused_again() {
    let rules = with_rules(json!([{"rule": "self.min <= self.max"}]), replicas());
    let bad = json!({"min": 3, "max": 2});
    assert!(sentences(&rules, bad.clone(), Some(bad.clone())).is_empty());
    assert_eq!(sentences(&rules, bad, Some(json!({"min": 1, "max": 2}))).len(), 1);
}

#[test]
fn items_of_a_keyed_list_are_compared_with_their_own_past() {
    let items = json!({
        "type": "object",
        "properties": {"name": {"type": "string"}, "port": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": "self.port >= oldSelf.port", "message": "ports only grow"}],
    });
    let rules = with_rules(
        json!([]),
        json!({"properties": {"hops": {
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": items,
        }}}),
    );
    let old = json!({"hops": [{"name": "a", "port": 5}, {"name": "b", "port": 1}]});
    assert!(
        sentences(
            &rules,
            json!({"hops": [{"name": "b", "port": 1}, {"name": "a", "port": 5}]}),
            Some(old.clone())
        )
        .is_empty()
    );
    assert_eq!(
        sentences(&rules, json!({"hops": [{"name": "c", "port": 0}, {"name": "a", "port": 4}]}), Some(old)),
        ["spec.hops[1]: Invalid value: ports only grow"]
    );
}

#[test]
fn a_transition_rule_where_items_have_no_past_is_refused_with_the_definition() {
    let schema = json!({"type": "object", "properties": {"list": {"type": "array", "items": {
        "type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf"}],
    }}}});
    let errors = Rules::compile(&schema).expect_err("no past");
    assert_eq!(
        errors[0].to_string(),
        "properties[list].items.x-kubernetes-validations[0].rule: Invalid value: \"self == oldSelf\": \
         oldSelf cannot be used on the uncorrelatable portion of the schema"
    );
}

#[test]
fn a_rule_that_is_no_sentence_is_refused_with_the_definition() {
    let schema = json!({"type": "object", "x-kubernetes-validations": [{"rule": "self.("}]});
    let errors = Rules::compile(&schema).expect_err("not a rule");
    assert_eq!(errors[0].path.as_str(), "x-kubernetes-validations[0].rule");
    assert!(errors[0].reason.starts_with("compilation failed"));
}

#[test]
fn addresses_and_prefixes_are_understood() {
    let rules = with_rules(
        json!([
            {"rule": "self.addresses.all(a, isIP(a) || isCIDR(a))", "message": "not an address"},
            {"rule": "!has(self.inside) || cidr('10.0.0.0/8').containsIP(self.inside)", "message": "outside"},
            {"rule": "!has(self.inside) || ip(self.inside).family() == 4", "message": "wrong family"},
        ]),
        json!({"properties": {
            "addresses": {"type": "array", "items": {"type": "string"}}, "inside": {"type": "string"},
        }}),
    );
    let accepted = json!({"addresses": ["10.0.0.1", "fd00::/64"], "inside": "10.1.2.3"});
    assert!(sentences(&rules, accepted, None).is_empty());
    assert_eq!(
        sentences(&rules, json!({"addresses": ["10.0.0.300"], "inside": "11.0.0.1"}), None),
        ["spec: Invalid value: not an address", "spec: Invalid value: outside"]
    );
}

#[test]
fn a_rule_stands_at_any_depth() {
    let rules = Rules::compile(&json!({
        "type": "object",
        "x-kubernetes-validations": [{"rule": "size(self.metadata.name) < 4", "message": "long name"}],
        "properties": {
            "tags": {"type": "object", "additionalProperties": {
                "type": "string", "x-kubernetes-validations": [{"rule": "self != ''", "message": "empty tag"}],
            }},
            "names": {"type": "array", "items": {
                "type": "string", "x-kubernetes-validations": [{"rule": "self != 'x'", "message": "no x"}],
            }},
        },
    }))
    .expect("rules");
    let object = json!({"metadata": {"name": "long"}, "tags": {"a": ""}, "names": ["y", "x"]});
    let errors: Vec<String> = rules.check(&object, None).iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "<nil>: Invalid value: long name",
            "names[1]: Invalid value: \"x\": no x",
            "tags[a]: Invalid value: \"\": empty tag",
        ]
    );
}

#[test]
fn rules_see_the_name_of_an_object_and_no_other_metadata() {
    let rules = Rules::compile(&json!({
        "type": "object",
        "x-kubernetes-validations": [{"rule": "!has(self.metadata.namespace)"}],
    }))
    .expect("rules");
    assert!(rules.check(&json!({"metadata": {"name": "a", "namespace": "b"}}), None).is_empty());
}

#[test]
fn a_rule_that_cannot_be_judged_refuses() {
    let rules = with_rules(json!([{"rule": "self.absent > 3", "message": "big enough"}]), json!({}));
    let errors = sentences(&rules, json!({}), None);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].ends_with("evaluating rule: big enough"), "{errors:?}");
}
