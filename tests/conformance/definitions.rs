//! Custom kinds: how a definition is received, and what endpoints its objects have.
//!
//! Source: Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions".

use serde_json::{Value, json};

use crate::case::conforms;
use crate::fixture::{DEFINITIONS, Fixture, MERGE, eventually};

/// Creates a definition that must be refused, and returns the fields of its causes.
async fn refused_definition(fixture: &Fixture, definition: &Value) -> Vec<String> {
    let refused = fixture.post(DEFINITIONS, definition).await;
    refused.refused(422, "Invalid");
    refused.causes().into_iter().map(|(_, field)| field.to_owned()).collect()
}

#[tokio::test]
async fn status_and_generation_of_a_custom_object_are_kept_apart() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        let mut widget = widgets.one(json!({"size": 2}));
        widget["status"] = json!({"replicas": 9});
        let made = fixture.post(&widgets.path(""), &widget).await.ok();
        assert_eq!((made.get("status"), &made["metadata"]["generation"]), (None, &json!(1)));
        let both = json!({
            "metadata": {"labels": {"a": "b"}, "finalizers": ["patina.dev/x"]}, "spec": {"size": 3},
            "status": {"replicas": 1},
        });
        let told = fixture.patch(&widgets.path("one/status"), MERGE, &both).await.ok();
        assert_eq!((&told["spec"]["size"], &told["status"]["replicas"]), (&json!(2), &json!(1)));
        assert_eq!((told["metadata"].get("labels"), told["metadata"].get("finalizers")), (None, None));
        assert_eq!(told["metadata"]["generation"], 1);
        let labels = json!({"metadata": {"labels": {"a": "b"}}});
        let labelled = fixture.patch(&widgets.path("one"), MERGE, &labels).await.ok();
        assert_eq!(labelled["metadata"]["generation"], 1);
        let wish = json!({"spec": {"size": 3}, "status": {"replicas": 5}});
        let wished = fixture.patch(&widgets.path("one"), MERGE, &wish).await.ok();
        assert_eq!(
            (&wished["metadata"]["generation"], &wished["status"]["replicas"]),
            (&json!(2), &json!(1))
        );
    })
    .await;
}

#[tokio::test]
async fn a_kind_without_status_keeps_it_in_the_object() {
    conforms(async |fixture| {
        let mut definition = fixture.widgets_manifest();
        for version in 0..2 {
            definition["spec"]["versions"][version]
                .as_object_mut()
                .expect("a version")
                .remove("subresources");
        }
        let widgets = fixture.register(definition).await;
        let mut widget = widgets.one(json!({"size": 2}));
        widget["status"] = json!({"replicas": 9});
        let made = fixture.post(&widgets.path(""), &widget).await.ok();
        assert_eq!(made["status"]["replicas"], 9);
        let changed =
            fixture.patch(&widgets.path("one"), MERGE, &json!({"status": {"replicas": 8}})).await.ok();
        assert_eq!(changed["metadata"]["generation"], 2);
        fixture.patch(&widgets.path("one/status"), MERGE, &json!({})).await.refused(404, "NotFound");
    })
    .await;
}

#[tokio::test]
async fn the_number_of_replicas_has_an_endpoint_of_its_own() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        fixture.post(&widgets.path(""), &widgets.one(json!({"size": 2, "replicas": 1}))).await.ok();
        fixture.patch(&widgets.path("one/status"), MERGE, &json!({"status": {"replicas": 7}})).await.ok();
        let mut scale = fixture.get(&widgets.path("one/scale")).await.ok();
        assert_eq!((&scale["kind"], &scale["apiVersion"]), (&json!("Scale"), &json!("autoscaling/v1")));
        assert_eq!((&scale["spec"]["replicas"], &scale["status"]["replicas"]), (&json!(1), &json!(7)));
        scale["spec"]["replicas"] = json!(4);
        let scaled = fixture.put(&widgets.path("one/scale"), &scale).await.ok();
        assert_eq!(scaled["spec"]["replicas"], 4);
        fixture.put(&widgets.path("one/scale"), &scale).await.refused(409, "Conflict");
        let widget = fixture.get(&widgets.path("one")).await.ok();
        assert_eq!((&widget["spec"]["replicas"], &widget["metadata"]["generation"]), (&json!(4), &json!(2)));
    })
    .await;
}

#[tokio::test]
async fn an_object_is_the_same_in_every_version() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        let made = fixture.post(&widgets.path(""), &widgets.one(json!({"size": 2}))).await.ok();
        let older = fixture.get(&widgets.path_in("v1beta1", "one")).await.ok();
        assert_eq!(older["apiVersion"], format!("{}/v1beta1", widgets.group));
        assert_eq!((&older["spec"], &older["metadata"]["uid"]), (&made["spec"], &made["metadata"]["uid"]));
        let changed =
            fixture.patch(&widgets.path_in("v1beta1", "one"), MERGE, &json!({"spec": {"size": 3}})).await;
        assert_eq!(changed.ok()["apiVersion"], format!("{}/v1beta1", widgets.group));
        assert_eq!(fixture.get(&widgets.path("one")).await.ok()["spec"]["size"], 3);
    })
    .await;
}

#[tokio::test]
async fn a_definition_says_how_it_was_received() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        let path = format!("{DEFINITIONS}/widgets.{}", widgets.group);
        let definition = fixture.get(&path).await.ok();
        let conditions = definition["status"]["conditions"].as_array().expect("conditions");
        for (kind, reason) in [("NamesAccepted", "NoConflicts"), ("Established", "InitialNamesAccepted")] {
            let found = conditions.iter().find(|condition| condition["type"] == kind).expect(kind);
            assert_eq!((&found["status"], &found["reason"]), (&json!("True"), &json!(reason)));
        }
        assert_eq!(definition["status"]["storedVersions"], json!(["v1"]));
        let names = json!({
            "kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget", "shortNames": ["wd"],
        });
        assert_eq!(definition["spec"]["names"], names);
        assert_eq!(definition["status"]["acceptedNames"], names);
        assert_eq!(definition["spec"]["conversion"], json!({"strategy": "None"}));
    })
    .await;
}

#[tokio::test]
async fn a_kind_is_discovered_and_described() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        let group = fixture.get(&format!("/apis/{}", widgets.group)).await.ok();
        assert_eq!(group["preferredVersion"]["version"], "v1");
        let resources = fixture.get(&format!("/apis/{}/v1", widgets.group)).await.ok();
        let resources = resources["resources"].as_array().expect("resources").clone();
        let find =
            |name: &str| resources.iter().find(|one| one["name"] == name).cloned().expect("a resource");
        let main = find("widgets");
        assert_eq!(
            (&main["kind"], &main["namespaced"], &main["shortNames"]),
            (&json!("Widget"), &json!(true), &json!(["wd"]))
        );
        let verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
        let mut found: Vec<&str> =
            main["verbs"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        found.sort_unstable();
        assert_eq!(found, verbs);
        assert_eq!(find("widgets/status")["verbs"].as_array().map(Vec::len), Some(3));
        assert_eq!(find("widgets/scale")["kind"], "Scale");
        eventually("the kind is described", async || {
            let described = fixture.get(&format!("/openapi/v3/apis/{}/v1", widgets.group)).await;
            described.code == 200 && described.body.to_string().contains("How large it is.")
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_definition_that_makes_no_sense_is_refused() {
    conforms(async |fixture| {
        let mut renamed = fixture.widgets_manifest();
        renamed["metadata"]["name"] = json!("others.patina.dev");
        assert!(refused_definition(fixture, &renamed).await.contains(&"metadata.name".to_owned()));
        let mut unstored = fixture.widgets_manifest();
        unstored["spec"]["versions"][0]["storage"] = json!(false);
        assert!(refused_definition(fixture, &unstored).await.contains(&"spec.versions".to_owned()));
        let mut shapeless = fixture.widgets_manifest();
        shapeless["spec"]["versions"][1].as_object_mut().expect("a version").remove("schema");
        assert!(!refused_definition(fixture, &shapeless).await.is_empty());
        for (spec, place) in [
            (json!({"properties": {"a": {"type": "string"}}}), "type"),
            (json!({"type": "object", "properties": {"a": {}}}), "properties[a].type"),
            (json!({"type": "array"}), "items"),
            (json!({"type": "string", "pattern": "("}), "pattern"),
            (json!({"type": "integer", "default": "x"}), "default"),
            (
                json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "map"}),
                "x-kubernetes-list-map-keys",
            ),
        ] {
            let found = refused_definition(fixture, &fixture.widgets_with(spec.clone())).await;
            let root = "spec.validation.openAPIV3Schema.properties[spec]";
            assert!(found.contains(&format!("{root}.{place}")), "{spec}: {found:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn objects_end_with_their_definition() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        let mut held = widgets.one(json!({"size": 2}));
        held["metadata"]["finalizers"] = json!(["patina.dev/held"]);
        fixture.post(&widgets.path(""), &held).await.ok();
        let definition = format!("{DEFINITIONS}/widgets.{}", widgets.group);
        fixture.delete(&definition).await.ok();
        eventually("the object is marked", async || {
            fixture.get(&widgets.path("one")).await.ok()["metadata"].get("deletionTimestamp").is_some()
        })
        .await;
        fixture.patch(&widgets.path("one"), MERGE, &json!({"metadata": {"finalizers": null}})).await.ok();
        eventually("the definition is gone", async || fixture.get(&definition).await.code == 404).await;
        eventually("the kind is not served", async || fixture.get(&widgets.path("one")).await.code == 404)
            .await;
    })
    .await;
}
