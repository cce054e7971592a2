//! Server-side apply: who owns what, conflicts, force, giving up.
//!
//! Source: Kubernetes documentation, "Server-Side Apply".

use serde_json::{Value, json};

use crate::case::conforms;
use crate::fixture::{APPLY, Answer, Fixture, MERGE};

const UID_IS_FIXED: &str =
    "ConfigMap \"a\" is invalid: metadata.uid: Invalid value: \"other\": field is immutable";

/// Applies as an owner.
async fn apply(fixture: &Fixture, path: &str, owner: &str, object: &Value) -> Answer {
    fixture.patch(&format!("{path}?fieldManager={owner}"), APPLY, object).await
}

async fn force(fixture: &Fixture, path: &str, owner: &str, object: &Value) -> Answer {
    apply(fixture, path, &format!("{owner}&force=true"), object).await
}

fn map(data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data})
}

/// The record of one owner, without its time.
fn owned(object: &Value, owner: &str, operation: &str) -> Option<Value> {
    let entries = object["metadata"]["managedFields"].as_array()?;
    let mut entry =
        entries.iter().find(|entry| entry["manager"] == owner && entry["operation"] == operation)?.clone();
    entry.as_object_mut()?.remove("time");
    Some(entry)
}

fn fields(object: &Value, owner: &str) -> Value {
    owned(object, owner, "Apply").map_or(Value::Null, |entry| entry["fieldsV1"].clone())
}

#[tokio::test]
async fn an_apply_creates_then_changes() {
    conforms(async |fixture| {
        let path = fixture.core("configmaps/a");
        let created = apply(fixture, &path, "one", &map(json!({"x": "1"}))).await;
        assert_eq!(created.code, 201);
        let changed = apply(fixture, &path, "one", &map(json!({"x": "2"}))).await;
        assert_eq!((changed.code, &changed.body["data"]), (200, &json!({"x": "2"})));
        let same = apply(fixture, &path, "one", &map(json!({"x": "2"}))).await.ok();
        assert_eq!(same, changed.ok(), "an apply that changes nothing writes nothing");
    })
    .await;
}

#[tokio::test]
async fn an_owner_is_recorded_with_its_fields() {
    conforms(async |fixture| {
        let path = fixture.core("configmaps/a");
        let made = apply(fixture, &path, "one", &map(json!({"x": "1"}))).await.ok();
        let expected = json!({
            "manager": "one", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:x": {}}},
        });
        assert_eq!(owned(&made, "one", "Apply"), Some(expected));
        assert!(made["metadata"]["managedFields"][0]["time"].is_string());
        let patch = json!({"data": {"y": "1"}});
        let patched = fixture.patch(&format!("{path}?fieldManager=two"), MERGE, &patch).await.ok();
        let expected = json!({
            "manager": "two", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:y": {}}},
        });
        assert_eq!(owned(&patched, "two", "Update"), Some(expected));
    })
    .await;
}

#[tokio::test]
async fn a_field_of_another_owner_is_a_conflict_until_forced() {
    conforms(async |fixture| {
        let path = fixture.core("configmaps/a");
        apply(fixture, &path, "one", &map(json!({"x": "1", "y": "1"}))).await.ok();
        let conflict = apply(fixture, &path, "two", &map(json!({"x": "2"}))).await;
        assert_eq!(
            conflict.refused(409, "Conflict"),
            "Apply failed with 1 conflict: conflict with \"one\": .data.x"
        );
        assert_eq!(conflict.causes(), [("FieldManagerConflict", ".data.x")]);
        assert_eq!(conflict.body["details"]["causes"][0]["message"], "conflict with \"one\"");
        let several = apply(fixture, &path, "two", &map(json!({"x": "2", "y": "2"}))).await;
        assert_eq!(
            several.refused(409, "Conflict"),
            "Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.x\n- .data.y"
        );
        let taken = force(fixture, &path, "two", &map(json!({"x": "2"}))).await.ok();
        assert_eq!(taken["data"], json!({"x": "2", "y": "1"}));
        assert_eq!(fields(&taken, "one"), json!({"f:data": {"f:y": {}}}));
        assert_eq!(fields(&taken, "two"), json!({"f:data": {"f:x": {}}}));
    })
    .await;
}

#[tokio::test]
async fn a_conflict_with_an_updater_names_its_version_and_time() {
    conforms(async |fixture| {
        let path = fixture.core("configmaps/a");
        let all = fixture.core("configmaps?fieldManager=writer");
        fixture.post(&all, &map(json!({"x": "1"}))).await.ok();
        let conflict = apply(fixture, &path, "two", &map(json!({"x": "2"}))).await;
        let message = conflict.refused(409, "Conflict");
        assert_eq!(message, "Apply failed with 1 conflict: conflict with \"writer\" using v1: .data.x");
        let cause = conflict.text("/details/causes/0/message");
        assert!(cause.starts_with("conflict with \"writer\" using v1"), "{cause}");
    })
    .await;
}

#[tokio::test]
async fn the_same_value_is_shared() {
    conforms(async |fixture| {
        let path = fixture.core("configmaps/a");
        apply(fixture, &path, "one", &map(json!({"x": "1"}))).await.ok();
        apply(fixture, &path, "two", &map(json!({"x": "1"}))).await.ok();
        let left = apply(fixture, &path, "one", &map(json!({}))).await.ok();
        assert_eq!(left["data"], json!({"x": "1"}), "the other still wants it");
        let gone = apply(fixture, &path, "two", &map(json!({}))).await.ok();
        assert_eq!(gone.pointer("/data/x"), None);
    })
    .await;
}

#[tokio::test]
async fn a_field_that_an_owner_gives_up_goes() {
    conforms(async |fixture| {
        let path = fixture.core("configmaps/a");
        apply(fixture, &path, "one", &map(json!({"x": "1", "y": "1"}))).await.ok();
        let fewer = apply(fixture, &path, "one", &map(json!({"y": "1"}))).await.ok();
        assert_eq!(fewer["data"], json!({"y": "1"}));
        let labelled = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {"l": "1"}},
        });
        let relabelled = apply(fixture, &path, "one", &labelled).await.ok();
        assert_eq!(relabelled["metadata"]["labels"], json!({"l": "1"}));
        assert_eq!(relabelled.pointer("/data/y"), None);
    })
    .await;
}

#[tokio::test]
async fn what_an_updater_changed_is_lost_to_the_applier() {
    conforms(async |fixture| {
        let path = fixture.core("configmaps/a");
        apply(fixture, &path, "one", &map(json!({"x": "1"}))).await.ok();
        let patch = json!({"data": {"x": "2"}});
        let patched = fixture.patch(&format!("{path}?fieldManager=two"), MERGE, &patch).await.ok();
        assert_eq!(owned(&patched, "one", "Apply"), None, "it has nothing any more");
        apply(fixture, &path, "one", &map(json!({"x": "1"}))).await.refused(409, "Conflict");
        let kept = apply(fixture, &path, "one", &map(json!({}))).await.ok();
        assert_eq!(kept["data"], json!({"x": "2"}));
    })
    .await;
}

#[tokio::test]
async fn lists_are_merged_by_their_keys_and_sets_by_value() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        let path = widgets.path("one");
        let of = |ports: Value, words: Value| widgets.one(json!({"size": 1, "ports": ports, "words": words}));
        apply(fixture, &path, "one", &of(json!([{"name": "a", "number": 1}]), json!(["x"]))).await.ok();
        let both = apply(fixture, &path, "two", &of(json!([{"name": "b", "number": 2}]), json!(["y"]))).await;
        let both = both.ok();
        assert_eq!(
            both["spec"]["ports"],
            json!([
                {"name": "a", "number": 1, "protocol": "TCP"}, {"name": "b", "number": 2, "protocol": "TCP"},
            ])
        );
        assert_eq!(both["spec"]["words"], json!(["x", "y"]));
        assert_eq!(
            fields(&both, "two"),
            json!({"f:spec": {
                "f:size": {},
                "f:ports": {"k:{\"name\":\"b\"}": {".": {}, "f:name": {}, "f:number": {}}},
                "f:words": {"v:\"y\"": {}},
            }})
        );
        let conflict =
            apply(fixture, &path, "two", &of(json!([{"name": "a", "number": 3}]), json!([]))).await;
        assert_eq!(conflict.causes(), [("FieldManagerConflict", ".spec.ports[name=\"a\"].number")]);
        let left = apply(fixture, &path, "two", &of(json!([]), json!([]))).await.ok();
        assert_eq!(left["spec"]["words"], json!(["x"]));
        assert_eq!(left["spec"]["ports"], json!([{"name": "a", "number": 1, "protocol": "TCP"}]));
    })
    .await;
}

#[tokio::test]
async fn a_list_without_keys_has_one_owner() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        let path = widgets.path("one");
        let of = |numbers: Value| widgets.one(json!({"size": 1, "numbers": numbers}));
        apply(fixture, &path, "one", &of(json!([1]))).await.ok();
        let conflict = apply(fixture, &path, "two", &of(json!([2]))).await;
        assert_eq!(conflict.causes(), [("FieldManagerConflict", ".spec.numbers")]);
        let taken = force(fixture, &path, "two", &of(json!([2]))).await.ok();
        assert_eq!(taken["spec"]["numbers"], json!([2]));
    })
    .await;
}

#[tokio::test]
async fn status_is_applied_through_its_own_endpoint() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        let (path, status) = (widgets.path("one"), widgets.path("one/status"));
        let mut told = widgets.one(json!({"size": 1}));
        told["status"] = json!({"replicas": 1});
        let missing = apply(fixture, &status, "teller", &told).await;
        missing.refused(404, "NotFound");
        let made = apply(fixture, &path, "one", &told).await.ok();
        assert_eq!(made.get("status"), None);
        assert_eq!(fields(&made, "one"), json!({"f:spec": {"f:size": {}}}));

        told["spec"]["size"] = json!(5);
        let told = apply(fixture, &status, "teller", &told).await.ok();
        assert_eq!((&told["status"]["replicas"], &told["spec"]["size"]), (&json!(1), &json!(1)));
        assert_eq!(told["metadata"]["generation"], 1);
        let entry = owned(&told, "teller", "Apply").expect("an owner");
        assert_eq!(entry["subresource"], "status");
        assert_eq!(entry["fieldsV1"], json!({"f:status": {"f:replicas": {}}}));
    })
    .await;
}

#[tokio::test]
async fn conditions_of_several_owners_stand_side_by_side() {
    conforms(async |fixture| {
        let services = fixture.core("services");
        let service = json!({"metadata": {"name": "s"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}});
        fixture.post(&services, &service).await.ok();
        let path = fixture.core("services/s/status");
        let condition = |kind: &str| {
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "status": {"conditions": [{
                "type": kind, "status": "True", "reason": "R", "message": "", "lastTransitionTime": "2030-01-01T00:00:00Z",
            }]}})
        };
        apply(fixture, &path, "one", &condition("A")).await.ok();
        let both = apply(fixture, &path, "two", &condition("B")).await.ok();
        assert_eq!(both["status"]["conditions"].as_array().map(Vec::len), Some(2));
        let none = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}});
        let one = apply(fixture, &path, "one", &none).await.ok();
        assert_eq!(one["status"]["conditions"][0]["type"], "B");
        assert_eq!(one["status"]["conditions"].as_array().map(Vec::len), Some(1));
    })
    .await;
}

#[tokio::test]
async fn an_address_is_taken_from_its_owner_only_by_force() {
    conforms(async |fixture| {
        let service = json!({"metadata": {"name": "s"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}});
        fixture.post(&fixture.core("services"), &service).await.ok();
        let path = fixture.core("services/s/status");
        let status = |status: Value| {
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "status": status})
        };
        let ingress = |list: Value| status(json!({"loadBalancer": {"ingress": list}}));
        fixture.patch(&format!("{path}?fieldManager=older"), MERGE, &ingress(json!([{"ip": "192.0.2.1"}]))).await.ok();
        let left_out = apply(fixture, &path, "new", &status(json!({"loadBalancer": {}}))).await.ok();
        assert_eq!(left_out["status"]["loadBalancer"]["ingress"][0]["ip"], "192.0.2.1");
        apply(fixture, &path, "new", &ingress(json!([{"ip": "192.0.2.2"}]))).await.refused(409, "Conflict");
        let cleared = force(fixture, &path, "new", &ingress(json!([]))).await.ok();
        assert_eq!(cleared["status"]["loadBalancer"], json!({}));
    })
    .await;
}

#[tokio::test]
async fn configurations_that_cannot_be_applied_are_refused() {
    conforms(async |fixture| {
        let path = fixture.core("configmaps/a");
        let anonymous = fixture.patch(&path, APPLY, &map(json!({}))).await;
        anonymous.refused(422, "Invalid");
        assert_eq!(anonymous.causes(), [("FieldValueRequired", "fieldManager")]);
        let forced = fixture.patch(&format!("{path}?force=true"), MERGE, &json!({})).await;
        forced.refused(422, "Invalid");
        assert_eq!(forced.causes(), [("FieldValueForbidden", "force")]);

        let mut managed = map(json!({}));
        managed["metadata"]["managedFields"] = json!([{"manager": "x"}]);
        apply(fixture, &path, "one", &managed).await.refused(400, "BadRequest");
        let mut renamed = map(json!({}));
        renamed["metadata"]["name"] = json!("b");
        apply(fixture, &path, "one", &renamed).await.refused(400, "BadRequest");
        let kindless = json!({"metadata": {"name": "a"}});
        apply(fixture, &path, "one", &kindless).await.refused(400, "BadRequest");
        let long = "x".repeat(129);
        apply(fixture, &path, &long, &map(json!({}))).await.refused(422, "Invalid");
    })
    .await;
}

#[tokio::test]
async fn a_field_that_the_kind_lacks_fails_the_whole_apply() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        let unknown =
            apply(fixture, &widgets.path("one"), "one", &widgets.one(json!({"size": 1, "shape": 1}))).await;
        assert_eq!(unknown.code, 500, "{unknown:?}");
        assert!(
            unknown.text("/message").contains(".spec.shape: field not declared in schema"),
            "{unknown:?}"
        );
        let wrong = apply(fixture, &widgets.path("one"), "one", &widgets.one(json!({"size": "big"}))).await;
        assert_eq!(wrong.code, 500, "{wrong:?}");
        fixture.get(&widgets.path("one")).await.refused(404, "NotFound");
    })
    .await;
}

#[tokio::test]
async fn an_apply_may_name_the_revision_and_the_object_it_is_made_for() {
    conforms(async |fixture| {
        let path = fixture.core("configmaps/a");
        let made = apply(fixture, &path, "one", &map(json!({"x": "1"}))).await.ok();
        let with = |field: &str, value: &Value, x: &str| {
            let mut map = map(json!({"x": x}));
            map["metadata"][field] = value.clone();
            map
        };
        let revision = &made["metadata"]["resourceVersion"];
        apply(fixture, &path, "one", &with("resourceVersion", revision, "2")).await.ok();
        apply(fixture, &path, "one", &with("resourceVersion", revision, "3")).await.refused(409, "Conflict");
        let other = apply(fixture, &path, "one", &with("uid", &json!("other"), "3")).await;
        assert_eq!(other.refused(422, "Invalid"), UID_IS_FIXED);
    })
    .await;
}

#[tokio::test]
async fn what_was_there_before_the_first_apply_belongs_to_nobody_in_particular() {
    conforms(async |fixture| {
        let path = fixture.core("configmaps/a");
        fixture.post(&fixture.core("configmaps"), &map(json!({"x": "1"}))).await.ok();
        let cleared = json!({"metadata": {"managedFields": [{}]}});
        let cleared = fixture.patch(&path, MERGE, &cleared).await.ok();
        assert_eq!(cleared["metadata"].get("managedFields"), None);
        let conflict = apply(fixture, &path, "one", &map(json!({"x": "2"}))).await;
        let message = conflict.refused(409, "Conflict");
        assert!(message.contains("\"before-first-apply\""), "{message}");
    })
    .await;
}
