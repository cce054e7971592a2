//! What each kind wants of its objects: defaults, what an endpoint may change, and what is refused.
//!
//! Most kinds need no more than their schema. A kind with rules of its own has rows in the tables here and a
//! file below. Allocation (a Service's addresses and ports) is asked for by the cluster, which holds the
//! ledger.

use serde_json::{Value, json};

use crate::cluster::namespaces;
use crate::object::{self, copy_field};
use crate::resource::{Builtin, Nature, Resource};
use crate::schema::{FieldError, FieldErrorKind};
use crate::schemas;
use crate::status::Status;

pub(crate) mod definition;
mod lease;
pub(crate) mod metadata;
pub(crate) mod names;
mod pod;
mod secret;
pub(crate) mod service;
mod workload;

/// A change to an object that is being written.
type Change = fn(&mut Value);

/// What the real server's admission plugins and conversions do to a written object.
const ADMISSIONS: &[(Builtin, Change)] = &[
    (Builtin::Namespace, namespaces::label_with_name),
    (Builtin::Pod, pod::admit),
    (Builtin::Secret, secret::read_texts),
    (Builtin::Deployment, workload::complete_strategy),
    (Builtin::DaemonSet, workload::complete_update_strategy),
    (Builtin::StatefulSet, workload::complete_update_strategy),
];

/// What a new object has, whatever its author wrote.
const FIRST: &[(Builtin, Change)] =
    &[(Builtin::Namespace, namespaces::prepare), (Builtin::Pod, pod::prepare)];

/// What the kind refuses; the second argument is the object before an update.
type Check = fn(&Value, Option<&Value>) -> Vec<FieldError>;

const CHECKS: &[(Builtin, Check)] = &[
    (Builtin::Pod, pod::validate),
    (Builtin::Service, service::validate),
    (Builtin::Secret, secret::validate),
    (Builtin::ConfigMap, secret::validate),
    (Builtin::Lease, lease::validate),
    (Builtin::Deployment, workload::validate),
    (Builtin::ReplicaSet, workload::validate),
    (Builtin::DaemonSet, workload::validate),
    (Builtin::CustomResourceDefinition, |definition, _| definition::validate(definition)),
];

fn row<T: Copy>(table: &[(Builtin, T)], resource: &Resource) -> Option<T> {
    let builtin = resource.builtin()?;
    table.iter().find(|(kind, _)| *kind == builtin).map(|(_, rule)| *rule)
}

pub(crate) fn admit(resource: &Resource, object: &mut Value) {
    if let Some(admit) = row(ADMISSIONS, resource) {
        admit(object);
    }
}

/// A new object has no status but the one its kind begins with; a Node brings its own.
pub(crate) fn drop_status(resource: &Resource, object: &mut Value) {
    if resource.status && resource.builtin() != Some(Builtin::Node) {
        object::remove(object, &["status"]);
    }
}

/// Gives a new object what its kind begins with.
pub(crate) fn prepare_create(resource: &Resource, object: &mut Value) {
    if let Some(prepare) = row(FIRST, resource) {
        prepare(object);
    }
}

/// Each endpoint writes its own part: the main one everything but `status`, `status` nothing but that.
pub(crate) fn prepare_update(resource: &Resource, subresource: &str, new: &mut Value, old: &Value) {
    if subresource == "status" {
        for field in fields_beside_status(new, old) {
            copy_field(new, old, &field);
        }
        if metadata_is_fixed(resource) {
            metadata::keep_all(new, old);
        }
        return;
    }
    if resource.status {
        copy_field(new, old, "status");
    }
    if resource.builtin() == Some(Builtin::Namespace) {
        object::set_or_remove(new, &["spec", "finalizers"], old.pointer("/spec/finalizers").cloned());
    }
    if resource.builtin() == Some(Builtin::Service) {
        service::prepare_update(new, old);
    }
}

fn fields_beside_status(new: &Value, old: &Value) -> Vec<String> {
    let fields = new.as_object().into_iter().chain(old.as_object()).flat_map(serde_json::Map::keys);
    fields.filter(|field| !matches!(field.as_str(), "status" | "metadata")).cloned().collect()
}

/// Kinds whose `status` endpoint leaves labels and annotations alone.
fn metadata_is_fixed(resource: &Resource) -> bool {
    match &resource.nature {
        Nature::Custom(_) => true,
        Nature::Builtin(builtin) => *builtin == Builtin::CustomResourceDefinition,
    }
}

/// One more generation when anything but metadata and status changed.
pub(crate) fn count_generation(resource: &Resource, new: &mut Value, old: &Value) {
    if !resource.generation {
        return;
    }
    let generation = object::number(old, "/metadata/generation");
    let wish = |object: &Value| {
        let mut wish = object.clone();
        object::remove(&mut wish, &["metadata"]);
        if resource.status {
            object::remove(&mut wish, &["status"]);
        }
        wish
    };
    let counted = if wish(new) == wish(old) { generation } else { generation + 1 };
    object::set_or_remove(new, &["metadata", "generation"], (counted > 0).then(|| json!(counted)));
}

/// Every field that is refused.
///
/// # Errors
/// 400 when a built-in kind cannot even be read: a value has the wrong type.
pub(crate) fn validate(
    resource: &Resource,
    subresource: &str,
    new: &Value,
    old: Option<&Value>,
) -> Result<Vec<FieldError>, Status> {
    let mut errors = metadata::validate(resource, new, old);
    let schema = schemas::of(resource);
    let shape = old.map_or_else(|| schema.validate(new), |old| schema.validate_update(new, old));
    if let (Some(_), Some(first)) =
        (resource.builtin(), shape.iter().find(|e| e.kind == FieldErrorKind::TypeInvalid))
    {
        let (kind, version) = (&resource.kind, &resource.version);
        let message = format!("{kind} in version {version:?} cannot be handled as a {kind}: json: {first}");
        return Err(Status::bad_request(message));
    }
    let sound = shape.is_empty();
    errors.extend(shape);
    if let Some(custom) = resource.custom().filter(|_| sound) {
        errors.extend(custom.rules.check(new, old));
    }
    if subresource == "status" && resource.builtin() == Some(Builtin::Service) {
        errors.extend(service::validate_status(new));
    } else if let Some(check) = row(CHECKS, resource).filter(|_| subresource != "status") {
        errors.extend(check(new, old));
    }
    Ok(errors)
}
