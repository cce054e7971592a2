//! Creating, reading, changing.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use k8s_openapi::api::events::v1::Event;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::fixture::{Fixture, object, refusal};

fn config_map(name: &str, value: &str) -> ConfigMap {
    object(json!({"metadata": {"name": name, "labels": {"value": value}}, "data": {"key": value}}))
}

#[tokio::test]
async fn a_created_object_has_what_the_server_gives() {
    let fixture = Fixture::new().await;
    let made = fixture.api().create(&PostParams::default(), &config_map("a", "1")).await.expect("created");
    assert_eq!(made.metadata.namespace.as_deref(), Some("default"));
    assert!(made.uid().is_some() && made.resource_version().is_some());
    assert!(made.creation_timestamp().is_some());
    assert_eq!(made.managed_fields().len(), 1);
}

#[tokio::test]
async fn refusals_carry_the_reasons_of_the_real_server() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    let missing = refusal(maps.get("a").await);
    assert_eq!((missing.code, missing.reason.as_str()), (404, "NotFound"));
    assert_eq!(missing.message, "configmaps \"a\" not found");

    let first = maps.create(&PostParams::default(), &config_map("a", "1")).await.expect("created");
    let twice = refusal(maps.create(&PostParams::default(), &config_map("a", "1")).await);
    assert_eq!((twice.code, twice.reason.as_str()), (409, "AlreadyExists"));

    maps.replace("a", &PostParams::default(), &config_map("a", "2")).await.expect("without revision");
    let mut stale = first;
    stale.data = None;
    let stale = refusal(maps.replace("a", &PostParams::default(), &stale).await);
    assert_eq!((stale.code, stale.reason.as_str()), (409, "Conflict"));

    let odd = refusal(maps.create(&PostParams::default(), &config_map("Odd_Name", "1")).await);
    assert_eq!((odd.code, odd.reason.as_str()), (422, "Invalid"));
    let causes = odd.details.expect("details").causes;
    assert_eq!(causes.first().map(|cause| cause.field.as_str()), Some("metadata.name"));

    let elsewhere: Api<ConfigMap> = Api::namespaced(fixture.client.clone(), "nowhere");
    let nowhere = refusal(elsewhere.create(&PostParams::default(), &config_map("a", "1")).await);
    assert_eq!(nowhere.message, "namespaces \"nowhere\" not found");
}

#[tokio::test]
async fn a_write_that_changes_nothing_keeps_the_revision() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    let made = maps.create(&PostParams::default(), &config_map("a", "1")).await.expect("created");
    let same = maps.replace("a", &PostParams::default(), &made).await.expect("replaced");
    assert_eq!(same.resource_version(), made.resource_version());
}

#[tokio::test]
async fn a_dry_run_answers_and_keeps_nothing() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    maps.create(&dry, &config_map("a", "1")).await.expect("answered");
    assert_eq!(refusal(maps.get("a").await).code, 404);
}

#[tokio::test]
async fn lists_are_selected_and_come_in_pages_of_one_moment() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    for (name, value) in [("a", "1"), ("b", "2"), ("c", "1")] {
        maps.create(&PostParams::default(), &config_map(name, value)).await.expect("created");
    }
    let ones = maps.list(&ListParams::default().labels("value=1")).await.expect("listed");
    assert_eq!(ones.items.iter().map(ResourceExt::name_any).collect::<Vec<_>>(), ["a", "c"]);
    let named = maps.list(&ListParams::default().fields("metadata.name=b")).await.expect("listed");
    assert_eq!(named.items.len(), 1);

    let selected = ListParams::default().labels("value").limit(2);
    let page = maps.list(&selected).await.expect("listed");
    assert_eq!((page.items.len(), page.metadata.remaining_item_count), (2, Some(1)));
    maps.create(&PostParams::default(), &config_map("d", "1")).await.expect("created");
    let next = selected.continue_token(page.metadata.continue_.as_deref().unwrap_or_default());
    let rest = maps.list(&next).await.expect("listed");
    assert_eq!(rest.items.iter().map(ResourceExt::name_any).collect::<Vec<_>>(), ["c"]);

    fixture.server.compact().await.expect("compacted");
    maps.create(&PostParams::default(), &config_map("e", "1")).await.expect("created");
    assert_eq!(refusal(maps.list(&next).await).reason, "Expired");
}

#[tokio::test]
async fn each_endpoint_writes_its_own_part_only() {
    let fixture = Fixture::new().await;
    let deployments: Api<Deployment> = fixture.api();
    let web: Deployment = object(json!({
        "metadata": {"name": "web"},
        "spec": {
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

    let both = Patch::Merge(json!({"spec": {"replicas": 3}, "status": {"replicas": 2}}));
    let status = deployments.patch_status("web", &PatchParams::default(), &both).await.expect("patched");
    assert_eq!(status.status.and_then(|status| status.replicas), Some(2));
    assert_eq!(status.spec.and_then(|spec| spec.replicas), Some(1));
    assert_eq!(status.metadata.generation, Some(1));

    let main = deployments.patch("web", &PatchParams::default(), &both).await.expect("patched");
    assert_eq!(main.spec.and_then(|spec| spec.replicas), Some(3));
    assert_eq!(main.status.and_then(|status| status.replicas), Some(2));
    assert_eq!(main.metadata.generation, Some(2));

    let scale = deployments.get_scale("web").await.expect("scale");
    assert_eq!(scale.status.and_then(|status| status.selector).as_deref(), Some("app=web"));
}

#[tokio::test]
async fn server_side_apply_tells_whose_field_it_is() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    let wish = |value: &str| {
        Patch::Apply(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"key": value},
        }))
    };
    maps.patch("a", &PatchParams::apply("one"), &wish("1")).await.expect("applied");
    let conflict = refusal(maps.patch("a", &PatchParams::apply("two"), &wish("2")).await);
    assert_eq!((conflict.code, conflict.reason.as_str()), (409, "Conflict"));
    assert_eq!(conflict.message, "Apply failed with 1 conflict: conflict with \"one\": .data.key");
    let taken = maps.patch("a", &PatchParams::apply("two").force(), &wish("2")).await.expect("taken over");
    assert_eq!(taken.data.and_then(|data| data.get("key").cloned()).as_deref(), Some("2"));
}

#[tokio::test]
async fn text_of_a_secret_is_kept_as_bytes() {
    let fixture = Fixture::new().await;
    let secret: Secret = object(json!({"metadata": {"name": "s"}, "stringData": {"secretkey": "abc"}}));
    let made = fixture.api().create(&PostParams::default(), &secret).await.expect("created");
    assert_eq!(
        made.data.and_then(|data| data.get("secretkey").map(|bytes| bytes.0.clone())),
        Some(b"abc".to_vec())
    );
    assert_eq!(made.type_.as_deref(), Some("Opaque"));
}

#[tokio::test]
async fn an_event_of_one_group_is_read_in_the_other() {
    let fixture = Fixture::new().await;
    let event: Event = object(json!({
        "metadata": {"name": "e"}, "eventTime": "2030-01-01T00:00:00.000000Z", "note": "hello", "reason": "R",
        "type": "Normal", "action": "A", "reportingController": "patina.dev/test", "reportingInstance": "i",
        "regarding": {"kind": "Service", "name": "web", "namespace": "default"},
    }));
    fixture.api::<Event>().create(&PostParams::default(), &event).await.expect("created");
    let core: Api<k8s_openapi::api::core::v1::Event> = fixture.api();
    let about = ListParams::default().fields("involvedObject.name=web,involvedObject.kind=Service");
    let found = core.list(&about).await.expect("listed");
    assert_eq!(found.items.first().and_then(|event| event.message.as_deref()), Some("hello"));
}

#[tokio::test]
async fn every_cluster_begins_with_the_same_namespaces() {
    let fixture = Fixture::new().await;
    let namespaces: Api<Namespace> = Api::all(fixture.client.clone());
    let names = namespaces.list(&ListParams::default()).await.expect("listed");
    let names: Vec<String> = names.items.iter().map(ResourceExt::name_any).collect();
    assert_eq!(names, ["default", "kube-node-lease", "kube-public", "kube-system"]);
}

#[tokio::test]
async fn nobody_enters_without_the_token_and_everybody_may_ask_for_health() {
    let fixture = Fixture::new().await;
    let stranger = fixture.stranger();
    let namespaces: Api<Namespace> = Api::all(stranger.clone());
    assert_eq!(refusal(namespaces.list(&ListParams::default()).await).reason, "Unauthorized");
    stranger.apiserver_version().await.expect("the version is public");
}
