//! Who owns whom: the index that garbage collection asks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::object;
use crate::store::ObjectId;

/// Finalizer that keeps an owner until its blocking dependents are gone.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";
/// Finalizer that keeps an owner until its dependents forgot it.
pub(crate) const ORPHAN: &str = "orphan";

/// Living identities, and the objects that name them as owners.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    living: BTreeMap<String, ObjectId>,
    dependents: BTreeMap<String, BTreeSet<ObjectId>>,
}

impl Owners {
    /// Keeps the index in step with one write.
    pub(crate) fn replace(&mut self, id: &ObjectId, old: Option<&Value>, new: Option<&Value>) {
        if let Some(old) = old {
            self.living.remove(object::uid(old));
            for owner in owner_uids(old) {
                if let Some(dependents) = self.dependents.get_mut(&owner) {
                    dependents.remove(id);
                }
            }
        }
        let Some(new) = new else { return };
        self.living.insert(object::uid(new).to_owned(), id.clone());
        for owner in owner_uids(new) {
            self.dependents.entry(owner).or_default().insert(id.clone());
        }
    }

    /// Where an owner lives, if it does.
    pub(crate) fn living(&self, uid: &str) -> Option<&ObjectId> {
        self.living.get(uid)
    }

    /// Who names this identity as owner.
    pub(crate) fn dependents(&self, uid: &str) -> Vec<ObjectId> {
        self.dependents.get(uid).into_iter().flatten().cloned().collect()
    }

    /// True when a written object may have to go: an owner is missing or itself going.
    pub(crate) fn concerns(&self, object: &Value) -> bool {
        !owner_uids(object).is_empty()
    }

    /// Whom the end of an object concerns: its dependents, and its owners that wait for it.
    pub(crate) fn concerned_by(&self, object: &Value) -> Vec<ObjectId> {
        let owners = owner_uids(object).into_iter().filter_map(|uid| self.living.get(&uid).cloned());
        self.dependents(object::uid(object)).into_iter().chain(owners).collect()
    }
}

/// The identities in `metadata.ownerReferences`.
pub(crate) fn owner_uids(object: &Value) -> Vec<String> {
    let owners = object::list(object, "/metadata/ownerReferences").iter();
    owners.map(|owner| object::text(owner, "/uid").to_owned()).collect()
}

/// True when the object holds back the end of this owner.
pub(crate) fn blocks(object: &Value, owner: &str) -> bool {
    object::list(object, "/metadata/ownerReferences")
        .iter()
        .any(|reference| reference["uid"] == owner && reference["blockOwnerDeletion"] == true)
}
