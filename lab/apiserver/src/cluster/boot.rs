//! What exists before anybody asks: the first namespaces, the Service of the API itself, and the range of its address.

use std::sync::Arc;

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::call::Propagation;
use crate::cluster::Cluster;
use crate::cluster::create::{Owned, Write};
use crate::cluster::update::internal_options;
use crate::object;
use crate::resource::StorageId;
use crate::store::Key;

/// Events are forgotten after this time, as the real server's `--event-ttl` has it.
const EVENT_AGE: SignedDuration = SignedDuration::from_hours(1);

impl Cluster {
    pub(super) fn open_builtins(&mut self) {
        let registry = self.registry.clone();
        registry.all().for_each(|resource| self.store.open(&resource.storage));
    }

    pub(super) fn boot(&mut self, now: Timestamp) {
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            self.put_first(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}), now);
        }
        self.put_first(
            json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR",
                "metadata": {"name": "kubernetes"}, "spec": {"cidrs": self.ledger.ranges()},
            }),
            now,
        );
        let address = self.ledger.first_address();
        self.put_first(
            json!({
                "apiVersion": "v1", "kind": "Service",
                "metadata": {
                    "name": "kubernetes", "namespace": "default",
                    "labels": {"component": "apiserver", "provider": "kubernetes"},
                },
                "spec": {
                    "clusterIP": address, "type": "ClusterIP",
                    "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
                },
            }),
            now,
        );
    }

    /// What controllers put into every namespace: an account and the certificate to trust.
    pub(super) fn furnish(&mut self, namespace: &str, now: Timestamp) {
        let (account, certificate) =
            (Key::new(namespace, "default"), Key::new(namespace, "kube-root-ca.crt"));
        if self.store.get(&StorageId::new("", "serviceaccounts"), &account).is_none() {
            let metadata = json!({"name": account.name, "namespace": namespace});
            self.put_first(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}), now);
        }
        if self.store.get(&StorageId::new("", "configmaps"), &certificate).is_none() {
            let metadata = json!({"name": certificate.name, "namespace": namespace});
            let data = json!({"ca.crt": self.authority});
            self.put_first(
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}),
                now,
            );
        }
    }

    /// Creates an object of the server's own.
    fn put_first(&mut self, object: Value, now: Timestamp) {
        let (group, _) = object::text(&object, "/apiVersion").split_once('/').unwrap_or_default();
        let Some(resource) = self.registry.by_kind(group, object::text(&object, "/kind")).cloned() else {
            return;
        };
        let options = internal_options("kube-apiserver");
        let write = Write { resource: &resource, subresource: "", options: &options, now };
        let made: Result<Arc<Value>, _> = self.make(&write, object, Owned::Pending);
        debug_assert!(made.is_ok(), "the server's own objects are valid: {made:?}");
    }

    /// Removes events nobody has repeated for an hour.
    pub(super) fn forget_old_events(&mut self, now: Timestamp) {
        let storage = StorageId::new("", "events");
        let Some(resource) = self.registry.by_storage("", "events").cloned() else { return };
        let is_old = |event: &Value| {
            let written = latest_time(event);
            written.is_some_and(|at| now.duration_since(at) > EVENT_AGE)
        };
        let old: Vec<Key> = self
            .store
            .objects(&storage)
            .filter(|(_, event)| is_old(event))
            .map(|(key, _)| key.clone())
            .collect();
        old.iter().for_each(|key| self.end(&resource, key, Propagation::Background, now));
    }
}

fn latest_time(event: &Value) -> Option<Timestamp> {
    let times = ["/lastTimestamp", "/series/lastObservedTime", "/eventTime", "/metadata/creationTimestamp"];
    times.iter().filter_map(|pointer| object::text(event, pointer).parse().ok()).max()
}
