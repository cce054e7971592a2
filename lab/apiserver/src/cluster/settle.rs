//! What follows from a write: the work of the garbage collector and of the namespace controller, done at once.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::Propagation;
use crate::cluster::Cluster;
use crate::object;
use crate::owners::{self, FOREGROUND, ORPHAN};
use crate::resource::{Builtin, Resource};
use crate::store::{Key, ObjectId};

impl Cluster {
    /// Works until nothing more follows.
    pub(super) fn settle(&mut self, now: Timestamp) {
        while let Some((storage, key)) = self.pending.pop_first() {
            let Some(object) = self.store.get(&storage, &key).cloned() else { continue };
            let Some(resource) = self.registry.by_storage(&storage.group, &storage.plural).cloned() else {
                continue;
            };
            self.settle_one(&resource, &key, &object, now);
        }
    }

    fn settle_one(&mut self, resource: &Resource, key: &Key, object: &Value, now: Timestamp) {
        if object::is_terminating(object) {
            return self.settle_ending(resource, key, object, now);
        }
        if resource.builtin() == Some(Builtin::Namespace) {
            self.furnish(&key.name, now);
        }
        self.collect(resource, key, object, now);
    }

    fn settle_ending(&mut self, resource: &Resource, key: &Key, object: &Value, now: Timestamp) {
        let finalizers = object::finalizers(object);
        if finalizers.iter().any(|finalizer| finalizer == ORPHAN) {
            self.orphan_dependents(object);
            return self.drop_finalizer(resource, key, ORPHAN);
        }
        if finalizers.iter().any(|finalizer| finalizer == FOREGROUND) {
            return self.delete_dependents_first(resource, key, object, now);
        }
        match resource.builtin() {
            Some(Builtin::Namespace) => self.empty_namespace(resource, key, now),
            Some(Builtin::CustomResourceDefinition) => self.empty_definition(resource, key, object, now),
            Some(_) | None => {}
        }
    }

    /// Removes an object whose owners are all gone, and references to those that are.
    fn collect(&mut self, resource: &Resource, key: &Key, object: &Value, now: Timestamp) {
        let references = object::list(object, "/metadata/ownerReferences");
        if references.is_empty() {
            return;
        }
        let lives = |reference: &&Value| self.is_owned(key, reference);
        let solid: Vec<Value> = references.iter().filter(lives).cloned().collect();
        if solid.is_empty() {
            self.end(resource, key, Propagation::Background, now);
        } else if solid.len() < references.len() {
            let mut fewer = object.clone();
            object::set(&mut fewer, &["metadata", "ownerReferences"], json!(solid));
            self.commit(resource, fewer);
        }
    }

    /// An owner lives in the same namespace or in none.
    fn is_owned(&self, dependent: &Key, reference: &Value) -> bool {
        let owner = self.owners.living(object::text(reference, "/uid"));
        owner.is_some_and(|(_, key)| key.namespace.is_empty() || key.namespace == dependent.namespace)
    }

    fn orphan_dependents(&mut self, owner: &Value) {
        let uid = object::uid(owner);
        for id in self.owners.dependents(uid) {
            let Some((resource, mut object)) = self.kept_object(&id) else { continue };
            let references = object::list(&object, "/metadata/ownerReferences").iter();
            let others: Vec<Value> =
                references.filter(|reference| reference["uid"] != uid).cloned().collect();
            let others = (!others.is_empty()).then(|| json!(others));
            object::set_or_remove(&mut object, &["metadata", "ownerReferences"], others);
            self.commit(&resource, object);
        }
    }

    fn delete_dependents_first(&mut self, resource: &Resource, key: &Key, owner: &Value, now: Timestamp) {
        let uid = object::uid(owner).to_owned();
        for id in self.owners.dependents(&uid) {
            let Some((dependent, object)) = self.kept_object(&id) else { continue };
            if !object::is_terminating(&object) {
                self.end(&dependent, &id.1, Propagation::Foreground, now);
            }
        }
        let blocked =
            self.owners.dependents(&uid).iter().any(|id| {
                self.store.get(&id.0, &id.1).is_some_and(|dependent| owners::blocks(dependent, &uid))
            });
        if !blocked {
            self.drop_finalizer(resource, key, FOREGROUND);
        }
    }

    /// A kept object with its resource, in the form it is kept in.
    pub(super) fn kept_object(&self, id: &ObjectId) -> Option<(std::sync::Arc<Resource>, Value)> {
        let resource = self.registry.by_storage(&id.0.group, &id.0.plural)?.clone();
        let object = self.store.get(&id.0, &id.1)?;
        Some((resource, Value::clone(object)))
    }

    /// Removes one finalizer, and the object when it was the last.
    pub(super) fn drop_finalizer(&mut self, resource: &Resource, key: &Key, finalizer: &str) {
        let Some((_, mut object)) = self.kept_object(&(resource.storage.clone(), key.clone())) else {
            return;
        };
        let mut finalizers = object::finalizers(&object);
        finalizers.retain(|one| one != finalizer);
        object::set_finalizers(&mut object, &finalizers);
        if finalizers.is_empty() && !waits_otherwise(resource, &object) {
            self.forget(resource, key);
        } else {
            self.commit(resource, object);
        }
    }
}

/// A namespace waits for its own list of finalizers, a Pod for its kubelet.
pub(super) fn waits_otherwise(resource: &Resource, object: &Value) -> bool {
    match resource.builtin() {
        Some(Builtin::Namespace) => !object::list(object, "/spec/finalizers").is_empty(),
        Some(Builtin::Pod) => object::number(object, "/metadata/deletionGracePeriodSeconds") > 0,
        Some(_) | None => false,
    }
}
