//! delete and deletecollection.
//!
//! An object with finalizers, and a Pod on a node, is only marked; whoever it waits for removes it. Everything
//! else goes at once.

use std::sync::Arc;

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::call::{Body, Call, DeleteOptions, ListOptions, Propagation};
use crate::clock;
use crate::cluster::settle::waits_otherwise;
use crate::cluster::{Cluster, Request};
use crate::object;
use crate::owners::{FOREGROUND, ORPHAN};
use crate::reply::{Listing, Reply};
use crate::resource::{Builtin, Resource};
use crate::status::Status;
use crate::store::Key;

/// What a deletion did.
enum Ended {
    /// The object is marked and waits.
    Marked(Arc<Value>),
    /// The object is gone.
    Gone(Arc<Value>),
}

/// Kinds whose deletion answers with the object; all others answer with a Status.
const RETURNED: &[Builtin] = &[
    Builtin::Pod,
    Builtin::Service,
    Builtin::ServiceAccount,
    Builtin::PersistentVolume,
    Builtin::PersistentVolumeClaim,
    Builtin::ResourceQuota,
];

impl Cluster {
    pub(super) fn delete(&mut self, request: Request<'_>) -> Result<Reply, Status> {
        let Request { resource, call, now } = request;
        let options = delete_options(call)?;
        let key = call.target.key();
        let live = self.live(resource, &key)?;
        refuse_preconditions(resource, &live, &options)?;
        self.refuse_deletion(resource, &key)?;
        if options.dry_run {
            return Ok(gone(resource, live));
        }
        Ok(match self.begin_end(resource, &live, &options, now) {
            Ended::Marked(object) => Reply::object(resource, object),
            Ended::Gone(object) => gone(resource, object),
        })
    }

    pub(super) fn delete_collection(&mut self, request: Request<'_>) -> Result<Reply, Status> {
        let Request { resource, call, now } = request;
        let options = delete_options(call)?;
        let selector = call.selector(resource, &ListOptions::read(call.verb, &call.query)?)?;
        let namespace = call.target.namespace.as_deref();
        let of_namespace = |key: &Key| namespace.is_none_or(|namespace| namespace == key.namespace);
        let chosen = self.store.objects(&resource.storage);
        let chosen: Vec<Arc<Value>> = chosen
            .filter(|(key, object)| of_namespace(key) && selector.matches(object))
            .map(|(_, object)| crate::convert::shown(resource, object))
            .collect();
        let items =
            chosen
                .into_iter()
                .map(|live| {
                    if options.dry_run {
                        live
                    } else {
                        self.begin_end(resource, &live, &options, now).object()
                    }
                })
                .collect();
        let revision = self.store.revision();
        Ok(Reply::Listing(Listing { resource: resource.clone(), items, revision, next: None }))
    }

    /// Deletes from inside: what namespaces and garbage collection do.
    pub(super) fn end(&mut self, resource: &Resource, key: &Key, propagation: Propagation, now: Timestamp) {
        let Ok(live) = self.live(resource, key) else { return };
        let options = DeleteOptions {
            dry_run: false,
            propagation: Some(propagation),
            grace_seconds: None,
            uid: None,
            revision: None,
        };
        self.begin_end(resource, &live, &options, now);
    }

    /// The namespaces that every cluster needs cannot go.
    fn refuse_deletion(&self, resource: &Resource, key: &Key) -> Result<(), Status> {
        let permanent = ["default", "kube-system", "kube-public"].contains(&key.name.as_str());
        if resource.builtin() == Some(Builtin::Namespace) && permanent {
            return Err(Status::forbidden(resource, &key.name, "this namespace may not be deleted"));
        }
        Ok(())
    }

    fn begin_end(
        &mut self,
        resource: &Resource,
        live: &Value,
        options: &DeleteOptions,
        now: Timestamp,
    ) -> Ended {
        let mut object = live.clone();
        let finalizers = finalizers_of_propagation(&object, options.propagation);
        object::set_finalizers(&mut object, &finalizers);
        let grace = grace_seconds(resource, &object, options);
        if finalizers.is_empty() && grace == 0 && !is_held_back(resource, &object) {
            let last = self.forget(resource, &Key::of(&object));
            return Ended::Gone(last.unwrap_or_else(|| Arc::new(object)));
        }
        mark(resource, &mut object, grace, now);
        if object == *live {
            return Ended::Marked(Arc::new(object));
        }
        Ended::Marked(self.commit(resource, object))
    }
}

impl Ended {
    fn object(self) -> Arc<Value> {
        match self {
            Self::Marked(object) | Self::Gone(object) => object,
        }
    }
}

fn delete_options(call: &Call) -> Result<DeleteOptions, Status> {
    match &call.body {
        Body::Object(body) => DeleteOptions::read(&call.query, Some(body)),
        Body::Nothing | Body::Patch(_) => DeleteOptions::read(&call.query, None),
    }
}

fn refuse_preconditions(resource: &Resource, live: &Value, options: &DeleteOptions) -> Result<(), Status> {
    let pairs = [
        ("UID", &options.uid, object::uid(live)),
        ("ResourceVersion", &options.revision, object::text(live, "/metadata/resourceVersion")),
    ];
    for (what, wanted, found) in pairs {
        if let Some(wanted) = wanted.as_deref().filter(|wanted| *wanted != found) {
            let why = format!(
                "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}"
            );
            return Err(Status::conflict(resource, object::name(live), &why));
        }
    }
    Ok(())
}

/// Adds the finalizer of the asked propagation and removes the other. Not asked: as the object says.
fn finalizers_of_propagation(object: &Value, propagation: Option<Propagation>) -> Vec<String> {
    let mut finalizers = object::finalizers(object);
    let Some(propagation) = propagation else { return finalizers };
    finalizers.retain(|one| one != FOREGROUND && one != ORPHAN);
    match propagation {
        Propagation::Background => {}
        Propagation::Foreground => finalizers.push(FOREGROUND.into()),
        Propagation::Orphan => finalizers.push(ORPHAN.into()),
    }
    finalizers
}

/// Seconds that a Pod on a node is given to stop; nothing else is given any.
fn grace_seconds(resource: &Resource, pod: &Value, options: &DeleteOptions) -> i64 {
    if resource.builtin() != Some(Builtin::Pod) {
        return 0;
    }
    let stopped = ["Succeeded", "Failed"].contains(&object::text(pod, "/status/phase"));
    if stopped || object::text(pod, "/spec/nodeName").is_empty() {
        return 0;
    }
    let own = pod.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(30);
    let asked = options.grace_seconds.unwrap_or(own).max(0);
    match pod.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64) {
        Some(already) => already.min(asked),
        None => asked,
    }
}

/// A namespace goes through its own finalizers, a definition through its objects.
fn is_held_back(resource: &Resource, object: &Value) -> bool {
    resource.builtin() == Some(Builtin::Namespace) && waits_otherwise(resource, object)
}

fn mark(resource: &Resource, object: &mut Value, grace: i64, now: Timestamp) {
    if !object::is_terminating(object) {
        let at = now.checked_add(SignedDuration::from_secs(grace)).unwrap_or(now);
        object::set(object, &["metadata", "deletionTimestamp"], json!(clock::seconds(at)));
        let generation = object::number(object, "/metadata/generation");
        if generation > 0 {
            object::set(object, &["metadata", "generation"], json!(generation + 1));
        }
    }
    object::set(object, &["metadata", "deletionGracePeriodSeconds"], json!(grace));
    if resource.builtin() == Some(Builtin::Namespace) {
        object::set(object, &["status", "phase"], json!("Terminating"));
    }
}

fn gone(resource: &Arc<Resource>, object: Arc<Value>) -> Reply {
    if resource.builtin().is_some_and(|builtin| RETURNED.contains(&builtin)) {
        return Reply::object(resource, object);
    }
    let mut details = crate::status::details(resource, object::name(&object));
    details["uid"] = json!(object::uid(&object));
    let success = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details,
    });
    Reply::Plain(Arc::new(success))
}
