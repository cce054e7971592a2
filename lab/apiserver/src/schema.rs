//! What an object of one kind may look like, and what follows from that.
//!
//! A [`Schema`] is the *structural* form of a kind's OpenAPI schema: one tree that answers three
//! questions in the order the API server asks them.
//!
//! ```text
//!   request body ── prune ──▶ default ──▶ validate ──▶ stored object
//!                    │                       │
//!                    └ unknown fields        └ field errors
//!                      (warned or refused,     (status 422, one cause each)
//!                       by fieldValidation)
//! ```
//!
//! The same tree tells server-side apply which lists are keyed, which maps are one value
//! ([`crate::managed`]), and where the rules of `x-kubernetes-validations` stand ([`crate::cel`]).
//! It decides nothing about kinds, verbs or storage.
//!
//! Source: Kubernetes documentation "Extend the Kubernetes API with CustomResourceDefinitions",
//! sections on structural schemas, pruning, defaulting; the wording of errors is the API server's own.

mod bounds;
mod defaulting;
mod error;
mod format;
mod parse;
mod path;
mod pruning;
mod structure;
#[cfg(test)]
mod tests;
mod validation;

pub use bounds::Bound;
pub use error::{FieldError, FieldErrorKind};
pub use parse::{Document, SchemaError};
pub use path::FieldPath;
pub use structure::misfits;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

/// The JSON type a schema asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// No type named: any value fits.
    #[default]
    Any,
    Boolean,
    Integer,
    Number,
    String,
    /// `x-kubernetes-int-or-string`.
    IntOrString,
    Object,
    Array,
}

/// How a list is owned and merged: `x-kubernetes-list-type`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ListType {
    /// One value, replaced whole.
    #[default]
    Atomic,
    /// Scalars, each its own name.
    Set,
    /// Objects named by these fields.
    Map(Vec<String>),
}

/// How a map is owned and merged: `x-kubernetes-map-type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapType {
    /// Each key is owned by itself.
    #[default]
    Granular,
    /// One value, replaced whole.
    Atomic,
}

/// What happens to a field that no property names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    /// It is removed, and reported as unknown.
    #[default]
    Prune,
    /// `x-kubernetes-preserve-unknown-fields`.
    Preserve,
}

/// Whether a set or keyed list may name an item twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repetition {
    #[default]
    Refused,
    /// Built-in kinds have lists that repeat a key: a node's addresses of one type, for two families.
    Allowed,
}

/// `x-kubernetes-patch-strategy`: how a strategic merge patch treats the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchStrategy {
    /// Items of a list are merged with those already there.
    Merge,
    /// The value is replaced whole.
    Replace,
    /// Only the fields that the patch lists under `$retainKeys` stay.
    RetainKeys,
}

impl PatchStrategy {
    fn named(name: &str) -> Option<Self> {
        match name {
            "merge" => Some(Self::Merge),
            "replace" => Some(Self::Replace),
            "retainKeys" => Some(Self::RetainKeys),
            _ => None,
        }
    }
}

/// One node of a structural schema.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    pub kind: Kind,
    pub properties: BTreeMap<String, Arc<Schema>>,
    /// Schema of every value not named in `properties`.
    pub additional: Option<Arc<Schema>>,
    pub items: Option<Arc<Schema>>,
    pub list_type: ListType,
    pub repetition: Repetition,
    pub map_type: MapType,
    pub unknown: Unknown,
    /// The field that names an item for a strategic merge patch (built-in kinds only).
    pub patch_merge_key: Option<String>,
    pub patch_strategies: Vec<PatchStrategy>,
    /// `x-kubernetes-embedded-resource`: apiVersion, kind and metadata belong here too.
    pub embedded: bool,
    /// Whether `null` is a value of its own; elsewhere it means *absent*.
    pub nullable: bool,
    pub required: Vec<String>,
    pub default: Option<Value>,
    /// Limits on the value itself, in the order they are reported.
    pub bounds: Vec<Bound>,
    pub junctors: Junctors,
    /// The rules of `x-kubernetes-validations` at this node, as written.
    pub rules: Vec<Value>,
}

/// `allOf`, `anyOf`, `oneOf` and `not`: schemas that only validate.
#[derive(Clone, Debug, Default)]
pub struct Junctors {
    pub all_of: Vec<Arc<Schema>>,
    pub any_of: Vec<Arc<Schema>>,
    pub one_of: Vec<Arc<Schema>>,
    pub not: Option<Arc<Schema>>,
}

impl Schema {
    /// The schema of the field `name`, if this schema says anything about it.
    pub fn field(&self, name: &str) -> Option<&Arc<Schema>> {
        self.properties.get(name).or(self.additional.as_ref())
    }

    /// The schema of a kind about which nothing is known: everything is kept, maps are granular and
    /// lists are one value.
    pub fn free() -> Self {
        Self { unknown: Unknown::Preserve, nullable: true, ..Self::default() }
    }

    /// The item of `list` that carries the same keys as `item`, for a keyed list.
    ///
    /// `None` where the list is not keyed, so where items have no identity across two versions.
    pub fn matching_item<'a>(&self, list: &'a [Value], item: &Value) -> Option<&'a Value> {
        let ListType::Map(keys) = &self.list_type else { return None };
        list.iter().find(|other| keys.iter().all(|key| other.get(key) == item.get(key)))
    }
}
