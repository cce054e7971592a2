//! What differs between two versions of an object.

use super::FieldSet;

/// The fields that a write added, changed and removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) added: FieldSet,
    pub(super) modified: FieldSet,
    pub(super) removed: FieldSet,
}

impl Change {
    /// The fields whose value is new.
    pub(super) fn set(&self) -> FieldSet {
        self.modified.union(&self.added)
    }

    /// The change as far as it concerns fields outside `fields`.
    pub(super) fn without(&self, fields: &FieldSet) -> Self {
        Self {
            added: self.added.without(fields),
            modified: self.modified.without(fields),
            removed: self.removed.without(fields),
        }
    }
}
