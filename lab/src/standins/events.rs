//! The lines that `kubectl events` and `kubectl describe` show about what the stand-ins did.
//!
//! Each line is an event of its own: two Pods that were created are two lines, as in a real cluster.

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client, Resource};

use super::now;

/// Where events about objects without a namespace are kept.
const NOWHERE: &str = "default";

/// Writes events in the name of one controller.
pub(super) struct Events {
    controller: &'static str,
    client: Client,
}

/// How an event is shown: as usual, or as a thing to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Normal,
    Warning,
}

impl Tone {
    fn name(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// What happened.
pub(super) struct Told<'a> {
    pub(super) reason: &'a str,
    pub(super) action: &'a str,
    pub(super) note: String,
}

impl Events {
    pub(super) fn of(controller: &'static str, client: &Client) -> Self {
        Self { controller, client: client.clone() }
    }

    /// Writes one line about `object`. An event that cannot be written is missed by nobody.
    pub(super) async fn tell(&self, object: &ObjectReference, tone: Tone, told: &Told<'_>) {
        let namespace = object.namespace.as_deref().unwrap_or(NOWHERE);
        let api = Api::<Event>::namespaced(self.client.clone(), namespace);
        if let Err(error) = api.create(&PostParams::default(), &self.event(object, tone, told)).await {
            tracing::debug!(%error, reason = told.reason, "event not written");
        }
    }

    fn event(&self, object: &ObjectReference, tone: Tone, told: &Told<'_>) -> Event {
        Event {
            metadata: ObjectMeta {
                generate_name: object.name.as_ref().map(|name| format!("{name}.")),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(now().0)),
            type_: Some(tone.name().to_owned()),
            reason: Some(told.reason.to_owned()),
            action: Some(told.action.to_owned()),
            note: Some(told.note.clone()),
            regarding: Some(object.clone()),
            reporting_controller: Some(self.controller.to_owned()),
            reporting_instance: Some(self.controller.to_owned()),
            ..Event::default()
        }
    }
}

/// A reference to an object, as events and owners carry it.
pub(super) fn reference<K: Resource<DynamicType = ()>>(object: &K) -> ObjectReference {
    object.object_ref(&())
}
