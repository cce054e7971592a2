//! The end of objects: finalizers, owners, namespaces, Pods on nodes.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, PropagationPolicy};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::fixture::{Fixture, object, refusal};

fn map(name: &str, metadata: Value) -> ConfigMap {
    let mut whole = json!({"name": name});
    json_patch::merge(&mut whole, &metadata);
    object(json!({"metadata": whole}))
}

fn owned_by(owner: &ConfigMap, blocks: bool) -> Value {
    json!({"ownerReferences": [{
        "apiVersion": "v1", "kind": "ConfigMap", "name": owner.name_any(), "uid": owner.uid(),
        "blockOwnerDeletion": blocks,
    }]})
}

async fn exists(maps: &Api<ConfigMap>, name: &str) -> bool {
    maps.get_opt(name).await.expect("answered").is_some()
}

#[tokio::test]
async fn an_object_stays_until_its_last_finalizer_goes() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    let held = map("a", json!({"finalizers": ["patina.dev/held"]}));
    maps.create(&PostParams::default(), &held).await.expect("created");
    maps.delete("a", &DeleteParams::default()).await.expect("marked");
    assert!(maps.get("a").await.expect("still there").metadata.deletion_timestamp.is_some());

    let more = Patch::Merge(json!({"metadata": {"finalizers": ["patina.dev/held", "patina.dev/late"]}}));
    assert_eq!(refusal(maps.patch("a", &PatchParams::default(), &more).await).code, 422);
    let none = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    maps.patch("a", &PatchParams::default(), &none).await.expect("patched");
    assert!(!exists(&maps, "a").await);
}

#[tokio::test]
async fn dependents_go_with_their_last_owner() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    let owner = maps.create(&PostParams::default(), &map("owner", json!({}))).await.expect("created");
    let child =
        maps.create(&PostParams::default(), &map("child", owned_by(&owner, false))).await.expect("created");
    maps.create(&PostParams::default(), &map("grandchild", owned_by(&child, false))).await.expect("created");
    maps.delete("owner", &DeleteParams::default()).await.expect("deleted");
    assert!(!exists(&maps, "child").await && !exists(&maps, "grandchild").await);
}

#[tokio::test]
async fn orphans_stay_and_forget_their_owner() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    let owner = maps.create(&PostParams::default(), &map("owner", json!({}))).await.expect("created");
    maps.create(&PostParams::default(), &map("child", owned_by(&owner, false))).await.expect("created");
    let orphan =
        DeleteParams { propagation_policy: Some(PropagationPolicy::Orphan), ..DeleteParams::default() };
    maps.delete("owner", &orphan).await.expect("deleted");
    assert!(!exists(&maps, "owner").await);
    assert!(maps.get("child").await.expect("stays").owner_references().is_empty());
}

#[tokio::test]
async fn an_owner_in_the_foreground_waits_for_what_blocks_it() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    let owner = maps.create(&PostParams::default(), &map("owner", json!({}))).await.expect("created");
    let mut metadata = owned_by(&owner, true);
    metadata["finalizers"] = json!(["patina.dev/held"]);
    maps.create(&PostParams::default(), &map("child", metadata)).await.expect("created");
    maps.delete("owner", &DeleteParams::foreground()).await.expect("marked");
    assert!(exists(&maps, "owner").await);
    assert!(maps.get("child").await.expect("waits").metadata.deletion_timestamp.is_some());
    let none = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    maps.patch("child", &PatchParams::default(), &none).await.expect("patched");
    assert!(!exists(&maps, "child").await && !exists(&maps, "owner").await);
}

#[tokio::test]
async fn a_namespace_goes_after_its_contents() {
    let fixture = Fixture::new().await;
    let namespaces: Api<Namespace> = Api::all(fixture.client.clone());
    let demo: Namespace = object(json!({"metadata": {"name": "demo"}}));
    namespaces.create(&PostParams::default(), &demo).await.expect("created");
    let maps: Api<ConfigMap> = Api::namespaced(fixture.client.clone(), "demo");
    maps.create(&PostParams::default(), &map("free", json!({}))).await.expect("created");
    let held = map("held", json!({"finalizers": ["patina.dev/held"]}));
    maps.create(&PostParams::default(), &held).await.expect("created");

    namespaces.delete("demo", &DeleteParams::default()).await.expect("marked");
    let ending = namespaces.get("demo").await.expect("waits").status.expect("status");
    assert_eq!(ending.phase.as_deref(), Some("Terminating"));
    assert!(
        ending.conditions.is_some_and(|all| all.iter().any(|one| one.type_ == "NamespaceContentRemaining"))
    );
    assert!(!exists(&maps, "free").await);
    assert_eq!(refusal(maps.create(&PostParams::default(), &map("new", json!({}))).await).code, 403);

    let none = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    maps.patch("held", &PatchParams::default(), &none).await.expect("patched");
    assert!(namespaces.get_opt("demo").await.expect("answered").is_none());
}

#[tokio::test]
async fn a_pod_on_a_node_is_given_time_and_any_other_goes_at_once() {
    let fixture = Fixture::new().await;
    let pods: Api<Pod> = fixture.api();
    let pod = |name: &str, node: Option<&str>| -> Pod {
        object(json!({
            "metadata": {"name": name},
            "spec": {"nodeName": node, "containers": [{"name": "c", "image": "c:1"}]},
        }))
    };
    pods.create(&PostParams::default(), &pod("placed", Some("n1"))).await.expect("created");
    pods.create(&PostParams::default(), &pod("loose", None)).await.expect("created");
    for name in ["placed", "loose"] {
        pods.delete(name, &DeleteParams::default()).await.expect("deleted");
    }
    assert!(pods.get_opt("loose").await.expect("answered").is_none());
    let placed = pods.get("placed").await.expect("waits for its kubelet");
    assert_eq!(placed.metadata.deletion_grace_period_seconds, Some(30));
    pods.delete("placed", &DeleteParams::default().grace_period(0)).await.expect("deleted");
    assert!(pods.get_opt("placed").await.expect("answered").is_none());
}

#[tokio::test]
async fn a_deletion_meant_for_another_object_of_the_name_is_refused() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    maps.create(&PostParams::default(), &map("a", json!({}))).await.expect("created");
    let preconditions = kube::api::Preconditions { uid: Some("another".into()), resource_version: None };
    let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    assert_eq!(refusal(maps.delete("a", &parameters).await).reason, "Conflict");
    assert!(exists(&maps, "a").await);
}
