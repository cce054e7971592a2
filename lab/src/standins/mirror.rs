//! Copies of the API server's objects, and a bell that rings when one changes.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, future};
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Changes that come together are decided together.
const GATHER: Duration = Duration::from_millis(10);

/// After a write that failed, the next try.
const RETRY: Duration = Duration::from_millis(250);

/// The mirrors of one stand-in. Dropping it ends their watches.
pub(super) struct Mirrors {
    client: Client,
    bell: Arc<Notify>,
    watches: JoinSet<()>,
}

impl Mirrors {
    pub(super) fn new(client: Client) -> Self {
        Self { client, bell: Arc::new(Notify::new()), watches: JoinSet::new() }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Mirrors every object of a kind, in all namespaces.
    pub(super) fn all<K>(&mut self) -> Store<K>
    where
        K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
        K::DynamicType: Default + Eq + Hash + Clone + Send + Sync,
    {
        let (store, writer) = reflector::store();
        let bell = self.bell.clone();
        let events = watcher(Api::<K>::all(self.client.clone()), watcher::Config::default());
        let events = events.default_backoff().reflect(writer);
        self.watches.spawn(events.for_each(move |_| {
            bell.notify_one();
            future::ready(())
        }));
        store
    }

    /// Waits for the next change, at most for `rest`.
    pub(super) async fn changed(&self, rest: Duration) {
        if timeout(rest, self.bell.notified()).await.is_ok() {
            tokio::time::sleep(GATHER).await;
        }
    }

    /// Comes back soon: something could not be written.
    pub(super) async fn retry(&self) {
        tokio::time::sleep(RETRY).await;
        self.bell.notify_one();
    }
}

/// Waits until a mirror has every object once.
pub(super) async fn filled<K>(store: &Store<K>)
where
    K: Resource + Clone + 'static,
    K::DynamicType: Eq + Hash + Clone,
{
    // The writer lives as long as its watch, which lives as long as the mirrors.
    let _ = store.wait_until_ready().await;
}

/// Whether a write failed only because somebody else was first; the next change brings it right.
pub(super) fn is_outrun(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if matches!(status.code, 404 | 409))
}
