//! CustomResourceDefinitions: serving the kinds they describe, and ending them.

use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::builtin;
use crate::call::Propagation;
use crate::cluster::Cluster;
use crate::object;
use crate::resource::{Builtin, Resource, StorageId, custom};
use crate::rules::definition::CLEANUP;
use crate::store::Key;

impl Cluster {
    /// Serves what a written definition describes.
    pub(super) fn registered(&mut self, resource: &Resource, definition: &Value) {
        if resource.builtin() != Some(Builtin::CustomResourceDefinition) {
            return;
        }
        let (group, plural) = names(definition);
        let described = custom::resources(definition, &builtin::object_meta()).unwrap_or_default();
        self.store.open(&StorageId::new(group, plural));
        let registry = Arc::make_mut(&mut self.registry);
        registry.remove(group, plural);
        described.into_iter().for_each(|resource| registry.insert(resource));
        self.read_again(group, plural);
    }

    /// Kept objects look as if they were read by the present schema: with its defaults, without what it lacks. That is
    /// no write, and nobody is told.
    fn read_again(&mut self, group: &str, plural: &str) {
        let stored = self.registry.all().find_map(|resource| {
            let custom =
                resource.custom().filter(|_| resource.group == group && resource.plural == plural)?;
            (custom.storage_version == resource.api_version()).then(|| custom.schema.clone())
        });
        if let Some(schema) = stored {
            self.store.reread(&StorageId::new(group, plural), |object| {
                schema.prune(object);
                schema.fill_defaults(object);
            });
        }
    }

    /// Stops serving what a removed definition described.
    pub(super) fn unregistered(&mut self, resource: &Resource, definition: &Value) {
        if resource.builtin() != Some(Builtin::CustomResourceDefinition) {
            return;
        }
        let (group, plural) = names(definition);
        Arc::make_mut(&mut self.registry).remove(group, plural);
        self.store.drop_collection(&StorageId::new(group, plural));
    }

    /// Deletes the objects of a definition that is ending, then the definition.
    pub(super) fn empty_definition(
        &mut self,
        resource: &Resource,
        key: &Key,
        definition: &Value,
        now: Timestamp,
    ) {
        let (group, plural) = names(definition);
        let storage = StorageId::new(group, plural);
        let held: Vec<Key> = self.store.objects(&storage).map(|(key, _)| key.clone()).collect();
        if let Some(kind) = self.registry.by_storage(group, plural).cloned() {
            held.iter().for_each(|held| self.end(&kind, held, Propagation::Background, now));
        }
        let empty = self.store.objects(&storage).next().is_none();
        if empty && object::finalizers(definition).iter().any(|finalizer| finalizer == CLEANUP) {
            self.drop_finalizer(resource, key, CLEANUP);
        }
    }

    /// The definition that waits for the end of a removed custom object.
    pub(super) fn ending_definition(&self, resource: &Resource) -> Option<(StorageId, Key)> {
        resource.custom()?;
        let id = (
            StorageId::new("apiextensions.k8s.io", "customresourcedefinitions"),
            Key::new("", &format!("{}.{}", resource.plural, resource.group)),
        );
        self.store
            .get(&id.0, &id.1)
            .is_some_and(|definition| object::is_terminating(definition))
            .then_some(id)
    }

    /// Marks names as taken by other definitions, where they are.
    pub(super) fn accept_names(&self, definition: &mut Value, now: Timestamp) {
        let (group, plural) = names(definition);
        let kind = object::text(definition, "/spec/names/kind");
        let taken = self.registry.by_kind(group, kind).is_some_and(|other| other.plural != plural);
        let verdict = if taken { Err(format!("{kind:?} is already in use")) } else { Ok(()) };
        crate::rules::definition::describe(definition, verdict, now);
        if !object::finalizers(definition).iter().any(|finalizer| finalizer == CLEANUP) {
            object::set(definition, &["metadata", "finalizers"], json!([CLEANUP]));
        }
    }
}

fn names(definition: &Value) -> (&str, &str) {
    (object::text(definition, "/spec/group"), object::text(definition, "/spec/names/plural"))
}
