//! update, and the one road by which every change of an existing object goes.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::call::WriteOptions;
use crate::cluster::create::{Owned, Write, fill};
use crate::cluster::decode::{Decoded, decode};
use crate::cluster::settle::waits_otherwise;
use crate::cluster::{Cluster, Request, ownership};
use crate::object;
use crate::reply::{Reply, Shown};
use crate::resource::{Builtin, Resource};
use crate::rules::{self, metadata, service};
use crate::schema::{FieldError, FieldPath};
use crate::status::Status;
use crate::store::Key;

impl Cluster {
    pub(super) fn update(&mut self, request: Request<'_>) -> Result<Reply, Status> {
        let Request { resource, call, .. } = request;
        let options = WriteOptions::read(call)?;
        let Decoded { object, warnings } = decode(resource, call, &options)?;
        let write = Write::of(request, &options);
        let live = match self.live(resource, &call.target.key()) {
            Ok(live) => live,
            Err(missing) => return self.create_on_update(&write, object, missing),
        };
        if write.subresource == "finalize" {
            return Ok(self.finalize(resource, &live, &object, &options));
        }
        let object = self.replace(&write, &live, object, Owned::Pending)?;
        Ok(Reply::Object(Shown { resource: resource.clone(), object, created: false, warnings }))
    }

    fn create_on_update(
        &mut self,
        write: &Write<'_>,
        object: Value,
        missing: Status,
    ) -> Result<Reply, Status> {
        let creates = write.resource.builtin().is_some_and(Builtin::creates_on_update);
        if !creates || !write.subresource.is_empty() {
            return Err(missing);
        }
        let object = self.make(write, object, Owned::Pending)?;
        let resource = write.resource.clone();
        Ok(Reply::Object(Shown { resource, object, created: true, warnings: Vec::new() }))
    }

    /// Puts `new` in the place of `live`: the rules of the kind decide what of it may change.
    pub(super) fn replace(
        &mut self,
        write: &Write<'_>,
        live: &Arc<Value>,
        mut new: Value,
        owned: Owned,
    ) -> Result<Arc<Value>, Status> {
        let resource = write.resource;
        refuse_stale(resource, live, &new)?;
        metadata::prepare_update(&mut new, live);
        fill(resource, &mut new);
        rules::prepare_update(resource, write.subresource, &mut new, live);
        if owned == Owned::Pending {
            self.own(write, live, &mut new);
        }
        self.allocate(write, Some(live), &mut new)?;
        rules::count_generation(resource, &mut new, live);
        self.validate(write, Some(live), &new)?;
        if ownership::is_unchanged(live, &new) {
            return Ok(live.clone());
        }
        if write.options.dry_run {
            return Ok(Arc::new(new));
        }
        Ok(self.keep(resource, new))
    }

    /// Keeps a changed object, or lets it go when nothing holds it any more.
    fn keep(&mut self, resource: &Arc<Resource>, object: Value) -> Arc<Value> {
        let free = object::finalizers(&object).is_empty() && !waits_otherwise(resource, &object);
        if object::is_terminating(&object) && free {
            return self.forget(resource, &Key::of(&object)).unwrap_or_else(|| Arc::new(object));
        }
        self.commit(resource, object)
    }

    /// Values that the server chooses: a Service's addresses and ports, a definition's accepted names.
    pub(super) fn allocate(
        &mut self,
        write: &Write<'_>,
        live: Option<&Value>,
        object: &mut Value,
    ) -> Result<(), Status> {
        if !write.subresource.is_empty() {
            return Ok(());
        }
        if write.resource.builtin() == Some(Builtin::CustomResourceDefinition)
            && !object::is_terminating(object)
        {
            self.accept_names(object, write.now);
        }
        if write.resource.builtin() != Some(Builtin::Service) {
            return Ok(());
        }
        let errors = service::allocate(object, live, &self.ledger, &mut self.random);
        refuse(write.resource, object, &errors)
    }

    pub(super) fn validate(
        &self,
        write: &Write<'_>,
        live: Option<&Value>,
        object: &Value,
    ) -> Result<(), Status> {
        let errors = rules::validate(write.resource, write.subresource, object, live)?;
        refuse(write.resource, object, &errors)
    }
}

fn refuse(resource: &Resource, object: &Value, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid(resource, object::name(object), errors)) }
}

/// Refuses a write that was made against another revision or another object of the same name.
fn refuse_stale(resource: &Resource, live: &Value, new: &Value) -> Result<(), Status> {
    let (name, written) = (object::name(live), object::text(new, "/metadata/resourceVersion"));
    let uid = object::uid(new);
    if !uid.is_empty() && uid != object::uid(live) {
        let found = object::uid(live);
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {found}");
        return Err(Status::conflict(resource, name, &why));
    }
    if matches!(written, "" | "0") {
        let needed = resource.custom().is_some() || resource.builtin().is_some_and(Builtin::needs_revision);
        let path = FieldPath::from("metadata.resourceVersion");
        let error = FieldError::invalid(path, &json!(0), "must be specified for an update");
        return if needed { Err(Status::invalid(resource, name, &[error])) } else { Ok(()) };
    }
    if written != object::text(live, "/metadata/resourceVersion") {
        return Err(Status::stale(resource, name));
    }
    Ok(())
}

/// The options of writes that come from inside the server.
pub(super) fn internal_options(owner: &str) -> WriteOptions {
    WriteOptions {
        dry_run: false,
        owner: owner.into(),
        validation: crate::call::FieldValidation::Ignore,
        force: false,
    }
}
