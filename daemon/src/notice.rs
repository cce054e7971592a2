//! Remarks about objects as Kubernetes Events (`events.k8s.io/v1`): notices of the core, and what a daemon has to say of
//! objects that the core does not know.
//!
//! One task writes them, behind everything else. When more are waiting than the queue holds, the newest are dropped and
//! counted: an Event is for people, and the same fact stands in a condition.

use std::collections::VecDeque;

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client};
use patina::reconcile::{Notice, Severity, Subject};
use patina::world::Kind;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::client::describe;
use crate::clock;
use crate::metrics::PlainCounter;

/// Remarks that wait. A full one drops the newest: older ones tell how it came about.
const QUEUE: usize = 4096;
/// Remarks that are remembered, so that the same one is not written twice in a row for an object.
const REMEMBERED: usize = 512;
/// The API's limit on `note`, in bytes.
const LONGEST_NOTE: usize = 1024;

/// Who writes the Events.
#[derive(Clone, Debug)]
pub struct Reporter {
    /// `reportingController`.
    pub controller: &'static str,
    /// `reportingInstance`: the Pod or the node.
    pub instance: String,
}

/// A line for people beside any object.
#[derive(Clone, Debug, PartialEq)]
pub struct Remark {
    /// `regarding`: the object. One that names a `resourceVersion` is about that version only.
    pub regarding: ObjectReference,
    /// `type`.
    pub severity: Severity,
    /// `reason`.
    pub reason: &'static str,
    /// `action`.
    pub action: String,
    /// `note`; what is longer than the API allows is cut off.
    pub message: String,
}

impl From<Notice> for Remark {
    fn from(notice: Notice) -> Self {
        let Notice { subject, severity, reason, action, message } = notice;
        Self { regarding: reference(&subject), severity, reason, action, message }
    }
}

/// The way to the task that writes.
#[derive(Clone, Debug)]
pub struct Notices {
    queue: mpsc::Sender<Remark>,
    dropped: PlainCounter,
}

impl Notices {
    /// Puts a remark into the queue. Never waits.
    pub fn send(&self, remark: impl Into<Remark>) {
        if self.queue.try_send(remark.into()).is_err() {
            self.dropped.add(1);
        }
    }

    /// Remarks that found the queue full.
    pub fn dropped(&self) -> PlainCounter {
        self.dropped.clone()
    }
}

/// Starts the task that writes; ends when what is returned second is dropped.
pub fn start(client: Client, reporter: Reporter) -> (Notices, JoinSet<()>) {
    let (queue, waiting) = mpsc::channel(QUEUE);
    let mut task = JoinSet::new();
    task.spawn(write_all(client, reporter, waiting));
    (Notices { queue, dropped: PlainCounter::default() }, task)
}

async fn write_all(client: Client, reporter: Reporter, mut waiting: mpsc::Receiver<Remark>) {
    let mut told = Told::default();
    while let Some(remark) = waiting.recv().await {
        if !told.is_new(&remark) {
            continue;
        }
        let event = event(&remark, &reporter);
        let namespace = event.metadata.namespace.clone().unwrap_or_default();
        let events = Api::<Event>::namespaced(client.clone(), &namespace);
        if let Err(error) = events.create(&PostParams::default(), &event).await {
            tracing::debug!(reason = remark.reason, error = describe(&error), "event was not written");
        }
    }
}

/// The last thing said of each object, of the objects spoken of last.
#[derive(Default)]
struct Told(VecDeque<Remark>);

impl Told {
    fn is_new(&mut self, remark: &Remark) -> bool {
        let about = |r: &Remark| r.regarding == remark.regarding && r.reason == remark.reason;
        let last = self.0.iter().rposition(about).and_then(|place| self.0.remove(place));
        let new = last.as_ref() != Some(remark);
        self.0.push_back(remark.clone());
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
        new
    }
}

fn event(remark: &Remark, reporter: &Reporter) -> Event {
    let now = clock::wall();
    let regarding = remark.regarding.clone();
    let namespace = Some(regarding.namespace.clone().unwrap_or_else(|| "default".to_owned()));
    let name = format!("{}.{:x}", regarding.name.as_deref().unwrap_or_default(), now.as_nanosecond());
    Event {
        metadata: ObjectMeta { name: Some(name), namespace, ..ObjectMeta::default() },
        event_time: Some(MicroTime(now)),
        type_: Some(remark.severity.to_string()),
        reason: Some(remark.reason.to_owned()),
        action: Some(remark.action.clone()),
        note: Some(shortened(&remark.message)),
        regarding: Some(regarding),
        reporting_controller: Some(reporter.controller.to_owned()),
        reporting_instance: Some(reporter.instance.clone()),
        ..Event::default()
    }
}

fn shortened(note: &str) -> String {
    note[..note.floor_char_boundary(LONGEST_NOTE)].to_owned()
}

fn reference(subject: &Subject) -> ObjectReference {
    let (version, kind) = match subject.kind {
        Kind::Service => ("v1", "Service"),
        Kind::EndpointSlice => ("discovery.k8s.io/v1", "EndpointSlice"),
        Kind::Node => ("v1", "Node"),
        Kind::Namespace => ("v1", "Namespace"),
        Kind::Pool => ("metallb.io/v1beta1", "IPAddressPool"),
        Kind::Advertisement => ("metallb.io/v1beta1", "L2Advertisement"),
        Kind::L2Status => ("metallb.io/v1beta1", "ServiceL2Status"),
        Kind::PoolState => ("patina.dev/v1alpha1", "PoolState"),
        Kind::ForeignRange => ("patina.dev/v1alpha1", "ForeignRange"),
        Kind::ServiceCidr => ("networking.k8s.io/v1", "ServiceCIDR"),
        Kind::Link => ("v1", "Node"),
    };
    ObjectReference {
        api_version: Some(version.to_owned()),
        kind: Some(kind.to_owned()),
        name: Some(subject.key.name.to_string()),
        namespace: Some(subject.key.namespace.to_string()).filter(|n| !n.is_empty()),
        uid: Some(subject.uid.to_string()),
        ..ObjectReference::default()
    }
}

#[cfg(test)]
mod tests {
    use patina::name::ObjectKey;

    use super::*;

    fn remark(message: &str) -> Remark {
        let key = ObjectKey::new("web", "shop");
        let notice = Notice {
            subject: Subject { kind: Kind::Service, key, uid: "u".into() },
            severity: Severity::Warning,
            reason: "AllocationFailed",
            action: "PoolExhausted".to_owned(),
            message: message.to_owned(),
        };
        notice.into()
    }

    #[test]
    fn an_event_says_what_the_notice_says_beside_the_object_it_is_about() {
        let reporter = Reporter { controller: "patina-controller", instance: "pod-1".to_owned() };
        let event = event(&remark("PoolExhausted: no address is left"), &reporter);
        assert_eq!(event.metadata.namespace.as_deref(), Some("web"));
        assert_eq!(event.type_.as_deref(), Some("Warning"));
        assert_eq!(event.note.as_deref(), Some("PoolExhausted: no address is left"));
        let regarding = event.regarding.unwrap();
        assert_eq!(regarding.kind.as_deref(), Some("Service"));
        assert_eq!(regarding.uid.as_deref(), Some("u"));
    }

    #[test]
    fn the_same_thing_is_not_said_twice_in_a_row() {
        let mut told = Told::default();
        assert!(told.is_new(&remark("a")));
        assert!(!told.is_new(&remark("a")));
        assert!(told.is_new(&remark("b")));
        assert!(told.is_new(&remark("a")));
    }

    #[test]
    fn a_note_is_cut_at_a_whole_character() {
        assert_eq!(shortened(&"ä".repeat(600)).len(), 1024);
        assert_eq!(shortened(&format!("a{}", "ä".repeat(600))).len(), 1023);
    }
}
