//! create, and what every write shares.

use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::{Body, DeleteOptions, Propagation, WriteOptions};
use crate::cluster::decode::{Decoded, decode};
use crate::cluster::{Cluster, Request};
use crate::object;
use crate::reply::{Reply, Shown};
use crate::resource::Resource;
use crate::rules::{self, metadata};
use crate::schemas;
use crate::status::{Reason, Status};
use crate::store::Key;

/// One write: what is written, through which endpoint, by whom, when.
pub(super) struct Write<'a> {
    pub(super) resource: &'a Arc<Resource>,
    /// Empty for the main endpoint.
    pub(super) subresource: &'a str,
    pub(super) options: &'a WriteOptions,
    pub(super) now: Timestamp,
}

impl<'a> Write<'a> {
    /// The write that a request asks for.
    pub(super) fn of(request: Request<'a>, options: &'a WriteOptions) -> Self {
        let subresource = request.call.target.subresource.as_deref().unwrap_or_default();
        Self { resource: request.resource, subresource, options, now: request.now }
    }
}

/// Whether the owner of the written fields is settled already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owned {
    /// By server-side apply.
    Applied,
    /// Not yet: the writer comes to own what it changes.
    Pending,
}

impl Cluster {
    pub(super) fn create(&mut self, request: Request<'_>) -> Result<Reply, Status> {
        let Request { resource, call, .. } = request;
        match call.target.subresource.as_deref() {
            Some("binding") => return self.bind(request),
            Some("eviction") => return self.evict(request),
            Some(_) | None => {}
        }
        if call.target.name.is_some() {
            return Err(Status::method_not_allowed());
        }
        let options = WriteOptions::read(call)?;
        let Decoded { object, warnings } = decode(resource, call, &options)?;
        let object = self.make(&Write::of(request, &options), object, Owned::Pending)?;
        Ok(Reply::Object(Shown { resource: resource.clone(), object, created: true, warnings }))
    }

    /// Brings a new object into being.
    pub(super) fn make(
        &mut self,
        write: &Write<'_>,
        mut object: Value,
        owned: Owned,
    ) -> Result<Arc<Value>, Status> {
        let resource = write.resource;
        if !object::text(&object, "/metadata/resourceVersion").is_empty() {
            let why = "resourceVersion should not be set on objects to be created";
            return Err(Status::new(Reason::Unknown, why));
        }
        metadata::name(&mut object, &mut self.random);
        let key = Key::of(&object);
        self.admit_to_namespace(resource, &key.name, &key.namespace)?;
        rules::drop_status(resource, &mut object);
        fill(resource, &mut object);
        metadata::prepare_create(resource, &mut object, &mut self.random, write.now);
        rules::prepare_create(resource, &mut object);
        if owned == Owned::Pending {
            self.own(write, &json!({}), &mut object);
        }
        self.allocate(write, None, &mut object)?;
        self.validate(write, None, &object)?;
        if self.store.get(&resource.storage, &key).is_some() {
            return Err(Status::already_exists(resource, &key.name));
        }
        if write.options.dry_run {
            return Ok(Arc::new(object));
        }
        Ok(self.commit(resource, object))
    }

    /// `pods/eviction`: a deletion by its polite name. No disruption budget is asked.
    fn evict(&mut self, Request { resource, call, now }: Request<'_>) -> Result<Reply, Status> {
        let Body::Object(eviction) = &call.body else {
            return Err(Status::bad_request("an Eviction is needed"));
        };
        let options = DeleteOptions::read(&call.query, eviction.get("deleteOptions"))?;
        let key = call.target.key();
        self.live(resource, &key)?;
        if !options.dry_run {
            self.end(resource, &key, Propagation::Background, now);
        }
        Ok(Reply::done())
    }
}

/// Fills in what the author left out.
pub(super) fn fill(resource: &Resource, object: &mut Value) {
    schemas::fill(resource, object);
    rules::admit(resource, object);
}
