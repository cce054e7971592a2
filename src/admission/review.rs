//! Reviews as the API server writes them. Of their many fields only those are read that an answer depends on, so that a
//! review of a later API server is a review.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::api::bgp::{BFDProfile, BGPAdvertisement, BGPPeer, Community};
use crate::api::{GROUP, IPAddressPool, L2Advertisement, read};
use crate::config::{AdvertisementSource, PoolSource};

/// The only version there is.
const VERSION: &str = "admission.k8s.io/v1";
const KIND: &str = "AdmissionReview";
/// Younger than anything.
const YOUNGEST: &str = "9999-12-30T00:00:00Z";

/// Why bytes are no review. There is nobody to answer to: a review that cannot be read has no uid.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// No JSON, or not of the shape of a review.
    #[error("not an AdmissionReview")]
    Shape(#[from] serde_json::Error),
    /// Another kind or version.
    #[error("{kind} of {version:?} is not an AdmissionReview of {VERSION}")]
    Version {
        /// Its `kind`.
        kind: String,
        /// Its `apiVersion`.
        version: String,
    },
    /// A review without a request, as answers are.
    #[error("the AdmissionReview asks nothing")]
    NoRequest,
}

/// What is to become of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    request: Option<Request>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    uid: String,
    kind: Kind,
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    operation: Operation,
    object: Option<Value>,
}

#[derive(Deserialize)]
struct Kind {
    group: String,
    kind: String,
}

/// A review with its request.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// Names the review in its answer.
    pub uid: String,
    /// What is asked.
    pub question: Question,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Kind of the object.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Whether there was no such object before.
    pub new: bool,
    /// What is to become of it.
    pub subject: Subject,
}

/// What is to become of which object.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A pool is to be written.
    Pool(Box<PoolSource>),
    /// An advertisement is to be written.
    Advertisement(Box<AdvertisementSource>),
    /// A profile of this name is to be deleted.
    ProfileDeletion(String),
    /// Nothing that has to do with other objects.
    Lone,
    /// An object that does not have the shape of its kind, or is of a kind that is not ours: why.
    Unfit(String),
}

impl Review {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// See [`Unreadable`]. An object that is wrong is no error: the answer refuses it.
    pub fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let Written { api_version, kind, request } = serde_json::from_slice(body)?;
        if (api_version.as_str(), kind.as_str()) != (VERSION, KIND) {
            return Err(Unreadable::Version { kind, version: api_version });
        }
        let request = request.ok_or(Unreadable::NoRequest)?;
        let new = request.operation == Operation::Create;
        let object = request.object.unwrap_or_default();
        let object = if new { youngest(object) } else { object };
        let subject = subject(request.operation, &request.kind, &request.name, object);
        let kind = request.kind.kind;
        Ok(Self { uid: request.uid, question: Question { kind, namespace: request.namespace, new, subject } })
    }
}

fn subject(operation: Operation, kind: &Kind, name: &str, object: Value) -> Subject {
    if kind.group != GROUP {
        return Subject::Unfit(format!("the group {:?} is not judged here", kind.group));
    }
    match operation {
        Operation::Create | Operation::Update => written(&kind.kind, object),
        Operation::Delete if kind.kind == "BFDProfile" => Subject::ProfileDeletion(name.to_owned()),
        Operation::Delete | Operation::Connect => Subject::Lone,
    }
}

/// What is new is younger than all that stands, whatever date it brings along.
fn youngest(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("creationTimestamp".to_owned(), YOUNGEST.into());
    }
    object
}

fn written(kind: &str, object: Value) -> Subject {
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return Subject::Lone;
    }
    let read = match kind {
        "IPAddressPool" => {
            read::<IPAddressPool>(object).map(|pool| Subject::Pool(Box::new(PoolSource::from(&pool))))
        }
        "L2Advertisement" => read::<L2Advertisement>(object)
            .map(|rule| Subject::Advertisement(Box::new(AdvertisementSource::from(&rule)))),
        "BGPAdvertisement" => read::<BGPAdvertisement>(object).map(|_| Subject::Lone),
        "BGPPeer" => read::<BGPPeer>(object).map(|_| Subject::Lone),
        "BFDProfile" => read::<BFDProfile>(object).map(|_| Subject::Lone),
        "Community" => read::<Community>(object).map(|_| Subject::Lone),
        other => return Subject::Unfit(format!("the kind {other:?} is not judged here")),
    };
    read.unwrap_or_else(|error| Subject::Unfit(format!("{error}: {}", error.source)))
}
