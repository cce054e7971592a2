//! Effects as plain values: they can be printed, compared and refused.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::alloc::Pools;
use crate::config::Identity;
use crate::name::{LinkName, NodeName, ObjectKey, ServiceKey};
use crate::world::{Condition, Kind, PoolCounters, Released};

/// One thing for an executor to do. Carrying it out twice leaves the same state as once.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Controller: server-side apply with force on the Service's `status`.
    ServiceStatus(ServiceWrite),
    /// Controller: merge patch of the annotation `metallb.io/ip-allocated-from-pool`; `None` removes it.
    PoolAnnotation {
        /// The Service.
        subject: Subject,
        /// The pool or pools that its addresses come from.
        pools: Option<Pools>,
    },
    /// Controller: server-side apply with force on the `status` of an IPAddressPool or L2Advertisement. Later values
    /// replace earlier ones that still wait.
    Status(StatusWrite),
    /// Controller: this PoolState exists and says this; created, or written whole over the version that was decided on.
    PoolState(PoolStateWrite),
    /// Speaker: this ServiceL2Status exists and says this; created or replaced whole by its only writer.
    L2Status(L2StatusWrite),
    /// Speaker: this ServiceL2Status of its own goes. Controller: one whose Node is gone.
    DeleteL2Status(ObjectKey),
    /// Both: an Event beside an object. Queued behind everything else.
    Notice(Notice),
}

/// The object that an effect is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Its kind.
    pub kind: Kind,
    /// Namespace and name.
    pub key: ObjectKey,
    /// Its uid: an object of the same name that came later is another one, and is left alone.
    pub uid: Arc<str>,
}

impl Subject {
    /// The object of this kind and identity.
    pub fn of(kind: Kind, identity: &Identity) -> Self {
        Self { kind, key: identity.key.clone(), uid: identity.uid.clone() }
    }
}

/// The status of a Service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceWrite {
    /// The Service.
    pub subject: Subject,
    /// `metadata.resourceVersion` of the object that was decided on: the write holds for that version only, so that
    /// nobody who has stopped deciding overwrites what another decided since.
    pub version: Arc<str>,
    /// The whole list, IPv4 first. An empty list is to be sent as an empty list: that is what clears an address which
    /// another field manager wrote.
    pub ingress: Vec<IpAddr>,
    /// All our conditions. Those that are missing here and were applied before disappear with the apply.
    pub conditions: Vec<Condition>,
}

/// The status of one of the operator's objects. Where the schema has no `conditions`, only the counters are written.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusWrite {
    /// The IPAddressPool or L2Advertisement.
    pub subject: Subject,
    /// Counters of a pool; `None` for other kinds.
    pub counters: Option<PoolCounters>,
    /// All our conditions.
    pub conditions: Vec<Condition>,
}

/// A PoolState.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolStateWrite {
    /// The IPAddressPool that it is about, and that it goes with.
    pub pool: Subject,
    /// `metadata.resourceVersion` of the object that was decided on; `None`: there is none yet.
    pub version: Option<Arc<str>>,
    /// The whole list.
    pub released: Vec<Released>,
}

/// A ServiceL2Status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L2StatusWrite {
    /// Its namespace and name; the name follows from the Service and the node, so there is one for each pair.
    pub key: ObjectKey,
    /// `status.serviceNamespace`, `status.serviceName` and the labels of the same meaning.
    pub service: ServiceKey,
    /// `status.node` and the label of the same meaning.
    pub node: NodeName,
    /// `status.interfaces`.
    pub links: Vec<LinkName>,
}

/// How an Event is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Event type `Normal`.
    Normal,
    /// Event type `Warning`.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        })
    }
}

/// A line for people beside an object: an Event in the API's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `regarding`.
    pub subject: Subject,
    /// `type`.
    pub severity: Severity,
    /// `reason`: MetalLB's word where it has one.
    pub reason: &'static str,
    /// `action`: our finer word.
    pub action: String,
    /// `note`; opens with the finer word.
    pub message: String,
}

/// Which part of an object an effect writes. Two effects with the same key write the same thing; the later wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EffectKey {
    /// Kind of the object.
    pub kind: Kind,
    /// The object.
    pub object: ObjectKey,
    /// The part of it.
    pub part: Part,
}

/// Part of an object that effects write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The status, or the whole of an object that is nothing but status.
    Status,
    /// Our annotation.
    Annotation,
    /// Events, told apart by their text.
    Notice(String),
}

impl Effect {
    /// Whether both write the same, whichever version of the object each was decided on.
    pub fn writes_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::ServiceStatus(one), Self::ServiceStatus(other)) => {
                one.subject == other.subject
                    && one.ingress == other.ingress
                    && one.conditions == other.conditions
            }
            (Self::PoolState(one), Self::PoolState(other)) => {
                one.pool == other.pool && one.released == other.released
            }
            (one, other) => one == other,
        }
    }

    /// What it writes.
    pub fn key(&self) -> EffectKey {
        let of =
            |subject: &Subject, part| EffectKey { kind: subject.kind, object: subject.key.clone(), part };
        let l2status =
            |key: &ObjectKey| EffectKey { kind: Kind::L2Status, object: key.clone(), part: Part::Status };
        match self {
            Self::ServiceStatus(write) => of(&write.subject, Part::Status),
            Self::PoolAnnotation { subject, .. } => of(subject, Part::Annotation),
            Self::Status(write) => of(&write.subject, Part::Status),
            Self::PoolState(write) => {
                EffectKey { kind: Kind::PoolState, object: write.pool.key.clone(), part: Part::Status }
            }
            Self::L2Status(write) => l2status(&write.key),
            Self::DeleteL2Status(key) => l2status(key),
            Self::Notice(n) => of(&n.subject, Part::Notice(format!("{} {}", n.reason, n.message))),
        }
    }
}
