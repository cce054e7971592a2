//! What an apply does to an object and to the record.

use serde_json::{Value, json};

use super::super::{ApplyError, Force};
use super::{Desk, refusal};

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
fn a_label_given_up_takes_its_map_along_only_when_nobody_else_has_one() {
    let mut desk = Desk::new();
    desk.apply("a", "t1", json!({"metadata": {"labels": {"x": "1"}}}));
    desk.apply("b", "t2", json!({"metadata": {"labels": {"y": "1"}}}));
    desk.apply("a", "t3", json!({"spec": {"replicas": 1}}));
    assert_eq!(desk.object["metadata"]["labels"], json!({"y": "1"}));
}
