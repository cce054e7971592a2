//! What every other write does to the record.

use serde_json::json;

use super::super::Force;
use super::{Desk, refusal};

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
