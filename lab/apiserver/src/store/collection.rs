//! One collection: its objects, its last changes, its watchers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::object;
use crate::status::Status;
use crate::store::{Key, Signal};

/// The objects of a collection by namespace and name.
pub(crate) type Objects = BTreeMap<Key, Arc<Value>>;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

/// One write, with what it replaced.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) kind: ChangeKind,
    pub(crate) object: Arc<Value>,
    pub(crate) previous: Option<Arc<Value>>,
}

/// Objects, history and watchers of one resource.
#[derive(Debug, Default)]
pub(crate) struct Collection {
    objects: Objects,
    log: VecDeque<Arc<Change>>,
    /// Changes after this revision are all in the log.
    floor: u64,
    watchers: Vec<mpsc::Sender<Signal>>,
}

impl Collection {
    /// An empty collection that knows nothing of what was before `floor`.
    pub(crate) fn since(floor: u64) -> Self {
        Self { floor, ..Self::default() }
    }

    pub(crate) fn objects(&self) -> &Objects {
        &self.objects
    }

    pub(crate) fn put(&mut self, key: Key, object: Arc<Value>, revision: u64, history: usize) {
        let previous = self.objects.insert(key, object.clone());
        let kind = if previous.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
        self.record(Change { revision, kind, object, previous }, history);
    }

    pub(crate) fn reread(&mut self, read: impl Fn(&mut Value)) {
        self.objects.values_mut().for_each(|object| read(Arc::make_mut(object)));
    }

    pub(crate) fn remove(&mut self, key: &Key, revision: u64, history: usize) -> Option<Arc<Value>> {
        let previous = self.objects.remove(key)?;
        let mut last = Value::clone(&previous);
        object::set(&mut last, &["metadata", "resourceVersion"], json!(revision.to_string()));
        let object = Arc::new(last);
        let change =
            Change { revision, kind: ChangeKind::Deleted, object: object.clone(), previous: Some(previous) };
        self.record(change, history);
        Some(object)
    }

    /// The collection as it was: the present one with every later change undone.
    pub(crate) fn at(&self, revision: u64) -> Result<Objects, Status> {
        self.refuse_forgotten(revision)?;
        let mut objects = self.objects.clone();
        for change in self.log.iter().rev().take_while(|change| change.revision > revision) {
            let key = Key::of(&change.object);
            match &change.previous {
                Some(previous) => objects.insert(key, previous.clone()),
                None => objects.remove(&key),
            };
        }
        Ok(objects)
    }

    pub(crate) fn after(&self, revision: u64) -> Result<Vec<Arc<Change>>, Status> {
        self.refuse_forgotten(revision)?;
        Ok(self.log.iter().filter(|change| change.revision > revision).cloned().collect())
    }

    pub(crate) fn subscribe(&mut self, watcher: mpsc::Sender<Signal>) {
        self.watchers.push(watcher);
    }

    /// Tells every watcher; one whose backlog is full, or who left, is dropped and thereby closed.
    pub(crate) fn signal(&mut self, signal: &Signal) {
        self.watchers.retain(|watcher| watcher.try_send(signal.clone()).is_ok());
    }

    pub(crate) fn compact(&mut self, revision: u64) {
        self.log.clear();
        self.floor = revision;
    }

    fn record(&mut self, change: Change, history: usize) {
        let change = Arc::new(change);
        self.log.push_back(change.clone());
        while self.log.len() > history {
            let Some(forgotten) = self.log.pop_front() else { break };
            self.floor = forgotten.revision;
        }
        self.signal(&Signal::Change(change));
    }

    fn refuse_forgotten(&self, revision: u64) -> Result<(), Status> {
        if revision < self.floor { Err(Status::expired(revision, self.floor)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Reason;

    fn put(collection: &mut Collection, name: &str, revision: u64, history: usize) {
        let object = Arc::new(json!({"metadata": {"name": name, "resourceVersion": revision.to_string()}}));
        collection.put(Key::new("", name), object, revision, history);
    }

    #[test]
    fn a_past_view_has_neither_later_objects_nor_later_removals() {
        let mut collection = Collection::default();
        put(&mut collection, "a", 2, 9);
        put(&mut collection, "b", 3, 9);
        collection.remove(&Key::new("", "a"), 4, 9);
        put(&mut collection, "b", 5, 9);

        let names = |revision| -> Vec<(String, u64)> {
            let objects = collection.at(revision).expect("remembered");
            objects
                .iter()
                .map(|(key, object)| {
                    (
                        key.name.clone(),
                        object::text(object, "/metadata/resourceVersion").parse().expect("number"),
                    )
                })
                .collect()
        };
        assert_eq!(names(2), [("a".to_owned(), 2)]);
        assert_eq!(names(3), [("a".to_owned(), 2), ("b".to_owned(), 3)]);
        assert_eq!(names(4), [("b".to_owned(), 3)]);
        assert_eq!(names(5), [("b".to_owned(), 5)]);
    }

    #[test]
    fn a_revision_older_than_the_history_is_expired() {
        let mut collection = Collection::default();
        (2..6).for_each(|revision| put(&mut collection, "a", revision, 2));
        assert_eq!(collection.after(3).expect("remembered").len(), 2);
        assert_eq!(collection.after(2).expect_err("forgotten").reason, Reason::Expired);
    }

    #[test]
    fn a_watcher_that_does_not_keep_up_is_closed() {
        let mut collection = Collection::default();
        let (sender, mut signals) = mpsc::channel(2);
        collection.subscribe(sender);
        (2..6).for_each(|revision| put(&mut collection, "a", revision, 9));
        let told = std::iter::from_fn(|| signals.try_recv().ok()).count();
        assert_eq!(told, 2);
        assert!(signals.is_closed());
    }
}
