//! The end of a namespace: its contents go first.
//!
//! Source: Kubernetes documentation, "Namespaces" and "Finalizers"; conditions as the namespace controller
//! writes them.

use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::{Propagation, WriteOptions};
use crate::clock;
use crate::cluster::Cluster;
use crate::object;
use crate::reply::Reply;
use crate::resource::{Resource, StorageId};
use crate::status::Status;
use crate::store::{Key, ObjectId};

/// What `spec.finalizers` holds until the contents are gone.
const KUBERNETES: &str = "kubernetes";

impl Cluster {
    /// Refuses to write into a namespace that is missing or ending.
    pub(super) fn admit_to_namespace(
        &self,
        resource: &Resource,
        name: &str,
        namespace: &str,
    ) -> Result<(), Status> {
        if !resource.is_namespaced() {
            return Ok(());
        }
        let key = Key::new("", namespace);
        let namespaces = self.registry.find("", "v1", "namespaces").ok_or_else(Status::no_such_path)?;
        let found = self
            .store
            .get(&namespaces.storage, &key)
            .ok_or_else(|| Status::not_found(namespaces, namespace))?;
        if !object::is_terminating(found) {
            return Ok(());
        }
        let why =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut refusal = Status::forbidden(resource, name, &why);
        refusal.details["causes"] = json!([{
            "reason": "NamespaceTerminating", "field": "metadata.namespace",
            "message": format!("namespace {namespace} is being terminated"),
        }]);
        Err(refusal)
    }

    /// The namespace of a removed object, when it waits for its contents.
    pub(super) fn ending_namespace(&self, removed: &Key) -> Option<ObjectId> {
        if removed.namespace.is_empty() {
            return None;
        }
        let id = (StorageId::new("", "namespaces"), Key::new("", &removed.namespace));
        self.store.get(&id.0, &id.1).is_some_and(|namespace| object::is_terminating(namespace)).then_some(id)
    }

    /// Deletes the contents; once nothing is left, the namespace itself.
    pub(super) fn empty_namespace(&mut self, resource: &Resource, key: &Key, now: Timestamp) {
        for (storage, held) in self.contents(&key.name) {
            let Some(kind) = self.registry.by_storage(&storage.group, &storage.plural).cloned() else {
                continue;
            };
            if !self.store.get(&storage, &held).is_some_and(|object| object::is_terminating(object)) {
                self.end(&kind, &held, Propagation::Background, now);
            }
        }
        let remaining = self.contents(&key.name);
        let Some((_, mut namespace)) = self.kept_object(&(resource.storage.clone(), key.clone())) else {
            return;
        };
        if remaining.is_empty() {
            object::remove(&mut namespace, &["spec", "finalizers"]);
            return self.finish_namespace(resource, key, namespace);
        }
        let before = namespace.clone();
        self.describe_remaining(&mut namespace, &remaining, now);
        if namespace != before {
            self.commit(resource, namespace);
        }
    }

    /// The `finalize` subresource: replaces `spec.finalizers` and nothing else.
    pub(super) fn finalize(
        &mut self,
        resource: &Arc<Resource>,
        live: &Value,
        body: &Value,
        options: &WriteOptions,
    ) -> Reply {
        let mut namespace = live.clone();
        let finalizers = body.pointer("/spec/finalizers").cloned();
        object::set_or_remove(&mut namespace, &["spec", "finalizers"], finalizers);
        if options.dry_run {
            return Reply::object(resource, Arc::new(namespace));
        }
        let key = Key::of(&namespace);
        self.finish_namespace(resource, &key, namespace.clone());
        let written = self.store.get(&resource.storage, &key).cloned();
        Reply::object(resource, written.unwrap_or_else(|| Arc::new(namespace)))
    }

    fn finish_namespace(&mut self, resource: &Resource, key: &Key, namespace: Value) {
        let held = !object::finalizers(&namespace).is_empty()
            || !object::list(&namespace, "/spec/finalizers").is_empty();
        if !held && object::is_terminating(&namespace) {
            self.forget(resource, key);
        } else if self.store.get(&resource.storage, key).is_some_and(|kept| **kept != namespace) {
            self.commit(resource, namespace);
        }
    }

    fn contents(&self, namespace: &str) -> Vec<ObjectId> {
        let mut contents = Vec::new();
        for (storage, collection) in self.store.collections() {
            let inside = collection.objects().keys().filter(|key| key.namespace == namespace);
            contents.extend(inside.map(|key| (storage.clone(), key.clone())));
        }
        contents
    }

    fn describe_remaining(&self, namespace: &mut Value, remaining: &[ObjectId], now: Timestamp) {
        let mut kinds: Vec<String> = Vec::new();
        let mut finalizers: Vec<String> = Vec::new();
        for (storage, key) in remaining {
            let qualified = if storage.group.is_empty() {
                format!("{}.", storage.plural)
            } else {
                format!("{}.{}", storage.plural, storage.group)
            };
            kinds.push(qualified);
            finalizers.extend(
                self.store.get(storage, key).map(|held| object::finalizers(held)).unwrap_or_default(),
            );
        }
        let content = format!("Some resources are remaining: {}", counted(kinds, "resource instances"));
        let waiting = format!(
            "Some content in the namespace has finalizers remaining: {}",
            counted(finalizers, "resource instances")
        );
        let conditions = json!([
            condition("NamespaceContentRemaining", "SomeResourcesRemain", &content, now),
            condition("NamespaceFinalizersRemaining", "SomeFinalizersRemain", &waiting, now),
        ]);
        let told = |conditions: &Value| -> Vec<String> {
            conditions
                .as_array()
                .into_iter()
                .flatten()
                .map(|one| object::text(one, "/message").to_owned())
                .collect()
        };
        if told(&conditions) != told(&namespace["status"]["conditions"]) {
            object::set(namespace, &["status", "conditions"], conditions);
        }
    }
}

/// `pods. has 2 resource instances, services. has 1 resource instances`.
fn counted(mut names: Vec<String>, what: &str) -> String {
    names.sort();
    let groups = names.chunk_by(|a, b| a == b);
    let sentences: Vec<String> =
        groups.filter_map(|group| Some(format!("{} has {} {what}", group.first()?, group.len()))).collect();
    sentences.join(", ")
}

fn condition(kind: &str, reason: &str, message: &str, now: Timestamp) -> Value {
    json!({
        "type": kind, "status": "True", "reason": reason, "message": message,
        "lastTransitionTime": clock::seconds(now),
    })
}

/// What a new namespace has.
pub(crate) fn prepare(namespace: &mut Value) {
    let mut finalizers = object::texts(namespace, "/spec/finalizers");
    if !finalizers.iter().any(|finalizer| finalizer == KUBERNETES) {
        finalizers.push(KUBERNETES.into());
    }
    object::set(namespace, &["spec", "finalizers"], json!(finalizers));
    object::set(namespace, &["status"], json!({"phase": "Active"}));
}

/// Every namespace carries its own name as a label.
pub(crate) fn label_with_name(namespace: &mut Value) {
    let name = object::name(namespace).to_owned();
    object::set(namespace, &["metadata", "labels", "kubernetes.io/metadata.name"], json!(name));
}
