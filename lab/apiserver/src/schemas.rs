//! The schema of a resource, wherever it comes from: the types for built-in kinds, the definition for custom ones.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::builtin;
use crate::resource::{Nature, Resource};
use crate::schema::Schema;

/// Component that describes `metadata`.
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The schema that prunes, defaults and validates objects of this resource.
pub(crate) fn of(resource: &Resource) -> Arc<Schema> {
    match &resource.nature {
        Nature::Custom(custom) => custom.schema.clone(),
        Nature::Builtin(_) => builtin::schema(&resource.api_version(), &resource.kind)
            .unwrap_or_else(|| Arc::new(Schema::free())),
    }
}

/// Fills in what the author left out.
pub(crate) fn fill(resource: &Resource, object: &mut Value) {
    match &resource.nature {
        Nature::Custom(custom) => custom.schema.fill_defaults(object),
        Nature::Builtin(_) => builtin::fill_defaults(&resource.api_version(), &resource.kind, object),
    }
}

/// The components that the resources of one version need.
pub(crate) fn components(api_version: &str, resources: &[Arc<Resource>]) -> Map<String, Value> {
    let mut components = builtin::components(api_version);
    for resource in resources {
        if let Some(custom) = resource.custom() {
            components.extend(builtin::component(OBJECT_META));
            components.insert(component_name(resource), described(resource, &custom.written));
        }
    }
    components
}

/// A custom schema as a component: with what every object has, and marked with its kind.
fn described(resource: &Resource, written: &Value) -> Value {
    let mut schema = written.clone();
    for (field, description) in [
        ("apiVersion", "APIVersion defines the versioned schema of this representation of an object."),
        ("kind", "Kind names the resource this object represents."),
    ] {
        if schema["properties"].get(field).is_none() {
            schema["properties"][field] = json!({"type": "string", "description": description});
        }
    }
    schema["properties"]["metadata"] = json!({
        "description": "Standard object's metadata.",
        "allOf": [{"$ref": format!("#/components/schemas/{OBJECT_META}")}],
    });
    schema["x-kubernetes-group-version-kind"] =
        json!([{"group": resource.group, "version": resource.version, "kind": resource.kind}]);
    schema
}

/// The name of the component of a resource: for custom kinds the group backwards, version, kind.
pub(crate) fn component_name(resource: &Resource) -> String {
    if let Some(name) = builtin::definition_name(&resource.api_version(), &resource.kind) {
        return name.to_owned();
    }
    let mut parts: Vec<&str> = resource.group.split('.').rev().filter(|part| !part.is_empty()).collect();
    parts.extend([resource.version.as_str(), resource.kind.as_str()]);
    parts.join(".")
}
