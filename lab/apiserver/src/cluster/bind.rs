//! `pods/binding`: a Pod gets its node, once.

use serde_json::{Value, json};

use crate::call::{Body, WriteOptions};
use crate::clock;
use crate::cluster::create::Write;
use crate::cluster::{Cluster, Request};
use crate::object;
use crate::reply::Reply;
use crate::schema::{FieldError, FieldPath};
use crate::status::Status;

impl Cluster {
    /// Puts a Pod on a node, as a scheduler asks.
    ///
    /// # Errors
    /// 404 without the Pod, 409 when it is another one, is on its way out, or has a node already, 422 without
    /// the name of a node.
    pub(super) fn bind(&mut self, request: Request<'_>) -> Result<Reply, Status> {
        let Request { resource, call, now } = request;
        let options = WriteOptions::read(call)?;
        let Body::Object(binding) = &call.body else {
            return Err(Status::bad_request("a Binding is needed"));
        };
        let live = self.live(resource, &call.target.key())?;
        let node = object::text(binding, "/target/name");
        if node.is_empty() {
            let error = FieldError::required(FieldPath::from("target.name"), "");
            return Err(Status::invalid(resource, object::name(&live), &[error]));
        }
        if let Some(why) = refusal(&live, binding) {
            return Err(Status::conflict(resource, object::name(&live), &why));
        }
        let mut pod = Value::clone(&live);
        object::set(&mut pod, &["spec", "nodeName"], json!(node));
        set_scheduled(&mut pod, &clock::seconds(now));
        self.own(&Write::of(request, &options), &live, &mut pod);
        if !options.dry_run {
            self.commit(resource, pod);
        }
        Ok(Reply::done())
    }
}

fn refusal(pod: &Value, binding: &Value) -> Option<String> {
    let (asked, uid) = (object::text(binding, "/metadata/uid"), object::uid(pod));
    if !asked.is_empty() && asked != uid {
        return Some(format!("Precondition failed: UID in precondition: {asked}, UID in object meta: {uid}"));
    }
    let name = object::name(pod);
    if object::is_terminating(pod) {
        return Some(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    match object::text(pod, "/spec/nodeName") {
        "" => None,
        node => Some(format!("pod {name} is already assigned to node {node:?}")),
    }
}

fn set_scheduled(pod: &mut Value, now: &str) {
    let mut conditions = object::list(pod, "/status/conditions").to_vec();
    conditions.retain(|condition| condition["type"] != "PodScheduled");
    conditions.push(json!({"type": "PodScheduled", "status": "True", "lastTransitionTime": now}));
    object::set(pod, &["status", "conditions"], Value::Array(conditions));
}
