//! Creating and replacing.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::api::events::v1::Event;
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::case::conforms;
use crate::fixture::{Fixture, object, refusal};

fn map(name: &str, value: &str) -> ConfigMap {
    object(json!({"metadata": {"name": name}, "data": {"key": value}}))
}

/// Makes a ConfigMap `a`.
async fn made(fixture: &Fixture) -> Value {
    let map = json!({"metadata": {"name": "a"}, "data": {"key": "1"}});
    fixture.post(&fixture.core("configmaps"), &map).await.ok()
}

#[tokio::test]
async fn a_created_object_has_what_the_server_gives() {
    conforms(async |fixture| {
        let maps: Api<ConfigMap> = fixture.api();
        let made = maps.create(&PostParams::default(), &map("a", "1")).await.expect("created");
        assert_eq!(made.metadata.namespace.as_deref(), Some(fixture.namespace.as_str()));
        assert!(made.uid().is_some() && made.resource_version().is_some());
        assert!(made.creation_timestamp().is_some());
        assert_eq!(made.managed_fields().len(), 1);
        assert_eq!(maps.get("a").await.expect("read"), made);
    })
    .await;
}

#[tokio::test]
async fn what_the_server_gives_is_not_taken_from_the_author() {
    conforms(async |fixture| {
        let bold = json!({"metadata": {
            "name": "a", "uid": "mine", "creationTimestamp": "2001-01-01T00:00:00Z", "generation": 7,
            "deletionTimestamp": "2001-01-01T00:00:00Z", "selfLink": "/nowhere",
        }});
        let made = fixture.post(&fixture.core("configmaps"), &bold).await.ok();
        let metadata = &made["metadata"];
        assert_ne!(metadata["uid"], "mine");
        assert_ne!(metadata["creationTimestamp"], "2001-01-01T00:00:00Z");
        for field in ["deletionTimestamp", "selfLink"] {
            assert_eq!(metadata.get(field), None, "{field}");
        }
        assert_eq!(metadata["generation"], 7, "where nobody counts it, nobody looks");
    })
    .await;
}

#[tokio::test]
async fn a_name_is_made_up_from_its_stem() {
    conforms(async |fixture| {
        let stem = json!({"metadata": {"generateName": "stem-"}});
        let made = fixture.post(&fixture.core("configmaps"), &stem).await.ok();
        let name = made["metadata"]["name"].as_str().unwrap_or_default();
        assert!(name.starts_with("stem-") && name.len() == 10, "{name}");
        assert_eq!(made["metadata"]["generateName"], "stem-");
        let nameless = fixture.post(&fixture.core("configmaps"), &json!({"metadata": {}})).await;
        nameless.refused(422, "Invalid");
        assert_eq!(nameless.causes(), [("FieldValueRequired", "metadata.name")]);
    })
    .await;
}

#[tokio::test]
async fn creations_that_cannot_be_are_refused() {
    conforms(async |fixture| {
        let maps: Api<ConfigMap> = fixture.api();
        let first = maps.create(&PostParams::default(), &map("a", "1")).await.expect("created");
        let twice = refusal(maps.create(&PostParams::default(), &map("a", "1")).await);
        assert_eq!((twice.code, twice.reason.as_str()), (409, "AlreadyExists"));
        assert_eq!(twice.message, "configmaps \"a\" already exists");

        let mut revised = map("b", "1");
        revised.metadata.resource_version = first.resource_version();
        let revised = refusal(maps.create(&PostParams::default(), &revised).await);
        assert_eq!((revised.code, revised.reason.as_str()), (500, ""));
        assert_eq!(revised.message, "resourceVersion should not be set on objects to be created");

        let odd = refusal(maps.create(&PostParams::default(), &map("Odd_Name", "1")).await);
        assert_eq!((odd.code, odd.reason.as_str()), (422, "Invalid"));
        let causes = odd.details.expect("details").causes;
        assert_eq!(causes.first().map(|cause| cause.field.as_str()), Some("metadata.name"));

        let elsewhere: Api<ConfigMap> = Api::namespaced(fixture.client.clone(), "no-such-namespace");
        let nowhere = refusal(elsewhere.create(&PostParams::default(), &map("a", "1")).await);
        assert_eq!(
            (nowhere.code, nowhere.message.as_str()),
            (404, "namespaces \"no-such-namespace\" not found")
        );
    })
    .await;
}

#[tokio::test]
async fn an_object_that_contradicts_its_path_is_refused() {
    conforms(async |fixture| {
        made(fixture).await;
        let (all, one) = (fixture.core("configmaps"), fixture.core("configmaps/a"));
        let elsewhere =
            fixture.post(&all, &json!({"metadata": {"name": "b", "namespace": "elsewhere"}})).await;
        assert_eq!(
            elsewhere.refused(400, "BadRequest"),
            "the namespace of the provided object does not match the namespace sent on the request"
        );
        let other = fixture.put(&one, &json!({"metadata": {"name": "b"}})).await;
        assert_eq!(
            other.refused(400, "BadRequest"),
            "the name of the object (b) does not match the name on the URL (a)"
        );
        let kind = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b"}});
        fixture.post(&all, &kind).await.refused(400, "BadRequest");
        let version = json!({"apiVersion": "v2", "kind": "ConfigMap", "metadata": {"name": "b"}});
        fixture.post(&all, &version).await.refused(400, "BadRequest");
        let widgets = fixture.widgets().await;
        let kindless = json!({"metadata": {"name": "one"}, "spec": {"size": 1}});
        fixture.post(&widgets.path(""), &kindless).await.refused(400, "BadRequest");
    })
    .await;
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused() {
    conforms(async |fixture| {
        let all = fixture.core("configmaps");
        let json = "application/json";
        for (media, body, code, reason) in [
            (json, "{\"metadata\":", 400, "BadRequest"),
            (json, "[]", 400, "BadRequest"),
            (json, "", 400, "BadRequest"),
            (json, r#"{"metadata":{"name":7}}"#, 400, "BadRequest"),
            ("text/csv", "a,b", 415, "UnsupportedMediaType"),
        ] {
            let answer = fixture.ask(hyper::Method::POST, &all, json, media, body.into()).await;
            assert_eq!((answer.code, answer.text("/reason")), (code, reason), "{body:?}: {answer:?}");
        }
        let yaml = "metadata:\n  name: yaml\ndata:\n  a: b\n";
        fixture.ask(hyper::Method::POST, &all, json, "application/yaml", yaml.into()).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_replacement_made_from_an_old_state_is_a_conflict() {
    conforms(async |fixture| {
        let (path, first) = (fixture.core("configmaps/a"), made(fixture).await);
        let mut second = first.clone();
        second["data"]["key"] = json!("2");
        let second = fixture.put(&path, &second).await.ok();
        let stale = fixture.put(&path, &first).await;
        assert_eq!(
            stale.refused(409, "Conflict"),
            "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your \
             changes to the latest version and try again"
        );
        assert_eq!(stale.body["details"], json!({"name": "a", "kind": "configmaps"}));

        let mut other = second.clone();
        other["metadata"]["uid"] = json!("another");
        fixture.put(&path, &other).await.refused(409, "Conflict");
        let mut unconditional = first;
        unconditional["metadata"]["resourceVersion"] = json!("");
        fixture.put(&path, &unconditional).await.ok();
    })
    .await;
}

#[tokio::test]
async fn some_kinds_are_replaced_only_against_a_revision() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        fixture.post(&widgets.path(""), &widgets.one(json!({"size": 1}))).await.ok();
        let unconditional = fixture.put(&widgets.path("one"), &widgets.one(json!({"size": 2}))).await;
        let message = unconditional.refused(422, "Invalid");
        assert!(message.contains("must be specified for an update"), "{message}");
        assert_eq!(unconditional.causes(), [("FieldValueInvalid", "metadata.resourceVersion")]);
    })
    .await;
}

#[tokio::test]
async fn a_write_that_changes_nothing_keeps_the_revision() {
    conforms(async |fixture| {
        let maps: Api<ConfigMap> = fixture.api();
        let made = maps.create(&PostParams::default(), &map("a", "1")).await.expect("created");
        let same = maps.replace("a", &PostParams::default(), &made).await.expect("replaced");
        assert_eq!(same, made);
    })
    .await;
}

#[tokio::test]
async fn what_is_fixed_stays_when_an_update_leaves_it_out() {
    conforms(async |fixture| {
        let made = made(fixture).await;
        let bare = json!({"metadata": {"name": "a", "creationTimestamp": "2001-01-01T00:00:00Z"}});
        let replaced = fixture.put(&fixture.core("configmaps/a"), &bare).await.ok();
        for field in ["uid", "creationTimestamp", "namespace"] {
            assert_eq!(replaced["metadata"][field], made["metadata"][field], "{field}");
        }
        assert_eq!(replaced.get("data"), None);
    })
    .await;
}

#[tokio::test]
async fn replacing_what_is_not_there_makes_it_for_some_kinds_only() {
    conforms(async |fixture| {
        let missing = fixture.put(&fixture.core("configmaps/a"), &json!({"metadata": {"name": "a"}})).await;
        assert_eq!(missing.refused(404, "NotFound"), "configmaps \"a\" not found");
        let endpoints = fixture.put(&fixture.core("endpoints/a"), &json!({"metadata": {"name": "a"}})).await;
        assert_eq!(endpoints.code, 201, "{endpoints:?}");
        let lease = fixture.group("coordination.k8s.io/v1", "leases/a");
        let lease = fixture.put(&lease, &json!({"metadata": {"name": "a"}, "spec": {}})).await;
        assert_eq!(lease.code, 201, "{lease:?}");
    })
    .await;
}

#[tokio::test]
async fn an_immutable_object_stays_as_it_is() {
    conforms(async |fixture| {
        let fixed = json!({"metadata": {"name": "a"}, "data": {"key": "1"}, "immutable": true});
        let mut fixed = fixture.post(&fixture.core("configmaps"), &fixed).await.ok();
        fixed["data"]["key"] = json!("2");
        let refused = fixture.put(&fixture.core("configmaps/a"), &fixed).await;
        refused.refused(422, "Invalid");
        assert_eq!(refused.causes(), [("FieldValueForbidden", "data")]);
    })
    .await;
}

#[tokio::test]
async fn text_of_a_secret_is_kept_as_bytes() {
    conforms(async |fixture| {
        let secret: Secret = object(json!({"metadata": {"name": "s"}, "stringData": {"secretkey": "abc"}}));
        let made = fixture.api().create(&PostParams::default(), &secret).await.expect("created");
        let bytes = made.data.and_then(|data| data.get("secretkey").map(|bytes| bytes.0.clone()));
        assert_eq!(bytes, Some(b"abc".to_vec()));
        assert_eq!(made.type_.as_deref(), Some("Opaque"));
    })
    .await;
}

#[tokio::test]
async fn an_event_of_one_group_is_read_in_the_other() {
    conforms(async |fixture| {
        let event: Event = object(json!({
            "metadata": {"name": "e"}, "eventTime": "2030-01-01T00:00:00.000000Z", "note": "hello", "reason": "R",
            "type": "Normal", "action": "A", "reportingController": "patina.dev/test", "reportingInstance": "i",
            "regarding": {"kind": "Service", "name": "web", "namespace": fixture.namespace},
        }));
        fixture.api::<Event>().create(&PostParams::default(), &event).await.expect("created");
        let core: Api<k8s_openapi::api::core::v1::Event> = fixture.api();
        let about = ListParams::default().fields("involvedObject.name=web,involvedObject.kind=Service");
        let found = core.list(&about).await.expect("listed");
        assert_eq!(found.items.first().and_then(|event| event.message.as_deref()), Some("hello"));
    })
    .await;
}
