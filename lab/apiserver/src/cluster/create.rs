//! create, and what every write shares.

use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::builtin;
use crate::call::{Body, Call, DeleteOptions, FieldValidation, Propagation, Target, WriteOptions};
use crate::cluster::Cluster;
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

/// Whether the owner of the written fields is settled already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owned {
    /// By server-side apply.
    Applied,
    /// Not yet: the writer comes to own what it changes.
    Pending,
}

impl Cluster {
    pub(super) fn create(
        &mut self,
        resource: &Arc<Resource>,
        call: Call,
        now: Timestamp,
    ) -> Result<Reply, Status> {
        match call.target.subresource.as_deref() {
            Some("binding") => return self.bind(resource, call, now),
            Some("eviction") => return self.evict(resource, call, now),
            Some(_) | None => {}
        }
        if call.target.name.is_some() {
            return Err(Status::method_not_allowed());
        }
        let options = WriteOptions::read(&call.query, &call.agent)?;
        let mut object = identified(resource, &call.target, call.body)?;
        let warnings = known_fields(resource, &mut object, options.validation)?;
        let write = Write { resource, subresource: "", options: &options, now };
        let object = self.make(&write, object, Owned::Pending)?;
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
            return Err(Status::bad_request("resourceVersion should not be set on objects to be created"));
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
    fn evict(&mut self, resource: &Arc<Resource>, call: Call, now: Timestamp) -> Result<Reply, Status> {
        let Body::Object(eviction) = &call.body else {
            return Err(Status::bad_request("an Eviction is needed"));
        };
        let options = DeleteOptions::read(&call.query, eviction.get("deleteOptions"))?;
        let key = call.target.key();
        self.live(resource, &key)?;
        if !options.dry_run {
            self.end(resource, &key, Propagation::Background, now);
        }
        let success =
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
        Ok(Reply::Made(Arc::new(success)))
    }
}

/// Fills in what the author left out.
pub(super) fn fill(resource: &Resource, object: &mut Value) {
    schemas::fill(resource, object);
    rules::admit(resource, object);
}

/// The object of a request, after it was held against the path.
///
/// # Errors
/// 400 when kind, version, namespace or name contradict the path.
pub(super) fn identified(resource: &Resource, target: &Target, body: Body) -> Result<Value, Status> {
    let Body::Object(mut object) = body else {
        return Err(Status::bad_request("the request carries no object"));
    };
    if !object.is_object() {
        return Err(Status::bad_request("the object provided is unrecognized (must be of type object)"));
    }
    kind_of(resource, &mut object)?;
    object::child(&mut object, "metadata");
    place_of(target, &mut object)?;
    Ok(object)
}

fn kind_of(resource: &Resource, object: &mut Value) -> Result<(), Status> {
    let (api_version, kind) = (resource.api_version(), resource.kind.as_str());
    if resource.custom().is_some() && object::text(object, "/kind").is_empty() {
        return Err(Status::bad_request("Object 'Kind' is missing in the object provided"));
    }
    object::default(object, &["apiVersion"], json!(api_version));
    object::default(object, &["kind"], json!(kind));
    let (written_version, written_kind) =
        (object::text(object, "/apiVersion"), object::text(object, "/kind"));
    if written_kind != kind {
        let (_, version) = written_version.rsplit_once('/').unwrap_or(("", written_version));
        return Err(Status::bad_request(format!(
            "{written_kind} in version {version:?} cannot be handled as a {kind}: no kind {written_kind:?} is registered here"
        )));
    }
    if written_version != api_version {
        return Err(Status::bad_request(format!(
            "the API version in the data ({written_version}) does not match the expected API version ({api_version})"
        )));
    }
    Ok(())
}

fn place_of(target: &Target, object: &mut Value) -> Result<(), Status> {
    match &target.namespace {
        Some(namespace) => object::default_text(object, &["metadata", "namespace"], namespace),
        None => drop(object::remove(object, &["metadata", "namespace"])),
    }
    if target.namespace.as_deref().is_some_and(|namespace| namespace != object::namespace(object)) {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let Some(name) = &target.name else { return Ok(()) };
    object::default_text(object, &["metadata", "name"], name);
    let written = object::name(object);
    if written != name {
        return Err(Status::bad_request(format!(
            "the name of the object ({written}) does not match the name on the URL ({name})"
        )));
    }
    Ok(())
}

/// Removes fields that the kind does not know; what they mean depends on `fieldValidation`.
///
/// # Errors
/// 400 when they are not to be accepted, or when a built-in kind cannot be read at all.
pub(super) fn known_fields(
    resource: &Resource,
    object: &mut Value,
    validation: FieldValidation,
) -> Result<Vec<String>, Status> {
    if let Some(why) = builtin::unreadable(&resource.api_version(), &resource.kind, object) {
        let (kind, version) = (&resource.kind, &resource.version);
        let message = format!("{kind} in version {version:?} cannot be handled as a {kind}: {why}");
        return Err(Status::bad_request(message));
    }
    let mut notes: Vec<String> = schemas::of(resource)
        .prune(object)
        .into_iter()
        .map(|field| format!("unknown field {field:?}"))
        .collect();
    let deprecation = resource.custom().and_then(|custom| custom.deprecation.clone());
    match validation {
        FieldValidation::Strict if !notes.is_empty() => {
            let (kind, version) = (&resource.kind, &resource.version);
            let notes = notes.join(", ");
            let message = format!(
                "{kind} in version {version:?} cannot be handled as a {kind}: strict decoding error: {notes}"
            );
            Err(Status::new(Reason::BadRequest, message))
        }
        FieldValidation::Ignore => Ok(deprecation.into_iter().collect()),
        FieldValidation::Strict | FieldValidation::Warn => {
            notes.extend(deprecation);
            Ok(notes)
        }
    }
}
