//! Watches: from where, what they tell, how they end.

use std::pin::pin;
use std::time::Duration;

use futures::{Stream, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use patina_apiserver::Options;
use serde_json::json;
use tokio::time::timeout;

use crate::fixture::{Fixture, object};

/// Longer than anything here takes; reaching it is a failure.
const BOUND: Duration = Duration::from_secs(20);

fn map(name: &str, group: &str) -> ConfigMap {
    object(json!({"metadata": {"name": name, "labels": {"group": group}}}))
}

async fn next<T, E: std::fmt::Debug>(events: &mut (impl Stream<Item = Result<T, E>> + Unpin)) -> T {
    let event = timeout(BOUND, events.next()).await.expect("in time");
    event.expect("an event").expect("no error")
}

fn word(event: &WatchEvent<ConfigMap>) -> String {
    match event {
        WatchEvent::Added(object) => format!("added {}", object.name_any()),
        WatchEvent::Modified(object) => format!("modified {}", object.name_any()),
        WatchEvent::Deleted(object) => format!("deleted {}", object.name_any()),
        WatchEvent::Bookmark(_) => "bookmark".into(),
        WatchEvent::Error(error) => format!("error {}", error.code),
    }
}

#[tokio::test]
async fn a_watch_replays_what_happened_since_its_revision() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    let first = maps.create(&PostParams::default(), &map("a", "x")).await.expect("created");
    maps.create(&PostParams::default(), &map("b", "x")).await.expect("created");
    let since = first.resource_version().expect("revision");
    let mut events = pin!(maps.watch(&WatchParams::default(), &since).await.expect("watch"));
    assert_eq!(word(&next(&mut events).await), "added b");
    maps.delete("a", &DeleteParams::default()).await.expect("deleted");
    assert_eq!(word(&next(&mut events).await), "deleted a");
}

#[tokio::test]
async fn an_object_that_begins_or_ceases_to_match_comes_and_goes() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    let made = maps.create(&PostParams::default(), &map("a", "other")).await.expect("created");
    let since = made.resource_version().expect("revision");
    let selected = WatchParams::default().labels("group=mine");
    let mut events = pin!(maps.watch(&selected, &since).await.expect("watch"));
    for (group, expected) in [("mine", "added a"), ("other", "deleted a")] {
        let patch = Patch::Merge(json!({"metadata": {"labels": {"group": group}}}));
        maps.patch("a", &PatchParams::default(), &patch).await.expect("patched");
        assert_eq!(word(&next(&mut events).await), expected);
    }
}

#[tokio::test]
async fn a_forgotten_revision_ends_the_watch_with_410() {
    let fixture = Fixture::with(Options { history: 3, ..Options::default() }).await;
    let maps: Api<ConfigMap> = fixture.api();
    for name in ["a", "b", "c", "d", "e"] {
        maps.create(&PostParams::default(), &map(name, "x")).await.expect("created");
    }
    let mut events = pin!(maps.watch(&WatchParams::default(), "1").await.expect("watch"));
    assert_eq!(word(&next(&mut events).await), "error 410");
}

#[tokio::test]
async fn a_streamed_list_ends_with_its_bookmark() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    maps.create(&PostParams::default(), &map("a", "x")).await.expect("created");
    let config = watcher::Config::default().labels("group=x").streaming_lists();
    let mut events = pin!(watcher(maps, config));
    let mut seen = Vec::new();
    loop {
        match next(&mut events).await {
            watcher::Event::InitDone => break,
            watcher::Event::InitApply(object) => seen.push(object.name_any()),
            watcher::Event::Init | watcher::Event::Apply(_) | watcher::Event::Delete(_) => {}
        }
    }
    assert_eq!(seen, ["a"]);
}

#[tokio::test]
async fn a_reflector_keeps_up_with_a_thousand_writes() {
    let fixture = Fixture::new().await;
    let maps: Api<ConfigMap> = fixture.api();
    let (reader, writer) = kube::runtime::reflector::store();
    let config = watcher::Config::default().labels("group=many");
    let mut events = pin!(watcher(maps.clone(), config).reflect(writer).applied_objects());
    let writing = async {
        for number in 0..1_000 {
            maps.create(&PostParams::default(), &map(&format!("m{number}"), "many")).await.expect("created");
        }
    };
    let reading = async {
        while reader.state().len() < 1_000 {
            events.try_next().await.expect("no error");
        }
    };
    timeout(3 * BOUND, futures::future::join(writing, reading)).await.expect("in time");
}
