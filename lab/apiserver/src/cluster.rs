//! Everything the server knows, and what it answers to one request.
//!
//! Pure: no socket, clock or task. A request goes in with the time, an answer comes out, and what follows
//! from it (garbage collection, ending namespaces, registering custom kinds) is done before the next one.
//!
//! ```text
//!   Call ─► find resource ─► read ───────────────────────────────► Reply
//!                      └───► prune, default ─► own ─► rules ─► validate ─► commit ─► settle ─► Reply
//!                                                                  │ ledger, owners, store, registry
//! ```
//!
//! One owner holds it (see [`crate::owner`]), so there is no lock: each write sees the one before it whole,
//! as etcd's transactions give it to the real server. Rendering, the expensive part, happens outside on
//! shared objects.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use crate::audit::Audit;
use crate::call::{Call, Verb};
use crate::convert;
use crate::ledger::Ledger;
use crate::owners::Owners;
use crate::random::Random;
use crate::reply::Reply;
use crate::resource::{Builtin, Registry, Resource, Scope};
use crate::settings::Settings;
use crate::status::Status;
use crate::store::{Key, ObjectId, Store};

mod admission;
mod bind;
mod boot;
mod create;
mod decode;
mod definitions;
mod delete;
pub(crate) mod namespaces;
mod ownership;
mod page;
mod patch;
mod read;
mod scale;
mod settle;
mod update;

/// One request on its way: what is asked of which resource, when.
#[derive(Clone, Copy)]
struct Request<'a> {
    resource: &'a Arc<Resource>,
    call: &'a Call,
    now: Timestamp,
}

/// All state of the API.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) store: Store,
    pub(crate) registry: Arc<Registry>,
    ledger: Ledger,
    owners: Owners,
    random: Random,
    audit: Audit,
    authority: String,
    pending: BTreeSet<ObjectId>,
}

impl Cluster {
    /// A cluster with the objects that every cluster has.
    pub(crate) fn new(settings: &Settings, now: Timestamp) -> Self {
        let mut cluster = Self {
            store: Store::new(settings.history, settings.backlog),
            registry: Arc::new(Registry::builtin()),
            ledger: Ledger::new(settings),
            owners: Owners::default(),
            random: Random::new(settings.seed),
            audit: Audit::default(),
            authority: settings.authority.clone(),
            pending: BTreeSet::new(),
        };
        cluster.open_builtins();
        cluster.boot(now);
        cluster.settle(now);
        // As on the real server, whose caches begin with what the database holds: the first writes are history.
        cluster.store.compact();
        cluster
    }

    /// Answers one request.
    pub(crate) fn handle_call(&mut self, call: Call, now: Timestamp) -> Result<Reply, Status> {
        self.audit.count(&call);
        let resource = self.resource(&call)?;
        let answer = self.answer(Request { resource: &resource, call: &call, now });
        self.settle(now);
        answer
    }

    /// Tells idle watchers how far they have been served.
    pub(crate) fn handle_timeout(&mut self, now: Timestamp) {
        self.forget_old_events(now);
        self.store.bookmark();
    }

    /// What was asked so far, by whom.
    pub(crate) fn audit(&self) -> &Audit {
        &self.audit
    }

    fn resource(&self, call: &Call) -> Result<Arc<Resource>, Status> {
        let target = &call.target;
        let found = self.registry.find(&target.group, &target.version, &target.plural);
        found.cloned().ok_or_else(Status::no_such_path)
    }

    fn answer(&mut self, request: Request<'_>) -> Result<Reply, Status> {
        let Request { resource, call, .. } = request;
        if resource.is_review() {
            return crate::review::answer(resource, call);
        }
        if call.target.subresource.as_deref() == Some("scale") {
            return self.scale(request);
        }
        self.offers(resource, call)?;
        match call.verb {
            Verb::Get => self.get(resource, call),
            Verb::List => self.list(resource, call),
            Verb::Watch => self.watch(resource, call),
            Verb::Create => self.create(request),
            Verb::Update => self.update(request),
            Verb::Patch => self.patch(request),
            Verb::Delete => self.delete(request),
            Verb::DeleteCollection => self.delete_collection(request),
        }
    }

    /// Refuses what the resource does not offer.
    fn offers(&self, resource: &Resource, call: &Call) -> Result<(), Status> {
        let is = |builtin| resource.builtin() == Some(builtin);
        let reads_or_replaces = matches!(call.verb, Verb::Get | Verb::Update | Verb::Patch);
        let offered = match call.target.subresource.as_deref() {
            None => true,
            Some("status") if resource.status => reads_or_replaces,
            Some("finalize") if is(Builtin::Namespace) => call.verb == Verb::Update,
            Some("binding" | "eviction") if is(Builtin::Pod) => call.verb == Verb::Create,
            Some("log") if is(Builtin::Pod) => return Err(self.no_logs(call)),
            Some(_) => return Err(Status::no_such_path()),
        };
        let across = matches!(call.verb, Verb::List | Verb::Watch);
        match (resource.scope, &call.target.namespace) {
            (Scope::Cluster, Some(_)) => Err(Status::no_such_path()),
            (Scope::Namespaced, None) if !across => Err(Status::method_not_allowed()),
            (Scope::Cluster, None) | (Scope::Namespaced, _) if offered => Ok(()),
            (Scope::Cluster, None) | (Scope::Namespaced, _) => Err(Status::method_not_allowed()),
        }
    }

    /// No kubelet stands behind the lab's nodes.
    fn no_logs(&self, call: &Call) -> Status {
        let name = call.target.name.as_deref().unwrap_or_default();
        let message = format!("the lab runs no kubelet: pod \"{name}\" has no logs to fetch");
        Status::new(crate::status::Reason::NotImplemented, message)
    }

    /// The kept object in the version of `resource`.
    ///
    /// # Errors
    /// 404 when it does not exist.
    fn live(&self, resource: &Resource, key: &Key) -> Result<Arc<Value>, Status> {
        let object = self.store.get(&resource.storage, key);
        let object = object.ok_or_else(|| Status::not_found(resource, &key.name))?;
        Ok(convert::shown(resource, object))
    }

    /// Keeps an object, in the version it has, and notes what follows from that.
    fn commit(&mut self, resource: &Resource, object: Value) -> Arc<Value> {
        let object = convert::kept(resource, object);
        let id = (resource.storage.clone(), Key::of(&object));
        let old = self.store.get(&id.0, &id.1).cloned();
        self.ledger.replace(resource, old.as_deref(), Some(&object));
        let object = self.store.put(&resource.storage, object);
        self.owners.replace(&id, old.as_deref(), Some(&object));
        let furnished = resource.builtin() == Some(Builtin::Namespace);
        if furnished || self.owners.concerns(&object) || crate::object::is_terminating(&object) {
            self.pending.insert(id);
        }
        self.registered(resource, &object);
        convert::shown(resource, &object)
    }

    /// Forgets an object and notes who depended on it.
    fn forget(&mut self, resource: &Resource, key: &Key) -> Option<Arc<Value>> {
        let id = (resource.storage.clone(), key.clone());
        let last = self.store.remove(&resource.storage, key)?;
        self.ledger.replace(resource, Some(&last), None);
        self.pending.extend(self.owners.concerned_by(&last));
        self.owners.replace(&id, Some(&last), None);
        self.pending.extend(self.ending_namespace(key));
        self.pending.extend(self.ending_definition(resource));
        self.unregistered(resource, &last);
        Some(convert::shown(resource, &last))
    }
}
