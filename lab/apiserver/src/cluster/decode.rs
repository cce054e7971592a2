//! The object of a request: held against its path, and against the fields that its kind has.

use serde_json::{Value, json};

use crate::builtin;
use crate::call::{Body, Call, FieldValidation, Target, WriteOptions};
use crate::object;
use crate::resource::Resource;
use crate::schemas;
use crate::status::Status;

/// An object, and what its author should be told beside.
pub(super) struct Decoded {
    pub(super) object: Value,
    pub(super) warnings: Vec<String>,
}

/// The object of a creation or an update.
///
/// # Errors
/// 400 when it contradicts its path, cannot be read, or says what it may not under strict validation.
pub(super) fn decode(resource: &Resource, call: &Call, options: &WriteOptions) -> Result<Decoded, Status> {
    let Body::Object(object) = &call.body else {
        return Err(Status::bad_request("the request carries no object"));
    };
    let object = identified(resource, &call.target, object.clone())?;
    if let Some(why) = builtin::unreadable(&resource.api_version(), &resource.kind, &object) {
        return Err(unhandled(resource, &why));
    }
    known(resource, object, &call.repeated, options.validation).map_err(|why| unhandled(resource, &why))
}

fn unhandled(resource: &Resource, why: &str) -> Status {
    let (kind, version) = (&resource.kind, &resource.version);
    Status::bad_request(format!("{kind} in version {version:?} cannot be handled as a {kind}: {why}"))
}

/// Removes fields that the kind does not know. What they mean, and what fields that were said twice mean, depends on
/// `fieldValidation`.
///
/// # Errors
/// The sentence about them where they are not to be accepted.
pub(super) fn known(
    resource: &Resource,
    mut object: Value,
    repeated: &[String],
    validation: FieldValidation,
) -> Result<Decoded, String> {
    let repeated = repeated.iter().map(|field| format!("duplicate field {field:?}"));
    let unknown = schemas::of(resource).prune(&mut object);
    let unknown = unknown.into_iter().map(|field| format!("unknown field {field:?}"));
    let notes: Vec<String> = repeated.chain(unknown).collect();
    let deprecation = resource.custom().and_then(|custom| custom.deprecation.clone());
    let warnings = match validation {
        FieldValidation::Strict if !notes.is_empty() => {
            return Err(format!("strict decoding error: {}", notes.join(", ")));
        }
        FieldValidation::Ignore => deprecation.into_iter().collect(),
        FieldValidation::Strict | FieldValidation::Warn => notes.into_iter().chain(deprecation).collect(),
    };
    Ok(Decoded { object, warnings })
}

/// The object of a request, after it was held against the path.
///
/// # Errors
/// 400 when kind, version, namespace or name contradict the path.
pub(super) fn identified(resource: &Resource, target: &Target, mut object: Value) -> Result<Value, Status> {
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
