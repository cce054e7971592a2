//! Who owns the fields of a written object: the cluster's side of [`crate::managed`].

use serde_json::{Value, json};

use crate::clock;
use crate::cluster::Cluster;
use crate::cluster::create::Write;
use crate::managed::{self, ApplyError, Conflicts, FieldSet, Force};
use crate::object;
use crate::schemas;
use crate::status::{Reason, Status};

impl Cluster {
    /// Writes into `new` that its writer owns what it changed.
    pub(super) fn own(&self, write: &Write<'_>, old: &Value, new: &mut Value) {
        with_managed(write, |managed| managed::update(old, new, managed));
    }

    /// What results from applying `applied` to `live`.
    ///
    /// # Errors
    /// 409 for fields of other owners, 400 and 500 for configurations that cannot be applied.
    pub(super) fn applied(&self, write: &Write<'_>, live: &Value, applied: &Value) -> Result<Value, Status> {
        let force = if write.options.force { Force::TakeOver } else { Force::Refuse };
        with_managed(write, |managed| managed::apply(live, applied, force, managed)).map_err(refused)
    }
}

fn with_managed<T>(write: &Write<'_>, work: impl FnOnce(&managed::Write<'_>) -> T) -> T {
    let resource = write.resource;
    let split = resource.status || write.subresource == "status";
    let reset =
        if split { managed::reset_fields(&resource.kind, write.subresource) } else { FieldSet::default() };
    work(&managed::Write {
        manager: &write.options.owner,
        api_version: &resource.api_version(),
        subresource: write.subresource,
        schema: &schemas::of(resource),
        reset: &reset,
        time: &clock::seconds(write.now),
    })
}

fn refused(error: ApplyError) -> Status {
    let message = error.to_string();
    match error {
        ApplyError::Conflicts(conflicts) => {
            Status::detailed(Reason::Conflict, message, json!({"causes": causes(&conflicts)}))
        }
        ApplyError::ManagedFieldsGiven => Status::bad_request(message),
        ApplyError::Untyped { .. } => Status::new(Reason::Unknown, message),
    }
}

fn causes(conflicts: &Conflicts) -> Vec<Value> {
    conflicts
        .iter()
        .map(|one| json!({"reason": "FieldManagerConflict", "message": one.cause(), "field": one.field()}))
        .collect()
}

/// True when nothing differs but the times of ownership.
pub(super) fn is_unchanged(live: &Value, new: &Value) -> bool {
    let timeless = |object: &Value| {
        let mut object = object.clone();
        object::remove(&mut object, &["metadata", "resourceVersion"]);
        if let Some(Value::Array(entries)) = object.pointer_mut("/metadata/managedFields") {
            entries.iter_mut().for_each(|entry| drop(object::remove(entry, &["time"])));
        }
        object
    };
    timeless(live) == timeless(new)
}
