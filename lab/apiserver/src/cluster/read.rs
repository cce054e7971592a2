//! get, list and watch.

use std::sync::Arc;

use serde_json::Value;

use crate::call::{Call, ListOptions, VersionMatch};
use crate::cluster::Cluster;
use crate::convert;
use crate::reply::{Feed, Listing, Reply};
use crate::resource::Resource;
use crate::schema::{FieldError, FieldPath};
use crate::selector::Selector;
use crate::status::{Reason, Status};
use crate::store::{Key, Objects, Subscription};

/// How long a watch lasts when the client does not say: the real server's least.
const WATCH_SECONDS: u64 = 1_800;

/// Where a continued list goes on: revision, then the last key told. Opaque to clients.
struct Continue {
    revision: u64,
    after: Key,
}

impl Cluster {
    pub(super) fn get(&self, resource: &Arc<Resource>, call: &Call) -> Result<Reply, Status> {
        let object = self.live(resource, &call.target.key())?;
        Ok(Reply::object(resource, object))
    }

    pub(super) fn list(&self, resource: &Arc<Resource>, call: &Call) -> Result<Reply, Status> {
        let options = ListOptions::read(&call.query)?;
        let selector = call.selector(resource, &options)?;
        let from =
            if options.continues.is_empty() { None } else { Some(Continue::read(&options.continues)?) };
        let revision = self.list_revision(&options, from.as_ref())?;
        let objects = self.store.at(&resource.storage, revision)?;
        let mut items = matching(resource, &objects, call.target.namespace.as_deref(), &selector);
        if let Some(from) = &from {
            items.retain(|(key, _)| *key > from.after);
        }
        let next = cut(&mut items, options.limit, revision);
        let items = items.into_iter().map(|(_, object)| object).collect();
        Ok(Reply::Listing(Listing { resource: resource.clone(), items, revision, next }))
    }

    /// The revision a list shows: the present, unless it goes on with an older page or asks for an exact one.
    fn list_revision(&self, options: &ListOptions, from: Option<&Continue>) -> Result<u64, Status> {
        let current = self.store.revision();
        match (from, options.version_match, options.revision) {
            (Some(from), _, _) => Ok(from.revision),
            (None, VersionMatch::Exact, Some(0) | None) => {
                let refusal = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
                let error = FieldError::forbidden(FieldPath::from("resourceVersionMatch"), refusal);
                Err(Status::invalid_options("ListOptions", &[error]))
            }
            (None, VersionMatch::Exact, Some(exact)) => Ok(exact),
            (None, VersionMatch::NotOlderThan | VersionMatch::Unset, asked) => {
                Ok(asked.unwrap_or(0).max(current))
            }
        }
    }

    pub(super) fn watch(&mut self, resource: &Arc<Resource>, call: &Call) -> Result<Reply, Status> {
        let options = ListOptions::read(&call.query)?;
        refuse_odd_watch(&options)?;
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
            replay: subscription.replay,
            signals: subscription.signals,
            bookmarks: options.bookmarks,
            timeout_seconds: options.timeout_seconds.unwrap_or(WATCH_SECONDS),
        }))
    }
}

/// Streaming lists need their kind of revision match (Kubernetes documentation, "Streaming lists").
fn refuse_odd_watch(options: &ListOptions) -> Result<(), Status> {
    let refusal = match (options.send_initial_events, options.version_match) {
        (Some(_), VersionMatch::NotOlderThan) | (None, VersionMatch::Unset) => return Ok(()),
        (Some(_), VersionMatch::Unset | VersionMatch::Exact) => {
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        }
        (None, VersionMatch::NotOlderThan | VersionMatch::Exact) => {
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        }
    };
    let error = FieldError::forbidden(FieldPath::from("resourceVersionMatch"), refusal);
    Err(Status::invalid_options("ListOptions", &[error]))
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

/// Cuts a page, and says where the next one begins.
fn cut(items: &mut Vec<(Key, Arc<Value>)>, limit: usize, revision: u64) -> Option<(String, usize)> {
    if limit == 0 || items.len() <= limit {
        return None;
    }
    let remaining = items.len() - limit;
    items.truncate(limit);
    let (after, _) = items.last()?;
    Some((Continue { revision, after: after.clone() }.text(), remaining))
}

impl Continue {
    fn text(&self) -> String {
        format!("{}/{}/{}", self.revision, self.after.namespace, self.after.name)
    }

    fn read(text: &str) -> Result<Self, Status> {
        let refusal =
            || Status::bad_request("continue key is not valid: encoded continue token is not understood");
        let mut parts = text.splitn(3, '/');
        let (Some(revision), Some(namespace), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(refusal());
        };
        let revision = revision.parse().map_err(|_| refusal())?;
        Ok(Self { revision, after: Key::new(namespace, name) })
    }
}
