//! patch: four ways to say what changes.

use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::{Body, Call, Patch, WriteOptions};
use crate::cluster::Cluster;
use crate::cluster::create::{Owned, Write, identified, known_fields};
use crate::reply::{Reply, Shown};
use crate::resource::Resource;
use crate::status::{Reason, Status};
use crate::{schemas, strategic};

impl Cluster {
    pub(super) fn patch(
        &mut self,
        resource: &Arc<Resource>,
        call: Call,
        now: Timestamp,
    ) -> Result<Reply, Status> {
        let options = WriteOptions::read(&call.query, &call.agent)?;
        let subresource = call.target.subresource.clone().unwrap_or_default();
        let write = Write { resource, subresource: &subresource, options: &options, now };
        let Body::Patch(patch) = &call.body else {
            return Err(Status::bad_request("the request carries no patch"));
        };
        if let Patch::Apply(applied) = patch {
            return self.apply(&write, &call, applied);
        }
        let live = self.live(resource, &call.target.key())?;
        let patched = patched(resource, &live, patch)?;
        let mut object = identified(resource, &call.target, Body::Object(patched))?;
        let warnings = known_fields(resource, &mut object, options.validation)?;
        let object = self.replace(&write, &live, object, Owned::Pending)?;
        Ok(Reply::Object(Shown { resource: resource.clone(), object, created: false, warnings }))
    }

    /// Server-side apply: creates what is missing, except through a subresource.
    fn apply(&mut self, write: &Write<'_>, call: &Call, applied: &Value) -> Result<Reply, Status> {
        if call.query.text("fieldManager").is_empty() {
            let error =
                crate::schema::FieldError::required("fieldManager".into(), "is required for apply patch");
            return Err(Status::invalid_options("PatchOptions", &[error]));
        }
        let resource = write.resource;
        let applied = identified(resource, &call.target, Body::Object(applied.clone()))?;
        let warnings = resource.custom().and_then(|custom| custom.deprecation.clone()).into_iter().collect();
        let (object, created) = match self.live(resource, &call.target.key()) {
            Ok(live) => {
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
            let refused = json_patch::patch(&mut object, operations);
            refused.map_err(|error| unprocessable(&error.to_string()))?;
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

fn no_strategic() -> Status {
    Status::new(
        Reason::UnsupportedMediaType,
        "the body of the request was in an unknown format - accepted media types include: \
         application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    )
}

/// The real server names neither kind nor object here, and so kubectl says "The request is invalid".
fn unprocessable(why: &str) -> Status {
    Status {
        reason: Reason::Invalid,
        message: "the server rejected our request due to an error in our request".into(),
        details: json!({"causes": [{"reason": "UnexpectedServerResponse", "message": why}]}),
    }
}
