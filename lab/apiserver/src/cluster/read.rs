//! get, list and watch.

use std::sync::Arc;

use serde_json::Value;

use crate::call::{Call, ListOptions, VersionMatch};
use crate::cluster::Cluster;
use crate::cluster::page::Page;
use crate::convert;
use crate::reply::{Feed, Listing, Next, Reply};
use crate::resource::Resource;
use crate::selector::Selector;
use crate::status::{Reason, Status};
use crate::store::{Key, Objects, Subscription};

/// How long a watch lasts when the client does not say: the real server's least.
const WATCH_SECONDS: u64 = 1_800;

impl Cluster {
    pub(super) fn get(&self, resource: &Arc<Resource>, call: &Call) -> Result<Reply, Status> {
        let object = self.live(resource, &call.target.key())?;
        Ok(Reply::object(resource, object))
    }

    pub(super) fn list(&self, resource: &Arc<Resource>, call: &Call) -> Result<Reply, Status> {
        let options = ListOptions::read(call.verb, &call.query)?;
        let selector = call.selector(resource, &options)?;
        let namespace = call.target.namespace.as_deref();
        let from = page(resource, &options, namespace)?;
        let revision = self.list_revision(&options, from.as_ref());
        let objects = self.store.at(&resource.storage, revision).map_err(|refusal| match &from {
            Some(from) if refusal.reason == Reason::Expired => from.expired(namespace),
            None if refusal.reason == Reason::Expired => {
                Status::new(Reason::Expired, "The resourceVersion for the provided list is too old.")
            }
            Some(_) | None => refusal,
        })?;
        let mut items = matching(resource, &objects, namespace, &selector);
        if let Some(from) = &from {
            items.retain(|(key, _)| *key > from.after);
        }
        let next = cut(&mut items, options.limit).map(|(after, remaining)| Next {
            token: Page { revision: Some(revision), after }.token(namespace),
            // How many of them a selector would find, the real server does not look.
            remaining: selector.is_empty().then_some(remaining),
        });
        let items = items.into_iter().map(|(_, object)| object).collect();
        Ok(Reply::Listing(Listing { resource: resource.clone(), items, revision, next }))
    }

    /// The revision a list shows: the present, unless it goes on with an older page or asks for an exact one.
    fn list_revision(&self, options: &ListOptions, from: Option<&Page>) -> u64 {
        let current = self.store.revision();
        match (from, options.version_match) {
            (Some(from), _) => from.revision.unwrap_or(current),
            (None, VersionMatch::Exact) => options.revision.unwrap_or(current),
            (None, VersionMatch::NotOlderThan | VersionMatch::Unset) => {
                options.revision.unwrap_or(0).max(current)
            }
        }
    }

    pub(super) fn watch(&mut self, resource: &Arc<Resource>, call: &Call) -> Result<Reply, Status> {
        let options = ListOptions::read(call.verb, &call.query)?;
        let selector = call.selector(resource, &options)?;
        let current = self.store.revision();
        let streams = options.send_initial_events == Some(true);
        let anywhere = options.revision.is_none_or(|revision| revision == 0);
        let fresh = streams || (anywhere && options.send_initial_events.is_none());
        let after = options.revision.filter(|revision| *revision > 0);
        let after = after.map_or(current, |after| if streams { after.max(current) } else { after });
        let (subscription, refusal) = match self.store.watch(&resource.storage, after) {
            Ok(subscription) => (subscription, None),
            // The real server tells this inside the watch, as its first and last event.
            Err(refusal) if refusal.reason == Reason::Expired => (Subscription::ended(), Some(refusal)),
            Err(refusal) => return Err(refusal),
        };
        let namespace = call.target.namespace.clone();
        let present = if fresh { self.store.at(&resource.storage, current)? } else { Objects::new() };
        let initial = matching(resource, &present, namespace.as_deref(), &selector);
        Ok(Reply::Feed(Feed {
            resource: resource.clone(),
            namespace,
            selector,
            initial: initial.into_iter().map(|(_, object)| object).collect(),
            initial_end: (streams && options.bookmarks).then_some(current),
            refusal,
            after: subscription.after,
            current,
            replay: subscription.replay,
            signals: subscription.signals,
            bookmarks: options.bookmarks,
            timeout_seconds: options.timeout_seconds.unwrap_or(WATCH_SECONDS),
        }))
    }
}

/// The page that a list goes on with.
fn page(resource: &Resource, options: &ListOptions, namespace: Option<&str>) -> Result<Option<Page>, Status> {
    if options.continues.is_empty() {
        return Ok(None);
    }
    if options.revision.is_some_and(|revision| revision > 0) {
        return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
    }
    Page::read(&options.continues, resource, namespace).map(Some)
}

fn matching(
    resource: &Resource,
    objects: &Objects,
    namespace: Option<&str>,
    selector: &Selector,
) -> Vec<(Key, Arc<Value>)> {
    let in_namespace = |key: &Key| namespace.is_none_or(|namespace| key.namespace == namespace);
    let matches = objects.iter().filter(|(key, object)| in_namespace(key) && selector.matches(object));
    matches.map(|(key, object)| (key.clone(), convert::shown(resource, object))).collect()
}

/// Cuts a page, and says which key is its last and how many objects follow.
fn cut(items: &mut Vec<(Key, Arc<Value>)>, limit: usize) -> Option<(Key, usize)> {
    if limit == 0 || items.len() <= limit {
        return None;
    }
    let remaining = items.len() - limit;
    items.truncate(limit);
    let (after, _) = items.last()?;
    Some((after.clone(), remaining))
}
