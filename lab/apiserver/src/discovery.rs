//! What there is to ask for: version, groups, resources.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::resource::{Registry, Resource, api_version};

/// The Kubernetes version whose behaviour is imitated.
const VERSION: (&str, &str, &str) = ("1", "33", "v1.33.0+patina");

/// Verbs of a resource that is kept.
const KEPT: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

pub(crate) fn version() -> Value {
    let (major, minor, git) = VERSION;
    json!({
        "major": major, "minor": minor, "gitVersion": git, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc", "platform": "linux/amd64",
    })
}

/// Every path that answers.
pub(crate) fn paths(registry: &Registry) -> Value {
    let mut paths: Vec<String> = ["/api", "/api/v1", "/apis"].map(String::from).into();
    for (group, versions) in registry.groups() {
        paths.push(format!("/apis/{group}"));
        paths.extend(versions.iter().map(|version| format!("/apis/{group}/{version}")));
    }
    paths.extend(["/healthz", "/livez", "/openapi/v3", "/readyz", "/version"].map(String::from));
    json!({"paths": paths})
}

pub(crate) fn core() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

pub(crate) fn groups(registry: &Registry) -> Value {
    let groups: Vec<Value> =
        registry.groups().iter().map(|(group, versions)| group_value(group, versions)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

pub(crate) fn group(registry: &Registry, name: &str) -> Option<Value> {
    let (group, versions) = registry.groups().into_iter().find(|(group, _)| group == name)?;
    let mut value = group_value(&group, &versions);
    value["kind"] = json!("APIGroup");
    value["apiVersion"] = json!("v1");
    Some(value)
}

fn group_value(group: &str, versions: &[String]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": api_version(group, version), "version": version}))
        .collect();
    json!({"name": group, "versions": versions, "preferredVersion": versions.first()})
}

/// The resources of one version, or nothing when there are none.
pub(crate) fn resources(registry: &Registry, group: &str, version: &str) -> Option<Value> {
    let resources = registry.of_version(group, version);
    if resources.is_empty() {
        return None;
    }
    let listed: Vec<Value> = resources.iter().flat_map(with_subresources).collect();
    Some(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version(group, version),
        "resources": listed,
    }))
}

fn with_subresources(resource: &Arc<Resource>) -> Vec<Value> {
    let mut listed = vec![main_resource(resource)];
    let mut add = |name: &str, kind: &str, verbs: &[&str]| {
        listed.push(json!({
            "name": format!("{}/{name}", resource.plural), "singularName": "", "kind": kind,
            "namespaced": resource.is_namespaced(), "verbs": verbs,
        }));
    };
    if resource.status {
        add("status", &resource.kind, &["get", "patch", "update"]);
    }
    if resource.scale.is_some() {
        add("scale", "Scale", &["get", "patch", "update"]);
    }
    if resource.kind == "Namespace" && resource.group.is_empty() {
        add("finalize", "Namespace", &["update"]);
    }
    if resource.kind == "Pod" && resource.group.is_empty() {
        add("binding", "Binding", &["create"]);
        add("eviction", "Eviction", &["create"]);
        add("log", "Pod", &["get"]);
    }
    listed
}

fn main_resource(resource: &Resource) -> Value {
    let verbs = if resource.is_review() { &["create"] } else { KEPT };
    let mut listed = json!({
        "name": resource.plural, "singularName": resource.singular, "kind": resource.kind,
        "namespaced": resource.is_namespaced(), "verbs": verbs,
    });
    if !resource.short_names.is_empty() {
        listed["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        listed["categories"] = json!(resource.categories);
    }
    listed
}
