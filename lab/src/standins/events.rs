//! The lines that `kubectl events` and `kubectl describe` show about what the stand-ins did.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};

/// Writes events in the name of one controller.
pub(super) struct Events {
    recorder: Recorder,
}

impl Events {
    pub(super) fn of(controller: &str, client: &Client) -> Self {
        let reporter = Reporter { controller: controller.to_owned(), instance: None };
        Self { recorder: Recorder::new(client.clone(), reporter) }
    }

    /// Writes one line about `object`. An event that cannot be written is missed by nobody.
    pub(super) async fn tell(&self, object: &ObjectReference, kind: EventType, what: &Told<'_>) {
        let event = Event {
            type_: kind,
            reason: what.reason.to_owned(),
            note: Some(what.note.clone()),
            action: what.action.to_owned(),
            secondary: None,
        };
        if let Err(error) = self.recorder.publish(&event, object).await {
            tracing::debug!(%error, reason = what.reason, "event not written");
        }
    }
}

/// What happened.
pub(super) struct Told<'a> {
    pub(super) reason: &'a str,
    pub(super) action: &'a str,
    pub(super) note: String,
}

/// A reference to an object, as events and owners carry it.
pub(super) fn reference<K: Resource<DynamicType = ()>>(object: &K) -> ObjectReference {
    object.object_ref(&())
}
