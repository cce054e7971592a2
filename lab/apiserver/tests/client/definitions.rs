//! Kinds that are registered while the server runs.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use kube::runtime::{conditions, wait::await_condition};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::fixture::{Fixture, object, refusal};

fn definition() -> CustomResourceDefinition {
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {
        "spec": {
            "type": "object", "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1},
                "colour": {"type": "string", "default": "blue"},
            },
            "x-kubernetes-validations": [{"rule": "self.size >= oldSelf.size", "message": "may not shrink"}],
        },
        "status": {"type": "object", "properties": {"seen": {"type": "boolean"}}},
    }}});
    let version = |name: &str, storage: bool| {
        json!({
            "name": name, "served": true, "storage": storage, "schema": schema, "subresources": {"status": {}},
        })
    };
    object(json!({
        "metadata": {"name": "widgets.patina.dev"},
        "spec": {
            "group": "patina.dev", "scope": "Namespaced", "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [version("v1beta1", false), version("v1", true)],
        },
    }))
}

/// Registers the kind and waits until it is served.
async fn register(fixture: &Fixture) -> Api<CustomResourceDefinition> {
    let definitions: Api<CustomResourceDefinition> = Api::all(fixture.client.clone());
    definitions.create(&PostParams::default(), &definition()).await.expect("created");
    let established = conditions::is_crd_established();
    await_condition(definitions.clone(), "widgets.patina.dev", established).await.expect("established");
    definitions
}

fn widgets(fixture: &Fixture, version: &str) -> Api<DynamicObject> {
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("patina.dev", version, "Widget"));
    Api::default_namespaced_with(fixture.client.clone(), &kind)
}

fn widget(spec: Value) -> DynamicObject {
    object(
        json!({"apiVersion": "patina.dev/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": spec}),
    )
}

#[tokio::test]
async fn a_custom_object_is_defaulted_pruned_and_validated() {
    let fixture = Fixture::new().await;
    register(&fixture).await;
    let widgets = widgets(&fixture, "v1");
    let bad = refusal(widgets.create(&PostParams::default(), &widget(json!({"size": 0}))).await);
    assert_eq!((bad.code, bad.reason.as_str()), (422, "Invalid"));
    let made =
        widgets.create(&PostParams::default(), &widget(json!({"size": 2, "odd": 1}))).await.expect("created");
    assert_eq!(made.data["spec"], json!({"size": 2, "colour": "blue"}));
    let shrink = Patch::Merge(json!({"spec": {"size": 1}}));
    let refused = refusal(widgets.patch("one", &PatchParams::default(), &shrink).await);
    assert!(refused.message.contains("may not shrink"), "{refused}");
}

#[tokio::test]
async fn status_and_generation_of_a_custom_object_are_kept_apart() {
    let fixture = Fixture::new().await;
    register(&fixture).await;
    let widgets = widgets(&fixture, "v1");
    widgets.create(&PostParams::default(), &widget(json!({"size": 2}))).await.expect("created");
    let both = Patch::Merge(
        json!({"metadata": {"labels": {"a": "b"}}, "spec": {"size": 3}, "status": {"seen": true}}),
    );
    let told = widgets.patch_status("one", &PatchParams::default(), &both).await.expect("patched");
    assert_eq!((&told.data["spec"]["size"], &told.data["status"]["seen"]), (&json!(2), &json!(true)));
    assert!(told.labels().is_empty());
    assert_eq!(told.metadata.generation, Some(1));
    let wished = widgets.patch("one", &PatchParams::default(), &both).await.expect("patched");
    assert_eq!(wished.metadata.generation, Some(2));
}

#[tokio::test]
async fn an_object_is_the_same_in_every_version() {
    let fixture = Fixture::new().await;
    register(&fixture).await;
    widgets(&fixture, "v1")
        .create(&PostParams::default(), &widget(json!({"size": 2})))
        .await
        .expect("created");
    let older = widgets(&fixture, "v1beta1").get("one").await.expect("read");
    assert_eq!(older.types.map(|types| types.api_version).as_deref(), Some("patina.dev/v1beta1"));
    assert_eq!(older.data["spec"]["size"], 2);
}

#[tokio::test]
async fn objects_end_with_their_definition() {
    let fixture = Fixture::new().await;
    let definitions = register(&fixture).await;
    let widgets = widgets(&fixture, "v1");
    let mut held = widget(json!({"size": 2}));
    held.metadata.finalizers = Some(vec!["patina.dev/held".into()]);
    widgets.create(&PostParams::default(), &held).await.expect("created");
    definitions.delete("widgets.patina.dev", &DeleteParams::default()).await.expect("marked");
    assert!(widgets.get("one").await.expect("waits").metadata.deletion_timestamp.is_some());
    let none = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    widgets.patch("one", &PatchParams::default(), &none).await.expect("patched");
    assert!(definitions.get_opt("widgets.patina.dev").await.expect("answered").is_none());
    assert_eq!(refusal(widgets.get("one").await).message, "the server could not find the requested resource");
}
