//! patch: four ways to say what changes.

use json_patch::{AddOperation, PatchOperation, ReplaceOperation};
use serde_json::{Value, json};

use crate::call::{Body, Call, Patch, WriteOptions};
use crate::cluster::create::{Owned, Write};
use crate::cluster::decode::{Decoded, identified, known};
use crate::cluster::{Cluster, Request};
use crate::object;
use crate::reply::{Reply, Shown};
use crate::resource::Resource;
use crate::schema::FieldError;
use crate::status::{Reason, Status};
use crate::{builtin, schemas, strategic};

impl Cluster {
    pub(super) fn patch(&mut self, request: Request<'_>) -> Result<Reply, Status> {
        let Request { resource, call, .. } = request;
        let options = WriteOptions::read(call)?;
        let write = Write::of(request, &options);
        let Body::Patch(patch) = &call.body else {
            return Err(Status::bad_request("the request carries no patch"));
        };
        if let Patch::Apply(applied) = patch {
            return self.apply(&write, call, applied);
        }
        let live = self.live(resource, &call.target.key())?;
        let patched = patched(resource, &live, patch)?;
        refuse_unreadable(resource, &patched)?;
        let object = identified(resource, &call.target, patched)?;
        refuse_another(resource, &live, &object)?;
        let shown = object.to_string();
        let decoded = known(resource, object, &call.repeated, options.validation);
        let Decoded { object, warnings } = decoded.map_err(|why| misfit(&shown, &why))?;
        let object = self.replace(&write, &live, object, Owned::Pending)?;
        Ok(Reply::Object(Shown { resource: resource.clone(), object, created: false, warnings }))
    }

    /// Server-side apply: creates what is missing, except through a subresource.
    fn apply(&mut self, write: &Write<'_>, call: &Call, applied: &Value) -> Result<Reply, Status> {
        let resource = write.resource;
        if object::text(applied, "/kind").is_empty() {
            return Err(Status::bad_request("invalid object type: /, Kind="));
        }
        let applied = identified(resource, &call.target, applied.clone())?;
        let warnings = resource.custom().and_then(|custom| custom.deprecation.clone()).into_iter().collect();
        let (object, created) = match self.live(resource, &call.target.key()) {
            Ok(live) => {
                refuse_another(resource, &live, &applied)?;
                let merged = self.applied(write, &live, &applied)?;
                (self.replace(write, &live, merged, Owned::Applied)?, false)
            }
            Err(missing) if !write.subresource.is_empty() => return Err(missing),
            Err(_) => {
                let merged = self.applied(write, &json!({}), &applied)?;
                (self.make(write, merged, Owned::Applied)?, true)
            }
        };
        Ok(Reply::Object(Shown { resource: resource.clone(), object, created, warnings }))
    }
}

fn patched(resource: &Resource, live: &Value, patch: &Patch) -> Result<Value, Status> {
    let mut object = live.clone();
    match patch {
        Patch::Json(operations) => {
            for operation in operations.iter() {
                let operation = std::slice::from_ref(operation);
                let refused = match operation {
                    [PatchOperation::Replace(replace)] => set(&mut object, replace),
                    other => json_patch::patch(&mut object, other),
                };
                refused.map_err(|error| unprocessable(&error.to_string()))?;
            }
        }
        Patch::Merge(patch) | Patch::Apply(patch) => json_patch::merge(&mut object, patch),
        Patch::Strategic(_) if resource.custom().is_some() => return Err(no_strategic()),
        Patch::Strategic(patch) => {
            let merged = strategic::merge(&schemas::of(resource), live, patch);
            object = merged.map_err(|error| Status::bad_request(error.to_string()))?;
        }
    }
    Ok(object)
}

/// RFC 6902 lets `replace` fail where nothing stands yet; the real server sets the field of a map all the same.
fn set(object: &mut Value, replace: &ReplaceOperation) -> Result<(), json_patch::PatchError> {
    let parent = replace.path.parent().and_then(|parent| object.pointer(parent.as_str()));
    let operation = if parent.is_some_and(Value::is_object) {
        PatchOperation::Add(AddOperation { path: replace.path.clone(), value: replace.value.clone() })
    } else {
        PatchOperation::Replace(replace.clone())
    };
    json_patch::patch(object, &[operation])
}

/// A patch whose result is no object of a built-in kind is refused as a wrong value.
fn refuse_unreadable(resource: &Resource, patched: &Value) -> Result<(), Status> {
    let why = builtin::unreadable(&resource.api_version(), &resource.kind, patched);
    why.map_or(Ok(()), |why| Err(misfit(&patched.to_string(), &why)))
}

/// The real server names neither kind nor object here.
fn misfit(patched: &str, why: &str) -> Status {
    let error = FieldError::invalid("patch".into(), &json!(patched), why);
    let cause = json!({"reason": error.kind.reason(), "message": error.message, "field": "patch"});
    Status::detailed(Reason::Invalid, format!(" \"\" is invalid: {error}"), json!({"causes": [cause]}))
}

/// A replacement for another object of the same name is a conflict; a patch for one is a change of what is fixed.
fn refuse_another(resource: &Resource, live: &Value, patched: &Value) -> Result<(), Status> {
    let uid = object::uid(patched);
    if uid.is_empty() || uid == object::uid(live) {
        return Ok(());
    }
    let error = FieldError::invalid("metadata.uid".into(), &json!(uid), "field is immutable");
    Err(Status::invalid(resource, object::name(live), &[error]))
}

fn no_strategic() -> Status {
    Status::new(
        Reason::UnsupportedMediaType,
        "the body of the request was in an unknown format - accepted media types include: \
         application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    )
}

/// The real server names neither kind nor object here, and so kubectl says "The request is invalid".
fn unprocessable(why: &str) -> Status {
    let message = "the server rejected our request due to an error in our request";
    let details = json!({"causes": [{"reason": "UnexpectedServerResponse", "message": why}]});
    Status::detailed(Reason::Invalid, message, details)
}
