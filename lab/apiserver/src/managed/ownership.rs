//! The owners of one object: `metadata.managedFields`, read and written.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::change::Change;
use super::conflict::{Conflict, Conflicts};
use super::identity::{Identity, Operation};
use super::{ApplyError, FieldSet, Force, Write, fields_v1, reset};

/// An object keeps at most this many owners that did not apply; the oldest are thrown together.
const MOST_UPDATERS: usize = 10;

/// The owner that older updaters are thrown together under.
const ANCIENT_CHANGES: &str = "ancient-changes";

/// What one owner has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owned {
    pub(super) fields: FieldSet,
    pub(super) api_version: String,
    pub(super) time: Option<String>,
}

/// All owners of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ownership(BTreeMap<Identity, Owned>);

impl Ownership {
    /// The owners recorded in `object`; none when the record cannot be read.
    pub(super) fn of_object(object: &Value) -> Self {
        recorded(object).and_then(decode).unwrap_or_default()
    }

    /// The owners that a write starts from: those it brings along on the main endpoint (an empty list
    /// clears them), else those of the stored object.
    pub(super) fn given(old: &Value, new: &Value, subresource: &str) -> Self {
        let brought = recorded(new).filter(|_| subresource.is_empty());
        if brought.is_some_and(clears) {
            return Self::default();
        }
        match brought.and_then(decode) {
            Some(owners) if !owners.is_empty() => owners,
            _ => Self::of_object(old),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn insert(&mut self, identity: Identity, owned: Owned) {
        self.0.insert(identity, owned);
    }

    pub(super) fn remove(&mut self, identity: &Identity) -> Option<Owned> {
        self.0.remove(identity)
    }

    /// Every owned field.
    pub(super) fn all(&self) -> FieldSet {
        self.0.values().fold(FieldSet::default(), |all, owned| all.union(&owned.fields))
    }

    /// Everybody loses what changed.
    pub(super) fn lose(&mut self, change: &Change) {
        let gone = change.set().union(&change.removed);
        for owned in self.0.values_mut() {
            owned.fields = owned.fields.difference(&gone);
        }
        self.drop_empty();
    }

    /// `writer` has these fields too, from the time of `write` on.
    pub(super) fn add(&mut self, writer: Identity, fields: &FieldSet, write: &Write<'_>) {
        let before = self.0.remove(&writer).map(|owned| owned.fields).unwrap_or_default();
        let owned = Owned {
            fields: before.union(fields),
            api_version: write.api_version.to_owned(),
            time: Some(write.time.to_owned()),
        };
        self.0.insert(writer, owned);
    }

    /// Lets `applier` have what it changed, against everybody else.
    ///
    /// # Errors
    /// The changed fields that others own, unless they are taken by force.
    pub(super) fn settle(
        &mut self,
        change: &Change,
        applier: &Identity,
        force: Force,
    ) -> Result<(), ApplyError> {
        let set = change.set();
        let conflicts = self.conflicts(&set, applier);
        if force == Force::Refuse && !conflicts.is_empty() {
            return Err(ApplyError::Conflicts(conflicts));
        }
        let gone = set.union(&change.removed);
        for (_, owned) in self.0.iter_mut().filter(|(identity, _)| *identity != applier) {
            owned.fields = owned.fields.difference(&gone);
        }
        self.drop_empty();
        Ok(())
    }

    fn conflicts(&self, set: &FieldSet, applier: &Identity) -> Conflicts {
        let mut conflicts = Vec::new();
        for (owner, owned) in self.0.iter().filter(|(identity, _)| *identity != applier) {
            let paths = owned.fields.intersection(set).paths();
            conflicts.extend(paths.into_iter().map(|path| Conflict { owner: owner.clone(), path }));
        }
        Conflicts(conflicts)
    }

    /// Takes from `identity` what nobody ever owns: the object's name and what the server writes.
    pub(super) fn strip(&mut self, identity: &Identity) {
        if let Some(owned) = self.0.get_mut(identity) {
            owned.fields = owned.fields.difference(&reset::unowned());
        }
        self.drop_empty();
    }

    pub(super) fn stamp(&mut self, identity: &Identity, time: &str) {
        if let Some(owned) = self.0.get_mut(identity) {
            owned.time = Some(time.to_owned());
        }
    }

    /// Throws the oldest updaters together until at most [`MOST_UPDATERS`] are left.
    pub(super) fn cap(&mut self) {
        let updater = |(identity, _): &(&Identity, &Owned)| identity.operation == Operation::Update;
        let mut updaters: Vec<(Option<String>, Identity)> = self
            .0
            .iter()
            .filter(updater)
            .map(|(identity, owned)| (owned.time.clone(), identity.clone()))
            .collect();
        updaters.sort();
        let mut left = updaters.len();
        let mut first: BTreeMap<String, Identity> = BTreeMap::new();
        for (time, identity) in updaters {
            if left <= MOST_UPDATERS {
                return;
            }
            let version = identity.api_version.clone();
            match first.get(&version) {
                None => drop(first.insert(version, identity)),
                Some(first) => {
                    self.throw_together(&first.clone(), &identity, time);
                    left -= 1;
                }
            }
        }
    }

    fn throw_together(&mut self, first: &Identity, next: &Identity, time: Option<String>) {
        let bucket = Identity::new(ANCIENT_CHANGES, Operation::Update, &next.api_version, "");
        let Some(next) = self.0.remove(next) else { return };
        let older = self.0.remove(&bucket).or_else(|| self.0.remove(first));
        let fields = older.map_or_else(FieldSet::default, |owned| owned.fields).union(&next.fields);
        self.0.insert(bucket, Owned { fields, api_version: next.api_version, time });
    }

    fn drop_empty(&mut self) {
        self.0.retain(|_, owned| !owned.fields.is_empty());
    }

    /// Writes the record into `object`, in the order that readers expect.
    pub(super) fn write_into(&self, object: &mut Value) {
        let mut owners: Vec<(&Identity, &Owned)> = self.0.iter().collect();
        owners.sort_by_key(|(identity, owned)| {
            (
                identity.operation,
                owned.time.clone(),
                identity.manager.clone(),
                owned.api_version.clone(),
                identity.subresource.clone(),
            )
        });
        let entries: Vec<Value> =
            owners.into_iter().map(|(identity, owned)| encode(identity, owned)).collect();
        let Some(object) = object.as_object_mut() else { return };
        let metadata = object.entry("metadata").or_insert_with(|| json!({}));
        let Some(metadata) = metadata.as_object_mut() else { return };
        if entries.is_empty() {
            metadata.remove("managedFields");
        } else {
            metadata.insert("managedFields".to_owned(), Value::Array(entries));
        }
    }
}

fn recorded(object: &Value) -> Option<&Value> {
    object.pointer("/metadata/managedFields").filter(|record| !record.is_null())
}

fn clears(record: &Value) -> bool {
    match record.as_array().map(Vec::as_slice) {
        Some([]) => true,
        Some([only]) => only.as_object().is_some_and(serde_json::Map::is_empty),
        Some(_) | None => false,
    }
}

fn encode(identity: &Identity, owned: &Owned) -> Value {
    let mut entry = json!({
        "manager": identity.manager,
        "operation": identity.operation.name(),
        "apiVersion": owned.api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields_v1::encode(&owned.fields),
    });
    if let Some(time) = &owned.time {
        entry["time"] = json!(time);
    }
    if !identity.subresource.is_empty() {
        entry["subresource"] = json!(identity.subresource);
    }
    entry
}

fn decode(record: &Value) -> Option<Ownership> {
    let entries = record.as_array()?.iter().map(decode_entry);
    entries.collect::<Option<BTreeMap<_, _>>>().map(Ownership)
}

fn decode_entry(entry: &Value) -> Option<(Identity, Owned)> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let operation = Operation::named(text("operation"))?;
    if text("fieldsType") != "FieldsV1" {
        return None;
    }
    let fields = entry.get("fieldsV1").map_or_else(|| Some(FieldSet::default()), fields_v1::decode)?;
    let identity = Identity::new(text("manager"), operation, text("apiVersion"), text("subresource"));
    let time = entry.get("time").and_then(Value::as_str).map(str::to_owned);
    Some((identity, Owned { fields, api_version: text("apiVersion").to_owned(), time }))
}
