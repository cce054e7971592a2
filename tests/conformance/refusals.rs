//! Refusals: the same code, reason and sentence as the real server's, whatever is asked.
//!
//! Source: Kubernetes API conventions, "Response Status Kind" and "HTTP Status codes".

use hyper::Method;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::case::{conforms, differs};
use crate::difference::Difference;
use crate::fixture::{MERGE, eventually, object, refusal};

#[tokio::test]
async fn what_is_not_there_is_named() {
    conforms(async |fixture| {
        let missing = fixture.get(&fixture.core("configmaps/a")).await;
        assert_eq!(missing.refused(404, "NotFound"), "configmaps \"a\" not found");
        assert_eq!(missing.body["details"], json!({"name": "a", "kind": "configmaps"}));
        assert_eq!(missing.body["metadata"], json!({}));
        let grouped = fixture.get(&fixture.group("apps/v1", "deployments/a")).await;
        assert_eq!(grouped.refused(404, "NotFound"), "deployments.apps \"a\" not found");
        assert_eq!(grouped.body["details"], json!({"name": "a", "group": "apps", "kind": "deployments"}));
        for path in [
            fixture.core("nothings"),
            fixture.core("configmaps/a/nothing"),
            fixture.group("apps/v9", "deployments"),
            fixture.group("nothing.patina.dev/v1", "nothings/a"),
            "/api/v1/namespaces/x/nodes/y".to_owned(),
        ] {
            let nothing = fixture.get(&path).await;
            assert_eq!(nothing.code, 404, "{path}: {nothing:?}");
        }
        let namespace = fixture.get("/api/v1/namespaces/no-such-namespace").await;
        assert_eq!(namespace.refused(404, "NotFound"), "namespaces \"no-such-namespace\" not found");
    })
    .await;
}

#[tokio::test]
async fn a_verb_that_is_not_offered_is_refused() {
    conforms(async |fixture| {
        let json = "application/json";
        for (method, path, media) in [
            (Method::POST, fixture.core("configmaps/a"), json),
            (Method::PUT, fixture.core("configmaps"), json),
            (Method::PATCH, fixture.core("configmaps"), MERGE),
            (Method::DELETE, fixture.core("services/a/status"), json),
            (Method::POST, "/api/v1/configmaps".to_owned(), json),
        ] {
            let body = json!({"metadata": {"name": "a"}}).to_string().into();
            let refused = fixture.ask(method.clone(), &path, json, media, body).await;
            assert_eq!(
                refused.refused(405, "MethodNotAllowed"),
                "the server does not allow this method on the requested resource",
                "{method} {path}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn names_labels_and_annotations_have_their_shapes() {
    conforms(async |fixture| {
        for (metadata, field) in [
            (json!({"name": "Odd_Name"}), "metadata.name"),
            (json!({"name": "a", "labels": {"a b": "c"}}), "metadata.labels"),
            (json!({"name": "a", "labels": {"a": "b c"}}), "metadata.labels"),
            (json!({"name": "a", "labels": {"a": "x".repeat(64)}}), "metadata.labels"),
            (json!({"name": "a", "annotations": {"a b": "c"}}), "metadata.annotations"),
            (json!({"name": "a", "finalizers": ["plain"]}), "metadata.finalizers[0]"),
        ] {
            let refused = fixture.post(&fixture.core("configmaps"), &json!({"metadata": metadata})).await;
            refused.refused(422, "Invalid");
            assert_eq!(refused.causes(), [("FieldValueInvalid", field)], "{metadata}");
        }
        let large = json!({"metadata": {"name": "a", "annotations": {"a": "x".repeat(262_145)}}});
        let refused = fixture.post(&fixture.core("configmaps"), &large).await;
        refused.refused(422, "Invalid");
        assert_eq!(refused.causes(), [("FieldValueTooLong", "metadata.annotations")]);
    })
    .await;
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    conforms(async |fixture| {
        let large = json!({"metadata": {"name": "a"}, "data": {"a": "x".repeat(1_048_577)}});
        let refused = fixture.post(&fixture.core("configmaps"), &large).await;
        refused.refused(422, "Invalid");
        assert_eq!(refused.causes(), [("FieldValueTooLong", "[]")]);
        let larger = json!({"metadata": {"name": "a"}, "data": {"a": "x".repeat(4 << 20)}});
        let refused = fixture.post(&fixture.core("configmaps"), &larger).await;
        assert_eq!((refused.code, refused.text("/reason")), (413, "RequestEntityTooLarge"));
    })
    .await;
}

#[tokio::test]
async fn a_pod_on_no_node_has_said_nothing() {
    differs(Difference::Kubelet, async |fixture| {
        eventually("Pods have an account to run as", async || {
            fixture.get(&fixture.core("serviceaccounts/default")).await.code == 200
        })
        .await;
        let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "c:1"}]}});
        fixture.post(&fixture.core("pods"), &pod).await.ok();
        assert_eq!(fixture.get(&fixture.core("pods/p/log")).await.ok(), "");
    })
    .await;
}

#[tokio::test]
async fn who_has_no_right_token_is_not_let_in() {
    conforms(async |fixture| {
        let namespaces: Api<Namespace> = Api::all(fixture.stranger());
        let refused = refusal(namespaces.list(&ListParams::default()).await);
        assert_eq!(
            (refused.code, refused.reason.as_str(), refused.message.as_str()),
            (401, "Unauthorized", "Unauthorized")
        );
    })
    .await;
}

#[tokio::test]
async fn every_cluster_begins_with_the_same_namespaces() {
    conforms(async |fixture| {
        let namespaces: Api<Namespace> = Api::all(fixture.client.clone());
        let found = namespaces.list(&ListParams::default()).await.expect("listed");
        let names: Vec<String> = found.items.iter().map(ResourceExt::name_any).collect();
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            assert!(names.iter().any(|one| one == name), "{name}: {names:?}");
        }
        let own = found.items.iter().find(|one| one.name_any() == fixture.namespace).expect("the case's own");
        assert_eq!(own.labels().get("kubernetes.io/metadata.name"), Some(&fixture.namespace));
        let finalizers = own.spec.clone().and_then(|spec| spec.finalizers);
        assert_eq!(finalizers, Some(vec!["kubernetes".to_owned()]));
    })
    .await;
}

#[tokio::test]
async fn each_endpoint_writes_its_own_part_only() {
    conforms(async |fixture| {
        let deployments: Api<Deployment> = fixture.api();
        let web: Deployment = object(json!({
            "metadata": {"name": "web"},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "web", "image": "web:1"}]},
                },
            },
            "status": {"replicas": 7},
        }));
        let made = deployments.create(&PostParams::default(), &web).await.expect("created");
        assert_eq!(made.status.and_then(|status| status.replicas), None);
        assert_eq!(made.metadata.generation, Some(1));

        let both = Patch::Merge(json!({"spec": {"paused": true}, "status": {"collisionCount": 2}}));
        let status = deployments.patch_status("web", &PatchParams::default(), &both).await.expect("patched");
        assert_eq!(status.status.and_then(|status| status.collision_count), Some(2));
        assert_eq!(status.spec.and_then(|spec| spec.paused), None);
        assert_eq!(status.metadata.generation, Some(1));

        let main = deployments.patch("web", &PatchParams::default(), &both).await.expect("patched");
        assert_eq!(main.spec.and_then(|spec| spec.paused), Some(true));
        assert_eq!(main.metadata.generation, Some(2));

        let scale = deployments.get_scale("web").await.expect("scale");
        assert_eq!(scale.status.and_then(|status| status.selector).as_deref(), Some("app=web"));
    })
    .await;
}
