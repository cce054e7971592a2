//! Questions that are answered and not kept: who am I, what may I do. There is one user, and it may do all.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::call::{Body, Call, Verb};
use crate::reply::Reply;
use crate::resource::{Builtin, Resource};
use crate::status::Status;

pub(crate) fn answer(resource: &Arc<Resource>, call: &Call) -> Result<Reply, Status> {
    if call.verb != Verb::Create {
        return Err(Status::method_not_allowed());
    }
    let Body::Object(asked) = &call.body else { return Err(Status::bad_request("a review is needed")) };
    let mut review = asked.clone();
    review["apiVersion"] = json!(resource.api_version());
    review["kind"] = json!(resource.kind);
    review["status"] = verdict(resource);
    Ok(Reply::Made(Arc::new(review)))
}

fn verdict(resource: &Resource) -> Value {
    let user = json!({"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]});
    match resource.builtin() {
        Some(Builtin::TokenReview) => json!({"authenticated": true, "user": user}),
        Some(Builtin::SelfSubjectReview) => json!({"userInfo": user}),
        Some(Builtin::SelfSubjectRulesReview) => json!({
            "incomplete": false,
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        }),
        Some(_) | None => json!({"allowed": true}),
    }
}
