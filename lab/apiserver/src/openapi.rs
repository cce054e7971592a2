//! OpenAPI v3: what `kubectl explain`, client-side validation and server-side apply ask for.
//!
//! One document per group and version. Paths list what kubectl looks for: the verbs of each resource, marked
//! with their kind, and the `fieldValidation` parameter of patches. Nothing is said about responses.

use serde_json::{Map, Value, json};

use crate::resource::{Registry, Resource, api_version};
use crate::schemas;

/// The addresses of all documents.
pub(crate) fn index(registry: &Registry) -> Value {
    let mut paths = Map::new();
    let mut add = |group: &str, version: &str| {
        let path =
            if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
        // The address changes with the content, so that clients may keep what they fetched.
        let hash = fingerprint(&document(registry, group, version).unwrap_or_default());
        paths.insert(
            path.clone(),
            json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={hash:016X}")}),
        );
    };
    add("", "v1");
    for (group, versions) in registry.groups() {
        versions.iter().for_each(|version| add(&group, version));
    }
    json!({"paths": paths})
}

/// The OpenAPI v2 document, which is empty.
pub(crate) fn older() -> Value {
    json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1.33.0"}, "paths": {}, "definitions": {}})
}

/// The document of one version, or nothing when no resource has it.
pub(crate) fn document(registry: &Registry, group: &str, version: &str) -> Option<Value> {
    let resources = registry.of_version(group, version);
    if resources.is_empty() {
        return None;
    }
    let components = schemas::components(&api_version(group, version), &resources);
    let mut paths = Map::new();
    for resource in resources {
        paths.extend(paths_of(&resource, &schemas::component_name(&resource)));
    }
    Some(json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.33.0"},
        "paths": paths, "components": {"schemas": components},
    }))
}

fn paths_of(resource: &Resource, schema: &str) -> Map<String, Value> {
    let root =
        if resource.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", resource.group) };
    let place = if resource.is_namespaced() { "/namespaces/{namespace}" } else { "" };
    let collection = format!("{root}/{}{place}/{}", resource.version, resource.plural);
    let mut paths = Map::new();
    let post = operation(resource, schema, "post", &["application/json", "application/yaml"]);
    if resource.is_review() {
        paths.insert(collection, json!({"post": post}));
        return paths;
    }
    let one = format!("{collection}/{{name}}");
    let item = json!({
        "get": operation(resource, schema, "get", &[]),
        "put": operation(resource, schema, "put", &["application/json", "application/yaml"]),
        "patch": operation(resource, schema, "patch", patch_types(resource)),
        "delete": operation(resource, schema, "delete", &[]),
    });
    paths.insert(collection, json!({"get": operation(resource, schema, "list", &[]), "post": post}));
    if resource.status {
        paths.insert(format!("{one}/status"), item.clone());
    }
    paths.insert(one, item);
    paths
}

fn patch_types(resource: &Resource) -> &'static [&'static str] {
    const CUSTOM: &[&str] =
        &["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"];
    const BUILTIN: &[&str] = &[
        "application/apply-patch+yaml",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
    ];
    if resource.custom().is_some() { CUSTOM } else { BUILTIN }
}

fn operation(resource: &Resource, schema: &str, action: &str, bodies: &[&str]) -> Value {
    let reference = json!({"$ref": format!("#/components/schemas/{schema}")});
    let mut operation = json!({
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind":
            {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}},
    });
    if bodies.is_empty() {
        return operation;
    }
    let content: Map<String, Value> =
        bodies.iter().map(|body| ((*body).to_owned(), json!({"schema": reference}))).collect();
    operation["requestBody"] = json!({"content": content, "required": true});
    let parameters = ["dryRun", "fieldManager", "fieldValidation"]
        .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}}));
    operation["parameters"] = json!(parameters);
    operation
}

/// FNV-1a over the document's text.
fn fingerprint(document: &Value) -> u64 {
    let bytes = document.to_string();
    bytes.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
