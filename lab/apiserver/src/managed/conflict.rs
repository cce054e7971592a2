//! Why an apply is refused.

use std::collections::BTreeMap;

use thiserror::Error;

use super::element::Element;
use super::identity::Identity;

/// A field that somebody else owns with another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub(super) owner: Identity,
    pub(super) path: Vec<Element>,
}

impl Conflict {
    /// The owner as messages name it: `"kubectl" with subresource "status" using v1`.
    pub fn owner(&self) -> String {
        self.owner.to_string()
    }

    /// The field as messages name it: `.spec.ports[port=80,protocol="TCP"].name`.
    pub fn field(&self) -> String {
        self.path.iter().map(ToString::to_string).collect()
    }

    /// The `message` of the matching status cause (its `reason` is `FieldManagerConflict`).
    pub fn cause(&self) -> String {
        format!("conflict with {}", self.owner)
    }
}

/// Every field that stands against an apply, by owner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflicts(pub(super) Vec<Conflict>);

impl Conflicts {
    pub fn iter(&self) -> impl Iterator<Item = &Conflict> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn by_owner(&self) -> BTreeMap<&Identity, Vec<&Conflict>> {
        let mut owners: BTreeMap<&Identity, Vec<&Conflict>> = BTreeMap::new();
        for conflict in &self.0 {
            owners.entry(&conflict.owner).or_default().push(conflict);
        }
        owners
    }
}

impl std::fmt::Display for Conflicts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let [only] = self.0.as_slice() {
            return write!(f, "Apply failed with 1 conflict: {}: {}", only.cause(), only.field());
        }
        let mut lines = Vec::new();
        for (owner, conflicts) in self.by_owner() {
            lines.push(format!("conflicts with {owner}:"));
            lines.extend(conflicts.iter().map(|conflict| format!("- {}", conflict.field())));
        }
        write!(f, "Apply failed with {} conflicts: {}", self.0.len(), lines.join("\n"))
    }
}

/// Why an apply is refused. Nothing has changed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ApplyError {
    /// Status 409, reason `Conflict`, one cause for each field.
    #[error("{0}")]
    Conflicts(Conflicts),
    /// Status 400.
    #[error("metadata.managedFields must be nil")]
    ManagedFieldsGiven,
    /// Status 500, as the real server answers it: a field the schema lacks, an item without its keys.
    #[error("failed to create typed patch object ({object}): {reason}")]
    Untyped {
        /// `namespace/name; group/version, Kind=Kind`.
        object: String,
        reason: String,
    },
}
