//! The end of objects: finalizers, owners, namespaces, Pods on nodes.
//!
//! Source: Kubernetes documentation, "Finalizers", "Owners and Dependents", "Garbage Collection".

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::case::conforms;
use crate::fixture::{Fixture, MERGE, eventually, object, refusal};

const HELD: &str = "patina.dev/held";

fn map(name: &str, metadata: Value) -> ConfigMap {
    let mut whole = json!({"name": name});
    let fields = whole.as_object_mut().expect("fields");
    fields.extend(metadata.as_object().cloned().unwrap_or_default());
    object(json!({"metadata": whole}))
}

async fn make(fixture: &Fixture, name: &str, metadata: Value) -> ConfigMap {
    fixture.api().create(&PostParams::default(), &map(name, metadata)).await.expect("created")
}

fn owned_by(owner: &ConfigMap, blocks: bool) -> Value {
    json!({"ownerReferences": [{
        "apiVersion": "v1", "kind": "ConfigMap", "name": owner.name_any(), "uid": owner.uid(),
        "blockOwnerDeletion": blocks,
    }]})
}

async fn exists(fixture: &Fixture, name: &str) -> bool {
    fixture.api::<ConfigMap>().get_opt(name).await.expect("answered").is_some()
}

async fn is_marked(fixture: &Fixture, name: &str) -> bool {
    let found = fixture.api::<ConfigMap>().get_opt(name).await.expect("answered");
    found.is_some_and(|map| map.metadata.deletion_timestamp.is_some())
}

async fn gone(fixture: &Fixture, name: &str) {
    eventually(&format!("{name} is gone"), async || !exists(fixture, name).await).await;
}

/// Lets an object go that only its finalizers hold.
async fn let_go(fixture: &Fixture, name: &str) {
    let none = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    fixture.api::<ConfigMap>().patch(name, &PatchParams::default(), &none).await.expect("patched");
}

#[tokio::test]
async fn an_object_stays_until_its_last_finalizer_goes() {
    conforms(async |fixture| {
        let made = make(fixture, "a", json!({"finalizers": [HELD, "patina.dev/other"]})).await;
        let path = fixture.core("configmaps/a");
        let marked = fixture.delete(&path).await.ok();
        assert_eq!(marked["kind"], "ConfigMap", "an object that waits is answered");
        assert!(marked["metadata"]["deletionTimestamp"].is_string());
        assert_eq!(marked["metadata"]["deletionGracePeriodSeconds"], 0);
        assert_ne!(
            Some(marked["metadata"]["resourceVersion"].as_str().unwrap_or_default()),
            made.resource_version().as_deref()
        );

        let again = fixture.delete(&path).await.ok();
        assert_eq!(again["metadata"]["deletionTimestamp"], marked["metadata"]["deletionTimestamp"]);
        let more = json!({"metadata": {"finalizers": [HELD, "patina.dev/late"]}});
        let more = fixture.patch(&path, MERGE, &more).await;
        more.refused(422, "Invalid");
        assert_eq!(more.causes(), [("FieldValueForbidden", "metadata.finalizers")]);
        let one = json!({"metadata": {"finalizers": [HELD]}, "data": {"a": "b"}});
        assert_eq!(fixture.patch(&path, MERGE, &one).await.ok()["data"]["a"], "b");
        assert!(exists(fixture, "a").await);
        let_go(fixture, "a").await;
        assert!(!exists(fixture, "a").await);
    })
    .await;
}

#[tokio::test]
async fn what_is_gone_at_once_is_answered_with_success() {
    conforms(async |fixture| {
        let made = make(fixture, "a", json!({})).await;
        let answer = fixture.delete(&fixture.core("configmaps/a")).await.ok();
        assert_eq!((&answer["kind"], &answer["status"]), (&json!("Status"), &json!("Success")));
        assert_eq!(answer["details"], json!({"name": "a", "kind": "configmaps", "uid": made.uid()}));
        let missing = fixture.delete(&fixture.core("configmaps/a")).await;
        assert_eq!(missing.refused(404, "NotFound"), "configmaps \"a\" not found");
        let widgets = fixture.widgets().await;
        fixture.post(&widgets.path(""), &widgets.one(json!({"size": 1}))).await.ok();
        let answer = fixture.delete(&widgets.path("one")).await.ok();
        assert_eq!((&answer["kind"], &answer["details"]["group"]), (&json!("Status"), &json!(widgets.group)));
    })
    .await;
}

#[tokio::test]
async fn a_mark_counts_as_a_generation() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        let mut widget = widgets.one(json!({"size": 1}));
        widget["metadata"]["finalizers"] = json!([HELD]);
        fixture.post(&widgets.path(""), &widget).await.ok();
        let marked = fixture.delete(&widgets.path("one")).await.ok();
        assert_eq!(marked["metadata"]["generation"], 2);
        let none = json!({"metadata": {"finalizers": []}});
        fixture.patch(&widgets.path("one"), MERGE, &none).await.ok();
        fixture.get(&widgets.path("one")).await.refused(404, "NotFound");
    })
    .await;
}

#[tokio::test]
async fn a_deletion_meant_for_another_object_or_state_is_refused() {
    conforms(async |fixture| {
        let made = make(fixture, "a", json!({})).await;
        let meant_for = |uid: Option<String>, resource_version: Option<String>| DeleteParams {
            preconditions: Some(Preconditions { uid, resource_version }),
            ..DeleteParams::default()
        };
        let (old, other) = (Some("1".to_owned()), Some("another".to_owned()));
        for (uid, revision) in [(other, None), (None, old.clone()), (made.uid(), old)] {
            let deleted = fixture.api::<ConfigMap>().delete("a", &meant_for(uid, revision)).await;
            let refused = refusal(deleted);
            assert_eq!((refused.code, refused.reason.as_str()), (409, "Conflict"));
        }
        let same = meant_for(made.uid(), made.resource_version());
        fixture.api::<ConfigMap>().delete("a", &same).await.expect("deleted");
    })
    .await;
}

#[tokio::test]
async fn many_are_deleted_by_what_selects_them() {
    conforms(async |fixture| {
        for (name, group) in [("a", "x"), ("b", "y"), ("c", "x")] {
            make(fixture, name, json!({"labels": {"group": group}})).await;
        }
        let selected = ListParams::default().labels("group=x");
        let maps = fixture.api::<ConfigMap>();
        maps.delete_collection(&DeleteParams::default(), &selected).await.expect("deleted");
        let left = maps.list(&ListParams::default().labels("group")).await.expect("listed");
        assert_eq!(left.items.iter().map(ResourceExt::name_any).collect::<Vec<_>>(), ["b"]);
    })
    .await;
}

#[tokio::test]
async fn options_of_a_deletion_are_checked() {
    conforms(async |fixture| {
        make(fixture, "a", json!({})).await;
        for (query, field) in [("propagationPolicy=Odd", "propagationPolicy"), ("dryRun=Some", "dryRun")] {
            let refused = fixture.delete(&fixture.core(&format!("configmaps/a?{query}"))).await;
            refused.refused(422, "Invalid");
            assert_eq!(refused.causes(), [("FieldValueNotSupported", field)]);
        }
        assert!(exists(fixture, "a").await);
    })
    .await;
}

#[tokio::test]
async fn dependents_go_with_their_last_owner() {
    conforms(async |fixture| {
        let owner = make(fixture, "owner", json!({})).await;
        let child = make(fixture, "child", owned_by(&owner, false)).await;
        make(fixture, "grandchild", owned_by(&child, false)).await;
        let mut both = owned_by(&owner, false);
        let other = make(fixture, "other", json!({})).await;
        let second = owned_by(&other, false)["ownerReferences"][0].clone();
        both["ownerReferences"].as_array_mut().expect("owners").push(second);
        make(fixture, "shared", both).await;
        fixture.delete(&fixture.core("configmaps/owner")).await.ok();
        gone(fixture, "child").await;
        gone(fixture, "grandchild").await;
        eventually("the shared one forgets its owner", async || {
            let shared = fixture.api::<ConfigMap>().get("shared").await.expect("stays");
            shared.owner_references().len() == 1
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn an_owner_that_never_was_takes_its_dependent_along() {
    conforms(async |fixture| {
        let mut owner = make(fixture, "owner", json!({})).await;
        owner.metadata.uid = Some("00000000-0000-0000-0000-000000000000".into());
        make(fixture, "child", owned_by(&owner, false)).await;
        gone(fixture, "child").await;
    })
    .await;
}

#[tokio::test]
async fn orphans_stay_and_forget_their_owner() {
    conforms(async |fixture| {
        let owner = make(fixture, "owner", json!({})).await;
        make(fixture, "child", owned_by(&owner, false)).await;
        let orphan =
            DeleteParams { propagation_policy: Some(PropagationPolicy::Orphan), ..DeleteParams::default() };
        // A collector that has not yet seen the child would leave its reference.
        eventually("the owner is gone and the child has forgotten it", async || {
            let maps = fixture.api::<ConfigMap>();
            if exists(fixture, "owner").await {
                maps.delete("owner", &orphan).await.map(drop).unwrap_or_default();
            }
            let child = maps.get("child").await.expect("stays");
            !exists(fixture, "owner").await && child.owner_references().is_empty()
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn an_owner_in_the_foreground_waits_for_what_blocks_it() {
    conforms(async |fixture| {
        let owner = make(fixture, "owner", json!({})).await;
        let mut metadata = owned_by(&owner, true);
        metadata["finalizers"] = json!([HELD]);
        make(fixture, "child", metadata).await;
        let marked =
            fixture.delete(&fixture.core("configmaps/owner?propagationPolicy=Foreground")).await.ok();
        assert_eq!(marked["metadata"]["finalizers"], json!(["foregroundDeletion"]));
        eventually("the child is marked", async || is_marked(fixture, "child").await).await;
        assert!(exists(fixture, "owner").await);
        let_go(fixture, "child").await;
        gone(fixture, "child").await;
        gone(fixture, "owner").await;
    })
    .await;
}

#[tokio::test]
async fn references_to_owners_are_checked() {
    conforms(async |fixture| {
        let reference = |field: &str| {
            let mut reference = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"});
            reference[field] = json!("");
            json!({"metadata": {"name": "a", "ownerReferences": [reference]}})
        };
        for field in ["apiVersion", "kind", "name", "uid"] {
            let refused = fixture.post(&fixture.core("configmaps"), &reference(field)).await;
            refused.refused(422, "Invalid");
            let path = format!("metadata.ownerReferences.{field}");
            assert!(refused.causes().iter().any(|(_, found)| *found == path), "{refused:?}");
        }
        let controller = |uid: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": uid, "controller": true});
        let two = json!({"metadata": {"name": "a", "ownerReferences": [controller("u"), controller("v")]}});
        let refused = fixture.post(&fixture.core("configmaps"), &two).await;
        refused.refused(422, "Invalid");
        assert_eq!(refused.causes(), [("FieldValueInvalid", "metadata.ownerReferences")]);
    })
    .await;
}

#[tokio::test]
async fn a_namespace_goes_after_its_contents() {
    conforms(async |fixture| {
        let namespaces: Api<Namespace> = Api::all(fixture.client.clone());
        make(fixture, "free", json!({})).await;
        make(fixture, "held", json!({"finalizers": [HELD]})).await;
        let name = fixture.namespace.as_str();
        namespaces.delete(name, &DeleteParams::default()).await.expect("marked");
        let ending = namespaces.get(name).await.expect("waits").status.expect("status");
        assert_eq!(ending.phase.as_deref(), Some("Terminating"));
        gone(fixture, "free").await;
        let refused = fixture.post(&fixture.core("configmaps"), &json!({"metadata": {"name": "new"}})).await;
        refused.refused(403, "Forbidden");
        assert_eq!(refused.causes(), [("NamespaceTerminating", "metadata.namespace")]);
        eventually("the namespace says what it waits for", async || {
            let namespace = namespaces.get(name).await.expect("waits");
            let conditions = namespace.status.and_then(|status| status.conditions).unwrap_or_default();
            conditions.iter().any(|one| one.type_ == "NamespaceContentRemaining" && one.status == "True")
        })
        .await;
        let_go(fixture, "held").await;
        eventually("the namespace is gone", async || {
            namespaces.get_opt(name).await.expect("answered").is_none()
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn the_first_namespaces_stay() {
    conforms(async |fixture| {
        for name in ["default", "kube-system"] {
            let refused = fixture.delete(&format!("/api/v1/namespaces/{name}")).await;
            let message = refused.refused(403, "Forbidden");
            let expected = format!("namespaces \"{name}\" is forbidden: this namespace may not be deleted");
            assert_eq!(message, expected);
        }
    })
    .await;
}

#[tokio::test]
async fn a_pod_on_a_node_is_given_time_and_any_other_goes_at_once() {
    conforms(async |fixture| {
        eventually("Pods have an account to run as", async || {
            fixture.get(&fixture.core("serviceaccounts/default")).await.code == 200
        })
        .await;
        let pods: Api<Pod> = fixture.api();
        let pod = |name: &str, node: Option<&str>| -> Pod {
            object(json!({
                "metadata": {"name": name},
                "spec": {"nodeName": node, "containers": [{"name": "c", "image": "c:1"}]},
            }))
        };
        pods.create(&PostParams::default(), &pod("placed", Some("no-such-node"))).await.expect("created");
        pods.create(&PostParams::default(), &pod("loose", None)).await.expect("created");
        for name in ["placed", "loose"] {
            pods.delete(name, &DeleteParams::default()).await.expect("deleted");
        }
        assert!(pods.get_opt("loose").await.expect("answered").is_none());
        let placed = pods.get("placed").await.expect("waits for its kubelet");
        assert_eq!(placed.metadata.deletion_grace_period_seconds, Some(30));
        pods.delete("placed", &DeleteParams::default().grace_period(0)).await.expect("deleted");
        assert!(pods.get_opt("placed").await.expect("answered").is_none());
    })
    .await;
}
