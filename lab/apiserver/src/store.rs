//! Objects, their revisions, and the history a watch is served from.
//!
//! One number counts all writes. Each collection remembers its last changes; a watch that asks for an
//! older revision is told to list again (410). A watcher that does not keep up is closed, never waited for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::object;
use crate::resource::StorageId;
use crate::status::Status;

mod collection;

pub(crate) use collection::{Change, ChangeKind, Collection, Objects};

/// Name of an object within its collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    pub(crate) fn of(object: &Value) -> Self {
        Self::new(object::namespace(object), object::name(object))
    }
}

/// Name of one kept object.
pub(crate) type ObjectId = (StorageId, Key);

/// What a watcher is told.
#[derive(Clone, Debug)]
pub(crate) enum Signal {
    /// Something was written.
    Change(Arc<Change>),
    /// Everything up to this revision was told.
    Bookmark(u64),
}

/// The changes after a revision, and those to come.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Nothing up to this revision is told.
    pub(crate) after: u64,
    pub(crate) replay: Vec<Arc<Change>>,
    pub(crate) signals: mpsc::Receiver<Signal>,
}

impl Subscription {
    /// One that tells nothing and is over.
    pub(crate) fn ended() -> Self {
        let (_, signals) = mpsc::channel(1);
        Self { after: 0, replay: Vec::new(), signals }
    }
}

/// All collections.
#[derive(Debug)]
pub(crate) struct Store {
    revision: u64,
    /// Changes remembered per collection.
    history: usize,
    /// Changes that may wait for one watcher. One that falls further behind is closed; its client goes on from where it came to.
    backlog: usize,
    collections: BTreeMap<StorageId, Collection>,
}

impl Store {
    /// An empty store that remembers `history` changes per collection and keeps `backlog` changes for a watcher.
    pub(crate) fn new(history: usize, backlog: usize) -> Self {
        Self { revision: 1, history, backlog, collections: BTreeMap::new() }
    }

    /// The number of the last write.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn get(&self, storage: &StorageId, key: &Key) -> Option<&Arc<Value>> {
        self.collections.get(storage)?.objects().get(key)
    }

    /// The present objects of a collection.
    pub(crate) fn objects(&self, storage: &StorageId) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        self.collections.get(storage).into_iter().flat_map(|collection| collection.objects())
    }

    /// Every collection with its name.
    pub(crate) fn collections(&self) -> impl Iterator<Item = (&StorageId, &Collection)> {
        self.collections.iter()
    }

    /// Writes an object under the next revision.
    pub(crate) fn put(&mut self, storage: &StorageId, mut object: Value) -> Arc<Value> {
        let revision = self.advance();
        object::set(&mut object, &["metadata", "resourceVersion"], json!(revision.to_string()));
        let object = Arc::new(object);
        let history = self.history;
        self.collection(storage).put(Key::of(&object), object.clone(), revision, history);
        object
    }

    /// Removes an object; what watchers see last carries the revision of the removal.
    pub(crate) fn remove(&mut self, storage: &StorageId, key: &Key) -> Option<Arc<Value>> {
        self.get(storage, key)?;
        let revision = self.advance();
        let history = self.history;
        self.collection(storage).remove(key, revision, history)
    }

    /// Begins a collection whose history begins now; one that is there already stays as it is.
    pub(crate) fn open(&mut self, storage: &StorageId) {
        let floor = self.revision;
        self.collections.entry(storage.clone()).or_insert_with(|| Collection::since(floor));
    }

    /// Changes how the present objects of a collection read, which is no write.
    pub(crate) fn reread(&mut self, storage: &StorageId, read: impl Fn(&mut Value)) {
        if let Some(collection) = self.collections.get_mut(storage) {
            collection.reread(read);
        }
    }

    /// Forgets a collection whole and closes its watchers.
    pub(crate) fn drop_collection(&mut self, storage: &StorageId) {
        self.collections.remove(storage);
    }

    /// A consistent view of a collection at a revision.
    ///
    /// # Errors
    /// 410 when the revision is no longer remembered, 504 when it lies in the future.
    pub(crate) fn at(&self, storage: &StorageId, revision: u64) -> Result<Objects, Status> {
        self.refuse_future(revision)?;
        match self.collections.get(storage) {
            Some(collection) => collection.at(revision),
            None => Ok(Objects::new()),
        }
    }

    /// Subscribes to the changes after `after`. A revision that lies in the future is no error: the watch is silent
    /// until then, as the real server's is.
    ///
    /// # Errors
    /// 410 when the history does not reach back so far.
    pub(crate) fn watch(&mut self, storage: &StorageId, after: u64) -> Result<Subscription, Status> {
        let (sender, signals) = mpsc::channel(self.backlog);
        let collection = self.collection(storage);
        let replay = collection.after(after)?;
        collection.subscribe(sender);
        Ok(Subscription { after, replay, signals })
    }

    /// Tells every watcher how far it has been served.
    pub(crate) fn bookmark(&mut self) {
        let revision = self.revision;
        self.collections.values_mut().for_each(|collection| collection.signal(&Signal::Bookmark(revision)));
    }

    /// Forgets all history up to the present, as compaction does.
    pub(crate) fn compact(&mut self) {
        let revision = self.revision;
        self.collections.values_mut().for_each(|collection| collection.compact(revision));
    }

    /// A client that has seen more than was ever written talks about another server's objects.
    fn refuse_future(&self, revision: u64) -> Result<(), Status> {
        if revision <= self.revision {
            return Ok(());
        }
        let current = self.revision;
        let message = format!("Timeout: Too large resource version: {revision}, current: {current}");
        let details = json!({
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        });
        Err(Status::detailed(crate::status::Reason::Timeout, message, details))
    }

    fn advance(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    fn collection(&mut self, storage: &StorageId) -> &mut Collection {
        self.collections.entry(storage.clone()).or_default()
    }
}
