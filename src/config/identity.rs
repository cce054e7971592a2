//! What tells one object from another, and one version of it from the next.

use std::fmt;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::{Deserialize, Serialize};

use crate::name::ObjectKey;

/// Wall-clock seconds since 1970, as the API server stamps them: data to compare, never the time of now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl From<&Time> for Timestamp {
    fn from(time: &Time) -> Self {
        Self(time.0.as_second())
    }
}

/// The part of an object's metadata that decisions use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Namespace and name.
    pub key: ObjectKey,
    /// `metadata.uid`: another object of the same name has another one.
    pub uid: Arc<str>,
    /// `metadata.resourceVersion`: opaque, compared for equality only.
    pub version: Arc<str>,
    /// `metadata.generation`: counts changes of the spec; 0 where the kind has none.
    pub generation: i64,
    /// `metadata.creationTimestamp`.
    pub created: Timestamp,
}

impl Identity {
    /// What "older" means everywhere: creation, then key.
    pub fn age(&self) -> (Timestamp, &ObjectKey) {
        (self.created, &self.key)
    }

    /// Whether only the version differs, if anything.
    pub fn same_object(&self, other: &Self) -> bool {
        self.key == other.key && self.uid == other.uid
    }
}

impl From<&ObjectMeta> for Identity {
    fn from(meta: &ObjectMeta) -> Self {
        let text = |field: &Option<String>| Arc::from(field.as_deref().unwrap_or_default());
        Self {
            key: ObjectKey { namespace: text(&meta.namespace), name: text(&meta.name) },
            uid: text(&meta.uid),
            version: text(&meta.resource_version),
            generation: meta.generation.unwrap_or_default(),
            created: meta.creation_timestamp.as_ref().map(Timestamp::from).unwrap_or_default(),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}
