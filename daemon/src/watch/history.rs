//! Whether the cluster still has the history that this process has seen.
//!
//! Versions of objects are numbers of one store that only grow (Kubernetes 1.35: API Concepts, "Resource versions"), until
//! the store is restored from an older snapshot. A watch that goes on from a version that the store has yet to reach again
//! hears nothing, and no error says so. Every restore breaks the watches: each asks, once it has failed, for the store's
//! newest version. If that is older than what any watch of the process has seen, all of them list again. A store of one
//! member may answer so for a moment after its start; then a list is read for nothing.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use kube::api::ListParams;
use kube::runtime::watcher::Event;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch as value;

/// An answer to a list of one object takes no longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the watches of a process have seen together.
#[derive(Clone, Debug, Default)]
pub(super) struct History(Arc<value::Sender<Seen>>);

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    newest: u64,
    /// How often the store has turned back.
    turns: u32,
}

impl History {
    fn saw(&self, version: u64) {
        self.0.send_if_modified(|seen| {
            let newer = version > seen.newest;
            seen.newest = seen.newest.max(version);
            newer
        });
    }

    fn turns(&self) -> u32 {
        self.0.borrow().turns
    }

    /// Compares with the store's newest version.
    fn compare(&self, now: u64) {
        self.0.send_modify(|seen| {
            seen.turns += u32::from(now < seen.newest);
            seen.newest = now;
        });
    }
}

/// One watch's place in it.
#[derive(Debug)]
pub(super) struct Place {
    history: History,
    turns: u32,
    doubt: bool,
}

impl Place {
    pub(super) fn new(history: History) -> Self {
        Self { turns: history.turns(), history, doubt: false }
    }

    /// The watch has told of an object.
    pub(super) fn saw<K: Resource>(&self, event: &Event<K>) {
        let object = match event {
            Event::Apply(object) | Event::Delete(object) | Event::InitApply(object) => object,
            Event::Init | Event::InitDone => return,
        };
        let version = object.meta().resource_version.as_deref();
        if let Some(version) = version.and_then(|version| version.parse().ok()) {
            self.history.saw(version);
        }
    }

    /// The watch has failed.
    pub(super) fn doubt(&mut self) {
        self.doubt = true;
    }

    /// Whether the store has turned back since this watch listed. Asks the store when there is doubt; while it does not
    /// answer, doubt remains.
    pub(super) async fn turned_back<K>(&mut self, api: &Api<K>) -> bool
    where
        K: Clone + Debug + DeserializeOwned,
    {
        if self.doubt
            && let Some(now) = newest(api).await
        {
            self.history.compare(now);
            self.doubt = false;
        }
        let turns = self.history.turns();
        std::mem::replace(&mut self.turns, turns) != turns
    }
}

/// A list without a version is answered from the store, or from a cache that has caught up with it.
async fn newest<K: Clone + Debug + DeserializeOwned>(api: &Api<K>) -> Option<u64> {
    let one = ListParams::default().limit(1);
    let list = tokio::time::timeout(PATIENCE, api.list_metadata(&one)).await.ok()?.ok()?;
    list.metadata.resource_version?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_older_than_any_that_was_seen_turns_every_watch_back() {
        let history = History::default();
        let before = history.turns();
        history.saw(40);
        history.saw(30);
        history.compare(40);
        assert_eq!(history.turns(), before);
        history.compare(39);
        assert_eq!(history.turns(), before + 1);
        history.compare(39);
        assert_eq!(history.turns(), before + 1, "once for each restore");
    }
}
