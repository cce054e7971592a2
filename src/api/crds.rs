//! The CustomResourceDefinitions, MetalLB's nine and our own, built from the types.
//!
//! What the derive leaves behind and an API server would read otherwise than MetalLB's CRDs is corrected here: optional
//! fields are not nullable (a null is dropped, so that the default applies), a missing `spec` is allowed where it may be
//! empty, and conditions have the limits that Kubernetes gives them.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use kube::core::crd::{MergeError, merge_crds};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use thiserror::Error;

use super::bgp::{BFDProfile, BGPAdvertisement, BGPPeer, Community, ServiceBGPStatus, v1beta1};
use super::{ConfigurationState, ForeignRange, IPAddressPool, L2Advertisement, PoolState, ServiceL2Status};

/// The definitions could not be built: a defect of the types. Nothing was written.
#[derive(Debug, Error)]
pub enum CrdsError {
    /// The two versions of BGPPeer do not agree on group, kind or scope.
    #[error("the versions of BGPPeer do not fit together")]
    Versions(#[from] MergeError),
    /// A definition has a shape that cannot be corrected.
    #[error("a definition has an unexpected shape")]
    Shape(#[from] serde_json::Error),
}

/// All definitions, sorted by name.
///
/// # Errors
/// [`CrdsError`] when the types contradict each other, which a test excludes.
pub fn crds() -> Result<Vec<CustomResourceDefinition>, CrdsError> {
    let peer = merge_crds(vec![v1beta1::BGPPeer::crd(), BGPPeer::crd()], "v1beta2")?;
    let mut all = [
        BFDProfile::crd(),
        BGPAdvertisement::crd(),
        peer,
        Community::crd(),
        ConfigurationState::crd(),
        ForeignRange::crd(),
        IPAddressPool::crd(),
        L2Advertisement::crd(),
        PoolState::crd(),
        ServiceBGPStatus::crd(),
        ServiceL2Status::crd(),
    ]
    .into_iter()
    .map(corrected)
    .collect::<Result<Vec<_>, _>>()?;
    all.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    Ok(all)
}

fn corrected(crd: CustomResourceDefinition) -> Result<CustomResourceDefinition, serde_json::Error> {
    let mut value = serde_json::to_value(crd)?;
    let versions = value.pointer_mut("/spec/versions").and_then(Value::as_array_mut);
    for version in versions.into_iter().flatten() {
        if let Some(schema) = version.pointer_mut("/schema/openAPIV3Schema") {
            allow_empty_spec(schema);
            correct(schema);
        }
    }
    serde_json::from_value(value)
}

/// A spec that needs no field may be left out, as in MetalLB's schemas.
fn allow_empty_spec(schema: &mut Value) {
    let needs_a_field = schema.pointer("/properties/spec/required").is_some();
    if needs_a_field {
        return;
    }
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("required");
    }
}

fn correct(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.remove("nullable");
            if is_condition(fields) {
                limit_condition(fields);
            }
            if is_label_selector(fields) {
                fields.insert("x-kubernetes-map-type".to_owned(), json!("atomic"));
            }
            fields.values_mut().for_each(correct);
        }
        Value::Array(items) => items.iter_mut().for_each(correct),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

type Fields = serde_json::Map<String, Value>;

fn has_property(schema: &Fields, name: &str) -> bool {
    schema.get("properties").is_some_and(|properties| properties.get(name).is_some())
}

fn is_condition(schema: &Fields) -> bool {
    has_property(schema, "lastTransitionTime") && has_property(schema, "reason")
}

fn is_label_selector(schema: &Fields) -> bool {
    has_property(schema, "matchLabels") && has_property(schema, "matchExpressions")
}

/// The limits of `metav1.Condition`, which the generated Kubernetes types do not carry.
fn limit_condition(schema: &mut Fields) {
    let limits = json!({
        "message": { "maxLength": 32768 },
        "observedGeneration": { "minimum": 0 },
        "reason": {
            "minLength": 1, "maxLength": 1024, "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
        },
        "status": { "enum": ["True", "False", "Unknown"] },
        "type": {
            "maxLength": 316,
            "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?\
                        (([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
        },
    });
    let (Some(properties), Value::Object(limits)) = (schema.get_mut("properties"), limits) else {
        return;
    };
    for (name, limit) in limits {
        if let (Some(property), Value::Object(limit)) =
            (properties.get_mut(&name).and_then(Value::as_object_mut), limit)
        {
            property.extend(limit);
        }
    }
}

/// Names of objects, each at most once.
pub(super) fn unique_names(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 256,
        "items": { "type": "string", "maxLength": 253 },
        "x-kubernetes-validations": [{
            "rule": "self.all(name, self.exists_one(other, other == name))",
            "message": "must not name anything twice",
        }],
    })
}

/// A text that never changes once it is set.
pub(super) fn immutable_text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "x-kubernetes-validations": [{ "rule": "self == oldSelf", "message": "Value is immutable" }],
    })
}

#[cfg(test)]
mod tests;
