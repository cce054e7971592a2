//! Which webhooks are to be asked about a write, and what.

use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::admission::{Asked, Hook, Review};
use crate::call::{Call, Verb};
use crate::cluster::{Cluster, Request};
use crate::object;
use crate::reply::Reply;
use crate::resource::{Resource, StorageId};
use crate::store::Key;

/// Its own objects are the group's that nobody is asked about: a webhook could lock itself in.
const ADMISSION: &str = "admissionregistration.k8s.io";

/// What a write would make of which object.
struct Change {
    operation: &'static str,
    old: Option<Arc<Value>>,
    new: Option<Arc<Value>>,
}

impl Cluster {
    /// The questions that have to be answered before this call is carried out; none when it would be refused anyway.
    pub(crate) fn reviews(&mut self, call: &Call, now: Timestamp) -> Vec<Review> {
        let configurations = StorageId::new(ADMISSION, "validatingwebhookconfigurations");
        let written: Vec<_> = self.store.objects(&configurations).map(|(_, object)| object.clone()).collect();
        if written.is_empty() || !call.verb.writes() || call.target.group == ADMISSION {
            return Vec::new();
        }
        let Ok(resource) = self.resource(call) else { return Vec::new() };
        let hooks: Vec<_> =
            written.iter().flat_map(|object| object::list(object, "/webhooks")).map(Hook).collect();
        if resource.is_review() || !hooks.iter().any(|hook| concerns(*hook, call, "*")) {
            return Vec::new();
        }
        let Some(change) = self.foreseen(&resource, call, now) else { return Vec::new() };
        let asked = hooks.into_iter().filter(|hook| concerns(*hook, call, change.operation));
        let questions: Vec<_> = asked.map(|hook| (hook, self.question(&resource, call, &change))).collect();
        let services = StorageId::new("", "services");
        let find = |namespace: &str, name: &str| self.store.get(&services, &Key::new(namespace, name));
        questions
            .into_iter()
            .map(|(hook, body)| hook.review(body, |namespace, name| find(namespace, name).map(AsRef::as_ref)))
            .collect()
    }

    /// What the call would do, by doing it dry.
    fn foreseen(&mut self, resource: &Arc<Resource>, call: &Call, now: Timestamp) -> Option<Change> {
        let old = self.live(resource, &call.target.key()).ok();
        if call.verb == Verb::Delete {
            return old.map(|old| Change { operation: "DELETE", old: Some(old), new: None });
        }
        let dry = Call { query: call.query.dry(), ..call.clone() };
        let Ok(Reply::Object(shown)) = self.answer(Request { resource, call: &dry, now }) else {
            return None;
        };
        let operation = if old.is_some() { "UPDATE" } else { "CREATE" };
        Some(Change { operation, old, new: Some(shown.object) })
    }

    fn question(&mut self, resource: &Resource, call: &Call, change: &Change) -> Value {
        let told = change.new.as_ref().or(change.old.as_ref());
        let (name, namespace) =
            told.map_or(("", ""), |object| (object::name(object), object::namespace(object)));
        let kind = json!({ "group": resource.group, "version": resource.version, "kind": resource.kind });
        let plural =
            json!({ "group": resource.group, "version": resource.version, "resource": resource.plural });
        let mut request = json!({
            "uid": self.random.uid(), "operation": change.operation, "name": name, "dryRun": call.query.text("dryRun") == "All",
            "kind": kind, "requestKind": kind, "resource": plural, "requestResource": plural,
            "userInfo": { "username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"] },
            "object": change.new.as_deref(), "oldObject": change.old.as_deref(), "options": null,
        });
        if !namespace.is_empty() {
            request["namespace"] = namespace.into();
        }
        if let Some(subresource) = &call.target.subresource {
            request["subResource"] = subresource.as_str().into();
        }
        json!({ "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request })
    }
}

/// Whether a webhook is about what the call does; `*` stands for any operation.
fn concerns(hook: Hook<'_>, call: &Call, operation: &str) -> bool {
    let target = &call.target;
    let subresource = target.subresource.as_deref().map(|name| format!("/{name}")).unwrap_or_default();
    let resource = format!("{}{subresource}", target.plural);
    let about = |operation| {
        hook.is_about(Asked {
            operation,
            group: &target.group,
            version: &target.version,
            resource: &resource,
        })
    };
    if operation == "*" { ["CREATE", "UPDATE", "DELETE"].into_iter().any(about) } else { about(operation) }
}
