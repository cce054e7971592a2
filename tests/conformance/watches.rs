//! Watches: from where, what they tell, how they end.
//!
//! Source: Kubernetes documentation, "Kubernetes API Concepts", "Efficient detection of changes", "Watch
//! bookmarks" and "Streaming lists".

use std::pin::pin;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::PostParams;
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::case::conforms;
use crate::fixture::{BOUND, Events, Fixture, MERGE, Widgets, object};

/// Makes a widget and returns the revision of that.
async fn make(fixture: &Fixture, widgets: &Widgets<'_>, name: &str) -> u64 {
    let made = fixture.post(&widgets.path(""), &widgets.named(name, json!({"size": 1}))).await.ok();
    revision(&made)
}

async fn label(fixture: &Fixture, widgets: &Widgets<'_>, name: &str, group: &str) -> Value {
    let patch = json!({"metadata": {"labels": {"group": group}}});
    fixture.patch(&widgets.path(name), MERGE, &patch).await.ok()
}

fn revision(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok()).expect("a revision")
}

/// Waits for the bookmark that ends the initial events and returns the names told before it.
async fn initial_events(events: &mut Events) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let event = events.next().await.expect("the watch goes on");
        let annotations = &event["object"]["metadata"]["annotations"];
        match event["type"].as_str() {
            Some("ADDED") => {
                names.push(event["object"]["metadata"]["name"].as_str().unwrap_or_default().into())
            }
            Some("BOOKMARK") if annotations["k8s.io/initial-events-end"] == "true" => return names,
            _ => panic!("neither an object nor the end: {event}"),
        }
    }
}

#[tokio::test]
async fn a_watch_tells_what_happened_since_its_revision() {
    conforms(async |fixture| {
        let widgets = &fixture.widgets().await;
        let since = make(fixture, widgets, "a").await;
        make(fixture, widgets, "b").await;
        let mut events = fixture.watch(&widgets.path(&format!("?resourceVersion={since}"))).await;
        assert_eq!(events.word().await, "ADDED b");
        let changed = label(fixture, widgets, "a", "x").await;
        let event = events.next().await.expect("a change");
        assert_eq!((&event["type"], &event["object"]), (&json!("MODIFIED"), &changed));
        fixture.delete(&widgets.path("a")).await.ok();
        let event = events.next().await.expect("a removal");
        assert_eq!((&event["type"], &event["object"]["metadata"]["name"]), (&json!("DELETED"), &json!("a")));
        assert!(
            revision(&event["object"]) > revision(&changed),
            "the removal has a revision of its own: {event}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_watch_from_anywhere_begins_with_what_is_there() {
    conforms(async |fixture| {
        let widgets = &fixture.widgets().await;
        make(fixture, widgets, "a").await;
        for query in ["", "?resourceVersion=0"] {
            let mut events = fixture.watch(&widgets.path(query)).await;
            assert_eq!(events.word().await, "ADDED a", "{query}");
        }
        let mut events = fixture.watch(&widgets.path("")).await;
        assert_eq!(events.word().await, "ADDED a");
        make(fixture, widgets, "b").await;
        assert_eq!(events.word().await, "ADDED b");
    })
    .await;
}

#[tokio::test]
async fn a_watch_tells_of_its_namespace_and_of_its_name_only() {
    conforms(async |fixture| {
        let widgets = &fixture.widgets().await;
        let since = make(fixture, widgets, "a").await;
        let query = format!("?resourceVersion={since}&fieldSelector=metadata.name%3Dc");
        let mut named = fixture.watch(&widgets.path(&query)).await;
        let elsewhere =
            format!("/apis/{}/v1/namespaces/default/widgets?resourceVersion={since}", widgets.group);
        let mut elsewhere = fixture.watch(&elsewhere).await;
        make(fixture, widgets, "b").await;
        make(fixture, widgets, "c").await;
        assert_eq!(named.word().await, "ADDED c");
        let abroad = format!("/apis/{}/v1/namespaces/default/widgets", widgets.group);
        fixture.post(&abroad, &widgets.named("d", json!({"size": 1}))).await.ok();
        assert_eq!(elsewhere.word().await, "ADDED d");
    })
    .await;
}

#[tokio::test]
async fn an_object_that_begins_or_ceases_to_match_comes_and_goes() {
    conforms(async |fixture| {
        let widgets = &fixture.widgets().await;
        let since = make(fixture, widgets, "a").await;
        let query = format!("?resourceVersion={since}&labelSelector=group%3Dmine");
        let mut events = fixture.watch(&widgets.path(&query)).await;
        label(fixture, widgets, "a", "mine").await;
        assert_eq!(events.word().await, "ADDED a");
        let left = label(fixture, widgets, "a", "other").await;
        let event = events.next().await.expect("an end");
        assert_eq!(event["type"], "DELETED");
        assert_eq!(event["object"]["metadata"]["labels"]["group"], "mine", "as it was last seen");
        assert_eq!(revision(&event["object"]), revision(&left), "at the moment it left");
    })
    .await;
}

#[tokio::test]
async fn a_forgotten_revision_ends_the_watch_with_410_and_a_new_list_goes_on() {
    conforms(async |fixture| {
        let widgets = &fixture.widgets().await;
        make(fixture, widgets, "a").await;
        let mut events = fixture.watch(&widgets.path("?resourceVersion=1")).await;
        let event = events.next().await.expect("an error");
        assert_eq!(event["type"], "ERROR");
        let status = &event["object"];
        assert_eq!(
            (&status["kind"], &status["code"], &status["reason"]),
            (&json!("Status"), &json!(410), &json!("Expired"))
        );
        assert!(
            status["message"].as_str().is_some_and(|text| text.starts_with("too old resource version: 1 ("))
        );
        assert_eq!(events.next().await, None);

        let listed = fixture.get(&widgets.path("")).await.ok();
        let since = format!("?resourceVersion={}", revision(&listed));
        let mut events = fixture.watch(&widgets.path(&since)).await;
        make(fixture, widgets, "b").await;
        assert_eq!(events.word().await, "ADDED b");
    })
    .await;
}

#[tokio::test]
async fn a_watch_from_the_future_is_silent_until_then() {
    conforms(async |fixture| {
        let widgets = &fixture.widgets().await;
        let far = make(fixture, widgets, "a").await + 1_000_000;
        let query = format!("?resourceVersion={far}&timeoutSeconds=2");
        let future = fixture.watch(&widgets.path(&query)).await;
        make(fixture, widgets, "b").await;
        assert_eq!(future.rest().await, Vec::<Value>::new());
    })
    .await;
}

#[tokio::test]
async fn a_watch_ends_in_its_time_and_says_before_how_far_it_came() {
    conforms(async |fixture| {
        let widgets = &fixture.widgets().await;
        let since = make(fixture, widgets, "a").await;
        let query = format!("?resourceVersion={since}&timeoutSeconds=4");
        let silent = fixture.watch(&widgets.path(&query)).await;
        let marked = fixture.watch(&widgets.path(&format!("{query}&allowWatchBookmarks=true"))).await;
        assert_eq!(silent.rest().await, Vec::<Value>::new());
        let marked = marked.rest().await;
        let last = marked.last().expect("a bookmark");
        assert!(marked.iter().all(|event| event["type"] == "BOOKMARK"), "{marked:?}");
        assert_eq!(last["object"]["kind"], "Widget");
        assert!(revision(&last["object"]) >= since, "{last}");
        assert_eq!(last["object"].get("spec"), None);
    })
    .await;
}

#[tokio::test]
async fn a_streamed_list_ends_with_its_bookmark_and_goes_on() {
    conforms(async |fixture| {
        let widgets = &fixture.widgets().await;
        for name in ["a", "b"] {
            make(fixture, widgets, name).await;
        }
        for revision in ["", "0"] {
            let query = format!(
                "?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion={revision}"
            );
            let mut events = fixture.watch(&widgets.path(&query)).await;
            let mut told = initial_events(&mut events).await;
            told.sort();
            assert_eq!(told, ["a", "b"], "{revision}");
            label(fixture, widgets, "a", &format!("after{revision}")).await;
            assert_eq!(events.word().await, "MODIFIED a");
        }
    })
    .await;
}

#[tokio::test]
async fn a_watch_may_say_that_it_wants_no_initial_events() {
    conforms(async |fixture| {
        let widgets = &fixture.widgets().await;
        make(fixture, widgets, "a").await;
        let query = "?sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
        let mut events = fixture.watch(&widgets.path(query)).await;
        make(fixture, widgets, "b").await;
        assert_eq!(events.word().await, "ADDED b");
    })
    .await;
}

#[tokio::test]
async fn options_of_a_streamed_list_belong_together() {
    conforms(async |fixture| {
        let widgets = &fixture.widgets().await;
        for query in [
            "sendInitialEvents=true",
            "sendInitialEvents=true&resourceVersionMatch=Exact",
            "resourceVersionMatch=NotOlderThan",
            "resourceVersionMatch=NotOlderThan&resourceVersion=1",
        ] {
            let refused = fixture.get(&widgets.path(&format!("?watch=true&{query}"))).await;
            refused.refused(422, "Invalid");
            assert_eq!(refused.causes().first().map(|cause| cause.0), Some("FieldValueForbidden"), "{query}");
        }
        let unreadable = fixture.get(&widgets.path("?watch=true&resourceVersion=never")).await;
        unreadable.refused(500, "");
    })
    .await;
}

#[tokio::test]
async fn the_typed_client_lists_by_stream() {
    conforms(async |fixture| {
        let map = |name: &str| -> ConfigMap {
            object(json!({"metadata": {"name": name, "labels": {"group": "x"}}}))
        };
        fixture.api().create(&PostParams::default(), &map("a")).await.expect("created");
        let config = watcher::Config::default().labels("group=x").streaming_lists();
        let mut events = pin!(watcher(fixture.api::<ConfigMap>(), config));
        let mut seen = Vec::new();
        loop {
            let event = timeout(BOUND, events.next()).await.expect("in time").expect("an event");
            match event.expect("no error") {
                watcher::Event::InitDone => break,
                watcher::Event::InitApply(object) => seen.push(object.name_any()),
                watcher::Event::Init | watcher::Event::Apply(_) | watcher::Event::Delete(_) => {}
            }
        }
        assert_eq!(seen, ["a"]);
    })
    .await;
}

#[tokio::test]
async fn a_reflector_keeps_up_with_many_writes() {
    conforms(async |fixture| {
        let maps = fixture.api::<ConfigMap>();
        let (reader, writer) = kube::runtime::reflector::store();
        let config = watcher::Config::default().labels("group=many");
        let mut events = pin!(watcher(maps.clone(), config).reflect(writer).applied_objects());
        let writing = async {
            for number in 0..500 {
                let map =
                    object(json!({"metadata": {"name": format!("m{number}"), "labels": {"group": "many"}}}));
                maps.create(&PostParams::default(), &map).await.expect("created");
            }
        };
        let reading = async {
            while reader.state().len() < 500 {
                events.try_next().await.expect("no error");
            }
        };
        timeout(BOUND, futures::future::join(writing, reading)).await.expect("in time");
    })
    .await;
}

/// What is written while nobody reads: more than both ends of a connection and the server hold for a watcher.
const SLOW_WRITES: usize = 600;
const SLOW_BYTES: usize = 100_000;

#[tokio::test]
async fn a_watcher_that_does_not_read_is_cut_off_and_goes_on_from_where_it_came_to() {
    conforms(async |fixture| {
        let maps = fixture.core("configmaps");
        let first = fixture.post(&maps, &json!({"metadata": {"name": "big"}})).await.ok();
        let since = |revision: u64| {
            fixture.core(&format!("configmaps?fieldSelector=metadata.name%3Dbig&resourceVersion={revision}"))
        };
        let events = fixture.watch(&since(revision(&first))).await;
        for number in 0..SLOW_WRITES {
            let data = json!({"data": {"number": number.to_string(), "filling": "x".repeat(SLOW_BYTES)}});
            fixture.patch(&fixture.core("configmaps/big"), MERGE, &data).await.ok();
        }
        let told = events.rest().await;
        assert!((1..SLOW_WRITES).contains(&told.len()), "{} of {SLOW_WRITES} were told", told.len());
        for (number, event) in told.iter().enumerate() {
            assert_eq!((&event["type"], number_of(event)), (&json!("MODIFIED"), Some(number)));
        }
        let last = told.last().map_or(0, |event| revision(&event["object"]));
        let mut events = fixture.watch(&since(last)).await;
        assert_eq!(events.next().await.as_ref().and_then(number_of), Some(told.len()));
    })
    .await;
}

/// Which write an event tells of.
fn number_of(event: &Value) -> Option<usize> {
    event["object"]["data"]["number"].as_str()?.parse().ok()
}

#[tokio::test]
async fn events_come_as_metadata_where_they_are_asked_for_so() {
    conforms(async |fixture| {
        let widgets = &fixture.widgets().await;
        make(fixture, widgets, "a").await;
        let accept = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
        let mut events = fixture.watch_as(&widgets.path(""), accept).await;
        let event = events.next().await.expect("an object");
        assert_eq!(event["object"]["kind"], "PartialObjectMetadata");
        assert_eq!(event["object"]["metadata"]["name"], "a");
        assert_eq!(event["object"].get("spec"), None);
    })
    .await;
}
