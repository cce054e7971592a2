//! Who owns which field of an object: server-side apply and `metadata.managedFields`.
//!
//! ```text
//!             applied configuration           any other write
//!                      │                             │
//!     live ── merge ───┤                     live ── compare ──▶ changed fields
//!               │      │                                           │
//!               ▼      ▼                                           ▼
//!     remove what this owner gave up            the writer owns what it changed,
//!     and nobody else owns                      everybody else loses it
//!               │
//!               ▼
//!     compare with live: a changed field that somebody else owns is a conflict,
//!     unless the applier takes it by force
//! ```
//!
//! What is decided here: the merged object, the ownership after a write, the conflicts. What is left
//! to the caller: defaults (fill them *before* [`update`] and *after* [`apply`]), values that the
//! server allocates (after both), resetting `status` or `spec` on the endpoint that may not write it,
//! and comparing the result with the stored object, so that a write that changes nothing keeps its
//! resource version. The time is an argument and stands in an entry only when a write changed something.
//!
//! Source: Kubernetes documentation "Server-Side Apply"; details of the merge as in the reference
//! implementation (structured-merge-diff 4.6), which the API server is built with.
//!
//! Otherwise than there: ownership recorded in another version of the same kind is taken over as it
//! stands (the lab converts versions by changing `apiVersion` alone), and ownership recorded before a
//! list changed its type is not rewritten.

mod change;
mod check;
mod compare;
mod conflict;
mod element;
mod extent;
mod field_set;
mod fields_v1;
mod identity;
mod last_applied;
mod merge;
mod ownership;
mod remove;
mod reset;
#[cfg(test)]
mod tests;
mod typed;

pub use conflict::{ApplyError, Conflict, Conflicts};
pub use field_set::FieldSet;
pub use reset::reset_fields;

use serde_json::Value;

use crate::schema::Schema;
use compare::compare;
use identity::{Identity, Operation};
use ownership::{Owned, Ownership};

/// The owner that stands for everything written before an object was first applied.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// What becomes of fields that somebody else owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// They are conflicts.
    Refuse,
    /// They change hands (`force=true`).
    TakeOver,
}

/// Who writes, through which endpoint, when.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// The field manager, as `fieldManager` or the user agent names it.
    pub manager: &'a str,
    /// `group/version` of the endpoint.
    pub api_version: &'a str,
    /// Empty for the main endpoint.
    pub subresource: &'a str,
    pub schema: &'a Schema,
    /// Fields that this endpoint does not write, see [`reset_fields`].
    pub reset: &'a FieldSet,
    /// RFC 3339, in seconds, UTC.
    pub time: &'a str,
}

impl Write<'_> {
    fn identity(&self, operation: Operation) -> Identity {
        Identity::new(self.manager, operation, self.api_version, self.subresource)
    }
}

/// The object that results from applying `applied` to `live`, with its `managedFields`.
///
/// `live` is an empty object when the object does not exist yet. A field that stays while everything in
/// it was given up is null in the result; filling in defaults settles what that means for its kind.
///
/// # Errors
/// Conflicts with other owners, or a configuration that does not fit the schema. Nothing has changed.
pub fn apply(live: &Value, applied: &Value, force: Force, write: &Write<'_>) -> Result<Value, ApplyError> {
    if applied.pointer("/metadata/managedFields").is_some_and(|fields| !fields.is_null()) {
        return Err(ApplyError::ManagedFieldsGiven);
    }
    check::check(write.schema, applied)?;
    let mut owners = Ownership::of_object(live);
    let live = without_ownership(live);
    if owners.is_empty() {
        let everything = Write { manager: BEFORE_FIRST_APPLY, ..*write };
        track(&Value::Object(Default::default()), &live, &mut owners, &everything);
    }
    match merged(&live, applied, owners.clone(), force, write) {
        Err(ApplyError::Conflicts(conflicts)) if write.manager == last_applied::CLIENT => {
            let conflicts = last_applied::remaining(conflicts, &live, write);
            if !conflicts.is_empty() {
                return Err(ApplyError::Conflicts(conflicts));
            }
            merged(&live, applied, owners, Force::TakeOver, write)
        }
        outcome => outcome,
    }
}

fn merged(
    live: &Value,
    applied: &Value,
    mut owners: Ownership,
    force: Force,
    write: &Write<'_>,
) -> Result<Value, ApplyError> {
    let schema = write.schema;
    let applier = write.identity(Operation::Apply);
    let union = merge::merge(schema, Some(live), Some(applied)).unwrap_or_default();
    let last = owners.remove(&applier);
    let claimed = extent::fields_of(schema, applied).without(write.reset);
    let time = last.as_ref().and_then(|owned| owned.time.clone());
    owners.insert(applier.clone(), Owned { fields: claimed, api_version: write.api_version.into(), time });
    let mut object = match &last {
        Some(last) => remove::given_up(schema, union, &owners, &last.fields),
        None => union,
    };
    let change = compare(schema, live, &object).without(write.reset);
    owners.settle(&change, &applier, force)?;
    if object != *live {
        owners.stamp(&applier, write.time);
    }
    owners.strip(&applier);
    if write.manager == last_applied::CLIENT {
        last_applied::refresh(&mut object, applied);
    }
    owners.write_into(&mut object);
    Ok(object)
}

/// Writes into `new` who owns its fields, after any write that is not an apply.
///
/// `old` is the stored object, or an empty one when `new` is being created.
/// A client may write `managedFields` itself through the main endpoint; `[]` or `[{}]` clears them.
pub fn update(old: &Value, new: &mut Value, write: &Write<'_>) {
    let created = old.pointer("/metadata/uid").is_none();
    let mut owners = Ownership::given(old, new, write.subresource);
    let plain = without_ownership(new);
    if created || !owners.is_empty() {
        track(&without_ownership(old), &plain, &mut owners, write);
        owners.cap();
    }
    *new = plain;
    owners.write_into(new);
}

/// Notes that `write` turned `old` into `new`.
fn track(old: &Value, new: &Value, owners: &mut Ownership, write: &Write<'_>) {
    let change = compare(write.schema, old, new).without(write.reset);
    owners.lose(&change);
    let taken = change.set().difference(&reset::unowned());
    if !taken.is_empty() {
        owners.add(write.identity(Operation::Update), &taken, write);
    }
}

fn without_ownership(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}
