//! Patches: RFC 6902, RFC 7396, and the merge that knows the keys of lists.
//!
//! Source: Kubernetes documentation, "Update API Objects in Place Using kubectl patch".

use serde_json::{Value, json};

use crate::case::conforms;
use crate::fixture::{Fixture, JSON_PATCH, MERGE, STRATEGIC};

const DEPLOYMENTS: &str = "apps/v1";

/// Makes a ConfigMap `a` and returns its path.
async fn map(fixture: &Fixture) -> String {
    let map = json!({"metadata": {"name": "a", "labels": {"x": "1"}}, "data": {"one": "1", "two": "2"}});
    fixture.post(&fixture.core("configmaps"), &map).await.ok();
    fixture.core("configmaps/a")
}

/// Makes a Deployment `web` with one container and returns its path.
async fn deployment(fixture: &Fixture) -> String {
    let web = json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{
                    "name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}],
                    "ports": [{"containerPort": 80}, {"containerPort": 81}],
                }]},
            },
        },
    });
    fixture.post(&fixture.group(DEPLOYMENTS, "deployments"), &web).await.ok();
    fixture.group(DEPLOYMENTS, "deployments/web")
}

fn containers(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]["spec"]["containers"]
}

/// A strategic patch of the pod template's `spec`.
fn template(spec: Value) -> Value {
    json!({"spec": {"template": {"spec": spec}}})
}

#[tokio::test]
async fn a_merge_patch_sets_and_removes() {
    conforms(async |fixture| {
        let path = map(fixture).await;
        let patch = json!({"data": {"one": null, "three": "3"}, "metadata": {"labels": null}});
        let patched = fixture.patch(&path, MERGE, &patch).await.ok();
        assert_eq!(patched["data"], json!({"two": "2", "three": "3"}));
        assert_eq!(patched["metadata"].get("labels"), None);
    })
    .await;
}

#[tokio::test]
async fn a_json_patch_does_all_of_its_steps_or_none() {
    conforms(async |fixture| {
        let path = map(fixture).await;
        let steps = json!([
            {"op": "test", "path": "/data/one", "value": "1"},
            {"op": "move", "from": "/data/one", "path": "/data/first"},
            {"op": "copy", "from": "/data/two", "path": "/data/second"},
            {"op": "replace", "path": "/data/two", "value": "II"},
            {"op": "add", "path": "/metadata/labels/a~1b", "value": "c"},
            {"op": "remove", "path": "/metadata/labels/x"},
        ]);
        let patched = fixture.patch(&path, JSON_PATCH, &steps).await.ok();
        assert_eq!(patched["data"], json!({"first": "1", "second": "2", "two": "II"}));
        assert_eq!(patched["metadata"]["labels"], json!({"a/b": "c"}));

        for (step, why) in [
            (json!({"op": "test", "path": "/data/two", "value": "2"}), "the test fails"),
            (json!({"op": "remove", "path": "/data/none"}), "nothing to remove"),
            (json!({"op": "replace", "path": "/none/none", "value": "1"}), "no place for it"),
        ] {
            let steps = json!([{"op": "add", "path": "/data/more", "value": "1"}, step]);
            let refused = fixture.patch(&path, JSON_PATCH, &steps).await;
            let message = refused.refused(422, "Invalid");
            assert_eq!(message, "the server rejected our request due to an error in our request", "{why}");
        }
        let kept = fixture.get(&path).await.ok();
        assert_eq!(kept["data"].get("more"), None);
        let new = json!([{"op": "replace", "path": "/data/none", "value": "1"}]);
        let new = fixture.patch(&path, JSON_PATCH, &new).await.ok();
        assert_eq!(new["data"]["none"], "1", "what is replaced need not be there");
    })
    .await;
}

#[tokio::test]
async fn a_patch_that_cannot_be_read_is_refused() {
    conforms(async |fixture| {
        let path = map(fixture).await;
        fixture.patch(&path, JSON_PATCH, &json!({"op": "add"})).await.refused(400, "BadRequest");
        fixture.patch(&path, MERGE, &json!([1])).await.refused(400, "BadRequest");
        fixture.patch(&path, STRATEGIC, &json!("text")).await.refused(400, "BadRequest");
        let plain = fixture.patch(&path, "application/json", &json!({})).await;
        plain.refused(415, "UnsupportedMediaType");
        let wrong = fixture.patch(&path, MERGE, &json!({"data": {"one": 1}})).await;
        let message = wrong.refused(422, "Invalid");
        assert!(message.contains("json: cannot unmarshal number into Go struct field"), "{message}");
        assert_eq!(wrong.causes(), [("FieldValueInvalid", "patch")]);
        let missing = fixture.patch(&fixture.core("configmaps/b"), MERGE, &json!({})).await;
        missing.refused(404, "NotFound");
    })
    .await;
}

#[tokio::test]
async fn a_patch_may_name_the_revision_it_is_made_for() {
    conforms(async |fixture| {
        let path = map(fixture).await;
        let first = fixture.get(&path).await.ok()["metadata"]["resourceVersion"].clone();
        let conditional =
            |value: &str| json!({"metadata": {"resourceVersion": first}, "data": {"one": value}});
        fixture.patch(&path, MERGE, &conditional("I")).await.ok();
        fixture.patch(&path, MERGE, &conditional("i")).await.refused(409, "Conflict");
        let other = json!({"metadata": {"uid": "another"}});
        let other = fixture.patch(&path, MERGE, &other).await;
        other.refused(422, "Invalid");
        assert_eq!(other.causes().first(), Some(&("FieldValueInvalid", "metadata.uid")));
    })
    .await;
}

#[tokio::test]
async fn a_patch_cannot_rename_or_move() {
    conforms(async |fixture| {
        let path = map(fixture).await;
        fixture.patch(&path, MERGE, &json!({"metadata": {"name": "b"}})).await.refused(400, "BadRequest");
        let elsewhere = json!({"metadata": {"namespace": "default"}});
        fixture.patch(&path, MERGE, &elsewhere).await.refused(400, "BadRequest");
    })
    .await;
}

#[tokio::test]
async fn a_strategic_patch_merges_lists_by_key() {
    conforms(async |fixture| {
        let path = deployment(fixture).await;
        let patch = template(json!({"containers": [
            {"name": "more", "image": "more:1"},
            {"name": "web", "env": [{"name": "B", "value": "2"}]},
        ]}));
        let patched = fixture.patch(&path, STRATEGIC, &patch).await.ok();
        let found = containers(&patched);
        assert_eq!(found.as_array().map(Vec::len), Some(2));
        let web = found.as_array().into_iter().flatten().find(|one| one["name"] == "web").expect("web");
        assert_eq!(web["image"], "web:1");
        let names: Vec<&Value> =
            web["env"].as_array().into_iter().flatten().map(|one| &one["name"]).collect();
        assert_eq!(names.len(), 2, "{names:?}");
    })
    .await;
}

#[tokio::test]
async fn directives_of_a_strategic_patch_delete_replace_and_order() {
    conforms(async |fixture| {
        let path = deployment(fixture).await;
        let more = template(json!({"containers": [{"name": "more", "image": "more:1"}]}));
        fixture.patch(&path, STRATEGIC, &more).await.ok();
        let order = template(json!({
            "$setElementOrder/containers": [{"name": "web"}, {"name": "more"}], "containers": [{"name": "web"}],
        }));
        let ordered = fixture.patch(&path, STRATEGIC, &order).await.ok();
        assert_eq!(containers(&ordered)[0]["name"], "web");
        let delete = template(json!({"containers": [{"name": "more", "$patch": "delete"}]}));
        let deleted = fixture.patch(&path, STRATEGIC, &delete).await.ok();
        assert_eq!(containers(&deleted).as_array().map(Vec::len), Some(1));
        let replace = template(json!({"containers": [{"name": "web", "image": "web:2"}, {"$patch": "replace"}]}));
        let replaced = fixture.patch(&path, STRATEGIC, &replace).await.ok();
        assert_eq!(containers(&replaced)[0]["image"], "web:2");
        assert_eq!(containers(&replaced)[0].get("env"), None);
        let retain = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}});
        let retained = fixture.patch(&path, STRATEGIC, &retain).await.ok();
        assert_eq!(retained["spec"]["strategy"], json!({"type": "Recreate"}));
    })
    .await;
}

#[tokio::test]
async fn a_list_of_plain_values_is_merged_or_replaced_as_the_kind_says() {
    conforms(async |fixture| {
        let path = map(fixture).await;
        let held = json!({"metadata": {"finalizers": ["patina.dev/a"]}});
        fixture.patch(&path, STRATEGIC, &held).await.ok();
        let more = json!({"metadata": {"finalizers": ["patina.dev/b"]}});
        let both = fixture.patch(&path, STRATEGIC, &more).await.ok();
        assert_eq!(both["metadata"]["finalizers"].as_array().map(Vec::len), Some(2));
        let less = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["patina.dev/a"]}});
        let one = fixture.patch(&path, STRATEGIC, &less).await.ok();
        assert_eq!(one["metadata"]["finalizers"], json!(["patina.dev/b"]));
        let none = fixture.patch(&path, MERGE, &json!({"metadata": {"finalizers": []}})).await.ok();
        assert_eq!(none["metadata"].get("finalizers"), None);
    })
    .await;
}

#[tokio::test]
async fn a_custom_kind_has_no_strategic_merge() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        fixture.post(&widgets.path(""), &widgets.one(json!({"size": 1}))).await.ok();
        let refused = fixture.patch(&widgets.path("one"), STRATEGIC, &json!({"spec": {"size": 2}})).await;
        let message = refused.refused(415, "UnsupportedMediaType");
        assert!(message.ends_with(
            "accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
        ), "{message}");
    })
    .await;
}
