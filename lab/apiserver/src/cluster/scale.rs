//! The `scale` subresource: one number of many kinds, in one form.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::call::{Body, Patch, Verb, WriteOptions};
use crate::cluster::create::{Owned, Write};
use crate::cluster::{Cluster, Request};
use crate::object;
use crate::reply::Reply;
use crate::resource::ScalePaths;
use crate::status::Status;

impl Cluster {
    pub(super) fn scale(&mut self, request: Request<'_>) -> Result<Reply, Status> {
        let Request { resource, call, .. } = request;
        let Some(paths) = resource.scale.clone() else { return Err(Status::no_such_path()) };
        let live = self.live(resource, &call.target.key())?;
        let present = scale_of(&paths, &live);
        let wanted = match (call.verb, &call.body) {
            (Verb::Get, _) => return Ok(Reply::Plain(Arc::new(present))),
            (Verb::Update, Body::Object(scale)) => scale.clone(),
            (Verb::Patch, Body::Patch(patch)) => patched_scale(present, patch)?,
            _ => return Err(Status::method_not_allowed()),
        };
        let options = WriteOptions::read(call)?;
        let write = Write::of(request, &options);
        let mut object = Value::clone(&live);
        let path: Vec<&str> = paths.spec.split('/').filter(|field| !field.is_empty()).collect();
        object::set(&mut object, &path, json!(object::number(&wanted, "/spec/replicas")));
        let revision = wanted.pointer("/metadata/resourceVersion").cloned();
        let revision = revision.filter(|revision| revision.as_str().is_some_and(|text| !text.is_empty()));
        object::set_or_remove(
            &mut object,
            &["metadata", "resourceVersion"],
            revision.or_else(|| live.pointer("/metadata/resourceVersion").cloned()),
        );
        let object = self.replace(&write, &live, object, Owned::Pending)?;
        Ok(Reply::Plain(Arc::new(scale_of(&paths, &object))))
    }
}

fn scale_of(paths: &ScalePaths, object: &Value) -> Value {
    let metadata = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"]
        .into_iter()
        .filter_map(|field| Some((field.to_owned(), object["metadata"].get(field)?.clone())));
    let metadata: serde_json::Map<String, Value> = metadata.collect();
    let mut status = json!({"replicas": object::number(object, &paths.status)});
    if let Some(selector) = paths.selector.as_deref().and_then(|path| object.pointer(path)) {
        status["selector"] = json!(selector_text(selector));
    }
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        "spec": {"replicas": object::number(object, &paths.spec)}, "status": status,
    })
}

/// `a=b,c=d`, or the text itself where the kind keeps it as text.
fn selector_text(selector: &Value) -> String {
    if let Some(text) = selector.as_str() {
        return text.into();
    }
    let pairs = selector.as_object().into_iter().flatten();
    let pairs: Vec<String> =
        pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    pairs.join(",")
}

fn patched_scale(mut scale: Value, patch: &Patch) -> Result<Value, Status> {
    match patch {
        Patch::Json(operations) => {
            json_patch::patch(&mut scale, operations)
                .map_err(|error| Status::bad_request(error.to_string()))?;
        }
        Patch::Merge(patch) | Patch::Strategic(patch) | Patch::Apply(patch) => {
            json_patch::merge(&mut scale, patch)
        }
    }
    Ok(scale)
}
