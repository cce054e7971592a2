use proptest::prelude::*;
use serde_json::{Value, json};

use super::{PatchError, merge};
use crate::builtin;

fn service(original: Value, patch: Value) -> Value {
    merge(&builtin::schema("v1", "Service").expect("built in"), &original, &patch).expect("a patch")
}

fn deployment(original: Value, patch: Value) -> Value {
    merge(&builtin::schema("apps/v1", "Deployment").expect("built in"), &original, &patch).expect("a patch")
}

fn refusal(patch: Value) -> PatchError {
    let original = json!({"spec": {"ports": [{"port": 80}]}});
    merge(&builtin::schema("v1", "Service").expect("built in"), &original, &patch).expect_err("a refusal")
}

#[test]
fn maps_are_merged_and_null_removes() {
    let patched = service(
        json!({"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"type": "ClusterIP"}}),
        json!({"metadata": {"labels": {"a": null, "c": "3", "d": null}}, "spec": {"type": "NodePort"}}),
    );
    assert_eq!(patched, json!({"metadata": {"labels": {"b": "2", "c": "3"}}, "spec": {"type": "NodePort"}}));
}

#[test]
fn items_are_merged_by_their_key() {
    let patched = service(
        json!({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}}),
        json!({"spec": {"ports": [{"port": 81, "name": "c"}, {"port": 82}]}}),
    );
    assert_eq!(
        patched["spec"]["ports"],
        json!([{"port": 80, "name": "a"}, {"port": 81, "name": "c"}, {"port": 82}])
    );
}

#[test]
fn a_list_without_a_key_is_replaced() {
    let patched = service(
        json!({"spec": {"externalIPs": ["1.1.1.1", "2.2.2.2"]}}),
        json!({"spec": {"externalIPs": ["3.3.3.3"]}}),
    );
    assert_eq!(patched["spec"]["externalIPs"], json!(["3.3.3.3"]));
}

#[test]
fn a_directive_removes_an_item_or_replaces_all() {
    let original = json!({"spec": {"ports": [{"port": 80}, {"port": 81}]}});
    let patched = service(original.clone(), json!({"spec": {"ports": [{"$patch": "delete", "port": 80}]}}));
    assert_eq!(patched["spec"]["ports"], json!([{"port": 81}]));
    let patched =
        service(original.clone(), json!({"spec": {"ports": [{"$patch": "replace"}, {"port": 90}]}}));
    assert_eq!(patched["spec"]["ports"], json!([{"port": 90}]));
    let patched = service(original, json!({"spec": {"$patch": "replace", "type": "NodePort"}}));
    assert_eq!(patched["spec"], json!({"type": "NodePort"}));
}

#[test]
fn members_are_added_and_deleted() {
    let original = json!({"metadata": {"finalizers": ["a", "b"]}});
    let patched = service(original.clone(), json!({"metadata": {"finalizers": ["c"]}}));
    assert_eq!(patched["metadata"]["finalizers"], json!(["c", "a", "b"]));
    let patched = service(original, json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}));
    assert_eq!(patched["metadata"]["finalizers"], json!(["b"]));
}

#[test]
fn an_order_is_kept_around_the_items_it_does_not_name() {
    let patched = service(
        json!({"spec": {"ports": [{"port": 1}, {"port": 2}, {"port": 3}, {"port": 4}]}}),
        json!({"spec": {
            "$setElementOrder/ports": [{"port": 5}, {"port": 4}, {"port": 1}],
            "ports": [{"port": 5, "name": "new"}, {"port": 1, "name": "one"}],
        }}),
    );
    let ports: Vec<&Value> =
        patched["spec"]["ports"].as_array().expect("a list").iter().map(|port| &port["port"]).collect();
    assert_eq!(ports, [5, 2, 3, 4, 1]);
}

#[test]
fn a_new_item_takes_the_place_of_a_deleted_one() {
    let patched = service(
        json!({"spec": {"ports": [{"port": 83}, {"port": 81}]}}),
        json!({"spec": {
            "$setElementOrder/ports": [{"port": 80}],
            "ports": [{"port": 80}, {"$patch": "delete", "port": 81}],
        }}),
    );
    assert_eq!(patched["spec"]["ports"], json!([{"port": 83}, {"port": 80}]));
}

#[test]
fn only_retained_keys_stay() {
    let patched = deployment(
        json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}),
        json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
    );
    assert_eq!(patched["spec"]["strategy"], json!({"type": "Recreate"}));
}

#[test]
fn containers_are_patched_deep_inside() {
    let patched = deployment(
        json!({"spec": {"template": {"spec": {"containers": [
            {"name": "a", "image": "x", "env": [{"name": "K", "value": "1"}]},
            {"name": "b", "image": "y"},
        ]}}}}),
        json!({"spec": {"template": {"spec": {
            "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
            "containers": [{"name": "a", "env": [{"name": "L", "value": "2"}, {"name": "K", "$patch": "delete"}]}],
        }}}}),
    );
    assert_eq!(
        patched["spec"]["template"]["spec"]["containers"],
        json!([{"name": "b", "image": "y"}, {"name": "a", "image": "x", "env": [{"name": "L", "value": "2"}]}])
    );
}

#[test]
fn new_values_lose_their_directives() {
    let patched = service(
        json!({}),
        json!({"spec": {
            "ports": [{"port": 80, "name": null}, {"$patch": "delete", "port": 81}],
            "$setElementOrder/ports": [{"port": 80}],
        }}),
    );
    assert_eq!(patched, json!({"spec": {"ports": [{"port": 80}]}}));
}

#[test]
fn a_patch_that_breaks_its_own_rules_is_refused() {
    assert_eq!(refusal(json!([])), PatchError::NotAnObject);
    assert_eq!(refusal(json!({"spec": {"$patch": "mend"}})), PatchError::UnknownDirective(json!("mend")));
    assert_eq!(refusal(json!({"spec": {"$retainKeys": ["type"], "clusterIP": "x"}})), PatchError::RetainKeys);
    assert!(matches!(refusal(json!({"spec": {"ports": [{"name": "x"}]}})), PatchError::KeyMissing { .. }));
    assert_eq!(refusal(json!({"spec": {"ports": ["x"]}})), PatchError::MixedItems);
    assert_eq!(
        refusal(json!({"spec": {"ports": [{"$patch": "merge", "port": 1}]}})),
        PatchError::MergeDirective
    );
    let order = json!([{"port": 2}, {"port": 1}]);
    let ports = json!([{"port": 1}, {"port": 2}]);
    assert_eq!(
        refusal(json!({"spec": {"$setElementOrder/ports": order, "ports": ports}})),
        PatchError::ElementOrder
    );
}

fn ports() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(1u8..6, "[ab]", 0..5)
        .prop_map(|ports| ports.into_iter().map(|(port, name)| json!({"port": port, "name": name})).collect())
}

proptest! {
    #[test]
    fn a_patch_is_the_same_the_second_time(original in ports(), patch in ports()) {
        let patch = json!({"spec": {"ports": patch}});
        let once = service(json!({"spec": {"ports": original}}), patch.clone());
        prop_assert_eq!(service(once.clone(), patch), once);
    }

    #[test]
    fn an_order_moves_items_and_loses_none(original in ports(), order in ports()) {
        let list = original.as_array().cloned().unwrap_or_default();
        let patched = service(
            json!({"spec": {"ports": original}}),
            json!({"spec": {"$setElementOrder/ports": order}}),
        );
        let mut after = patched["spec"]["ports"].as_array().cloned().unwrap_or_default();
        prop_assert_eq!(after.len(), list.len());
        after.retain(|item| !list.contains(item));
        prop_assert!(after.is_empty());
    }
}
