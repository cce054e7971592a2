//! Lists: revisions, selectors, pages, forms.
//!
//! Source: Kubernetes documentation, "Kubernetes API Concepts", "Resource versions" and "Retrieving large
//! results sets in chunks".

use serde_json::{Value, json};

use crate::case::{conforms, differs};
use crate::difference::Difference;
use crate::fixture::{Answer, Fixture};

/// A token for what follows the object `a` as of revision 1, which every server has long forgotten:
/// `{"v":"meta.k8s.io/v1","rv":1,"start":"/a\u0000"}`.
const PAGE_OF_REVISION_1: &str = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIvYVx1MDAwMCJ9";

/// Makes ConfigMaps, each with its name's first letter as label `letter`, and returns the last revision.
async fn make(fixture: &Fixture, names: &[&str]) -> String {
    let mut revision = String::new();
    for name in names {
        let map = json!({"metadata": {"name": name, "labels": {"letter": name[..1]}}});
        let made = fixture.post(&fixture.core("configmaps"), &map).await.ok();
        revision = made["metadata"]["resourceVersion"].as_str().expect("revision").to_owned();
    }
    revision
}

/// The ConfigMaps that a query finds. The certificate that every namespace gets carries no label.
async fn list(fixture: &Fixture, query: &str) -> Answer {
    let selected = if query.contains("labelSelector") { "" } else { "&labelSelector=letter" };
    fixture.get(&fixture.core(&format!("configmaps?{query}{selected}"))).await
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("items").iter();
    items.map(|item| item["metadata"]["name"].as_str().unwrap_or_default()).collect()
}

fn revision(list: &Value) -> u64 {
    list["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok()).expect("a revision")
}

#[tokio::test]
async fn a_list_says_as_of_when_it_is_and_comes_in_the_order_of_names() {
    conforms(async |fixture| {
        let made: u64 = make(fixture, &["c", "a", "b"]).await.parse().expect("a number");
        let listed = list(fixture, "").await.ok();
        assert!(revision(&listed) >= made, "{listed}");
        assert_eq!((&listed["kind"], &listed["apiVersion"]), (&json!("ConfigMapList"), &json!("v1")));
        assert_eq!(names(&listed), ["a", "b", "c"]);
    })
    .await;
}

#[tokio::test]
async fn items_of_a_builtin_kind_do_not_repeat_it_and_those_of_a_custom_kind_do() {
    conforms(async |fixture| {
        make(fixture, &["a"]).await;
        let listed = list(fixture, "").await.ok();
        assert_eq!((listed["items"][0].get("kind"), listed["items"][0].get("apiVersion")), (None, None));
        let widgets = fixture.widgets().await;
        fixture.post(&widgets.path(""), &widgets.one(json!({"size": 1}))).await.ok();
        let listed = fixture.get(&widgets.path("")).await.ok();
        assert_eq!(listed["kind"], "WidgetList");
        assert_eq!(listed["items"][0]["kind"], "Widget");
    })
    .await;
}

#[tokio::test]
async fn a_list_not_older_than_a_write_shows_it() {
    conforms(async |fixture| {
        let since = make(fixture, &["a"]).await;
        for query in [
            format!("resourceVersion={since}"),
            format!("resourceVersion={since}&resourceVersionMatch=NotOlderThan"),
        ] {
            assert_eq!(names(&list(fixture, &query).await.ok()), ["a"], "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_list_of_an_exact_revision_shows_the_past() {
    conforms(async |fixture| {
        let then = make(fixture, &["a", "b"]).await;
        make(fixture, &["c"]).await;
        fixture.delete(&fixture.core("configmaps/a")).await.ok();
        let past = list(fixture, &format!("resourceVersion={then}&resourceVersionMatch=Exact")).await.ok();
        assert_eq!(names(&past), ["a", "b"]);
        assert_eq!(past["metadata"]["resourceVersion"], then.as_str());
    })
    .await;
}

#[tokio::test]
async fn a_revision_that_was_never_written_is_waited_for_in_vain() {
    conforms(async |fixture| {
        let since: u64 = make(fixture, &["a"]).await.parse().expect("a number");
        let future = list(fixture, &format!("resourceVersion={}", since + 1_000_000)).await;
        let message = future.refused(504, "Timeout");
        assert!(message.starts_with("Timeout: Too large resource version: "), "{message}");
        assert_eq!(future.causes(), [("ResourceVersionTooLarge", "")]);
        assert_eq!(future.body["details"]["retryAfterSeconds"], 1);
    })
    .await;
}

#[tokio::test]
async fn options_that_contradict_each_other_are_refused() {
    conforms(async |fixture| {
        for (query, reason) in [
            ("resourceVersionMatch=Exact", "FieldValueForbidden"),
            ("resourceVersionMatch=NotOlderThan", "FieldValueForbidden"),
            ("resourceVersionMatch=Exact&resourceVersion=0", "FieldValueForbidden"),
            ("resourceVersionMatch=Sometimes&resourceVersion=1", "FieldValueNotSupported"),
            ("sendInitialEvents=true", "FieldValueForbidden"),
        ] {
            let refused = list(fixture, query).await;
            refused.refused(422, "Invalid");
            assert!(refused.causes().iter().any(|(found, _)| *found == reason), "{query}: {refused:?}");
        }
        list(fixture, "resourceVersion=never").await.refused(400, "BadRequest");
        list(fixture, "continue=odd").await.refused(400, "BadRequest");
        list(fixture, "limit=some").await.refused(400, "BadRequest");
    })
    .await;
}

#[tokio::test]
async fn labels_select_in_every_form() {
    conforms(async |fixture| {
        make(fixture, &["a", "b", "c"]).await;
        for (selector, found) in [
            ("letter=a", &["a"][..]),
            ("letter==a", &["a"]),
            ("letter!=a,letter", &["b", "c"]),
            ("letter in (a,c)", &["a", "c"]),
            ("letter notin (a,c),letter", &["b"]),
            ("letter,letter!=b,letter notin (c)", &["a"]),
            ("letter>1", &[]),
        ] {
            let encoded = selector.replace(' ', "%20").replace('=', "%3D").replace('>', "%3E");
            let listed = list(fixture, &format!("labelSelector={encoded}")).await.ok();
            assert_eq!(names(&listed), found, "{selector}");
        }
        let without = list(fixture, "labelSelector=%21letter").await.ok();
        assert!(!names(&without).contains(&"a"));
        list(fixture, "labelSelector=a%3D%3D%3Db").await.refused(400, "BadRequest");
        list(fixture, "labelSelector=a%20in%20b").await.refused(400, "BadRequest");
    })
    .await;
}

#[tokio::test]
async fn fields_select_where_the_kind_says_so() {
    conforms(async |fixture| {
        make(fixture, &["a", "b"]).await;
        assert_eq!(names(&list(fixture, "fieldSelector=metadata.name%3Da").await.ok()), ["a"]);
        assert_eq!(names(&list(fixture, "fieldSelector=metadata.name%21%3Da").await.ok()), ["b"]);
        let unknown = list(fixture, "fieldSelector=data.x%3Da").await;
        assert!(unknown.refused(400, "BadRequest").contains("\"data.x\" is not a known field selector"));
        let widgets = fixture.widgets().await;
        for (name, colour) in [("one", "red"), ("two", "green")] {
            let widget = widgets.named(name, json!({"size": 1, "colour": colour}));
            fixture.post(&widgets.path(""), &widget).await.ok();
        }
        let red = fixture.get(&widgets.path("?fieldSelector=spec.colour%3Dred")).await.ok();
        assert_eq!(names(&red), ["one"]);
        let size = fixture.get(&widgets.path("?fieldSelector=spec.size%3D1")).await;
        assert!(size.refused(400, "BadRequest").contains("field label not supported: spec.size"));
    })
    .await;
}

#[tokio::test]
async fn pages_show_one_moment() {
    conforms(async |fixture| {
        let widgets = fixture.widgets().await;
        for name in ["a", "b", "c", "d", "e"] {
            fixture.post(&widgets.path(""), &widgets.named(name, json!({"size": 1}))).await.ok();
        }
        let first = fixture.get(&widgets.path("?limit=2")).await.ok();
        assert_eq!((names(&first), &first["metadata"]["remainingItemCount"]), (vec!["a", "b"], &json!(3)));
        fixture.post(&widgets.path(""), &widgets.named("f", json!({"size": 1}))).await.ok();
        fixture.delete(&widgets.path("d")).await.ok();
        let next = |page: &Value| {
            let token = page["metadata"]["continue"].as_str().expect("a token").to_owned();
            widgets.path(&format!("?limit=2&continue={token}"))
        };
        let second = fixture.get(&next(&first)).await.ok();
        assert_eq!((names(&second), &second["metadata"]["remainingItemCount"]), (vec!["c", "d"], &json!(1)));
        let third = fixture.get(&next(&second)).await.ok();
        assert_eq!(names(&third), ["e"]);
        assert!(matches!(third["metadata"].get("continue").and_then(Value::as_str), None | Some("")));
        assert_eq!(third["metadata"].get("remainingItemCount"), None);
        assert_eq!(revision(&first), revision(&third));
    })
    .await;
}

#[tokio::test]
async fn how_many_selected_objects_follow_is_not_known() {
    conforms(async |fixture| {
        make(fixture, &["a", "b", "c"]).await;
        let page = list(fixture, "limit=1&labelSelector=letter").await.ok();
        assert_eq!((names(&page), page["metadata"].get("remainingItemCount")), (vec!["a"], None));
        let token = page["metadata"]["continue"].as_str().expect("a token");
        let rest = list(fixture, &format!("labelSelector=letter&continue={token}")).await.ok();
        assert_eq!(names(&rest), ["b", "c"]);
    })
    .await;
}

#[tokio::test]
async fn a_continued_list_names_no_revision_of_its_own() {
    conforms(async |fixture| {
        let since = make(fixture, &["a", "b"]).await;
        let page = list(fixture, "limit=1").await.ok();
        let token = page["metadata"]["continue"].as_str().expect("a token");
        let both = list(fixture, &format!("limit=1&continue={token}&resourceVersion={since}")).await;
        both.refused(400, "BadRequest");
    })
    .await;
}

#[tokio::test]
async fn an_expired_page_is_told_with_a_way_to_go_on() {
    conforms(async |fixture| {
        let revision = make(fixture, &["a", "b", "c"]).await;
        fixture.forget_before(&revision).await;
        let expired = list(fixture, &format!("continue={PAGE_OF_REVISION_1}")).await;
        let message = expired.refused(410, "Expired");
        assert!(message.starts_with("The provided continue parameter is too old"), "{message}");
        let inconsistent = expired.text("/metadata/continue");
        let rest = list(fixture, &format!("continue={inconsistent}")).await.ok();
        assert_eq!(names(&rest), ["b", "c"]);
    })
    .await;
}

#[tokio::test]
async fn a_list_of_a_forgotten_revision_is_refused() {
    conforms(async |fixture| {
        let revision = make(fixture, &["a"]).await;
        fixture.forget_before(&revision).await;
        let expired = list(fixture, "resourceVersion=1&resourceVersionMatch=Exact").await;
        let message = expired.refused(410, "Expired");
        assert_eq!(message, "The resourceVersion for the provided list is too old.");
    })
    .await;
}

#[tokio::test]
async fn a_namespace_that_is_not_there_is_empty() {
    conforms(async |fixture| {
        let listed = fixture.get("/api/v1/namespaces/no-such-namespace/configmaps").await.ok();
        assert_eq!(names(&listed), Vec::<&str>::new());
    })
    .await;
}

#[tokio::test]
async fn metadata_alone_is_answered_where_it_is_asked_for() {
    conforms(async |fixture| {
        make(fixture, &["a"]).await;
        let accept = |kind: &str| format!("application/json;as={kind};v=v1;g=meta.k8s.io");
        let path = fixture.core("configmaps/a");
        let one = fixture.get_as(&path, &accept("PartialObjectMetadata")).await.ok();
        assert_eq!(
            (&one["kind"], &one["apiVersion"]),
            (&json!("PartialObjectMetadata"), &json!("meta.k8s.io/v1"))
        );
        assert_eq!((&one["metadata"]["name"], one.get("data")), (&json!("a"), None));
        let path = fixture.core("configmaps?labelSelector=letter");
        let many = fixture.get_as(&path, &accept("PartialObjectMetadataList")).await.ok();
        assert_eq!((&many["kind"], names(&many)), (&json!("PartialObjectMetadataList"), vec!["a"]));
        assert_eq!(many["items"][0]["kind"], "PartialObjectMetadata");
    })
    .await;
}

#[tokio::test]
async fn an_object_is_answered_as_yaml_or_not_at_all_in_an_unknown_form() {
    conforms(async |fixture| {
        make(fixture, &["a"]).await;
        let path = fixture.core("configmaps/a");
        let yaml = fixture.get_as(&path, "application/yaml").await;
        assert_eq!((yaml.code, yaml.media.as_str()), (200, "application/yaml"));
        assert!(yaml.body.as_str().is_some_and(|text| text.contains("\n  name: a\n")), "{yaml:?}");
        fixture.get_as(&path, "text/csv").await.refused(406, "NotAcceptable");
    })
    .await;
}

#[tokio::test]
async fn an_object_is_answered_as_a_protocol_buffer() {
    differs(Difference::Protobuf, async |fixture| {
        make(fixture, &["a"]).await;
        let answer =
            fixture.get_as(&fixture.core("configmaps/a"), "application/vnd.kubernetes.protobuf").await;
        assert_eq!((answer.code, answer.media.as_str()), (200, "application/vnd.kubernetes.protobuf"));
    })
    .await;
}
