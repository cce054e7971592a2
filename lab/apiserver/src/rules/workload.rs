//! Deployments and their like: a strategy is whole, the selector must match its own template.

use serde_json::{Value, json};

use crate::object;
use crate::rules::pod;
use crate::schema::{FieldError, FieldPath};

/// Typed clients send a strategy without a type where the author gave none.
pub(crate) fn complete_strategy(deployment: &mut Value) {
    let rolling = json!({"maxSurge": "25%", "maxUnavailable": "25%"});
    complete(deployment, "strategy", rolling);
}

/// The same for the kinds that call it otherwise.
pub(crate) fn complete_update_strategy(workload: &mut Value) {
    let rolling = match workload["kind"].as_str() {
        Some("DaemonSet") => json!({"maxSurge": 0, "maxUnavailable": 1}),
        Some(_) | None => json!({"partition": 0}),
    };
    complete(workload, "updateStrategy", rolling);
}

fn complete(workload: &mut Value, field: &str, rolling: Value) {
    object::default_text(workload, &["spec", field, "type"], "RollingUpdate");
    if object::text(&workload["spec"][field], "/type") == "RollingUpdate" {
        object::default(workload, &["spec", field, "rollingUpdate"], rolling);
    }
}

pub(crate) fn validate(new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let spec = FieldPath::from("spec");
    let mut errors = Vec::new();
    let wanted = object::map(new, "/spec/selector/matchLabels");
    let expressions = object::list(new, "/spec/selector/matchExpressions");
    if wanted.is_none_or(serde_json::Map::is_empty) && expressions.is_empty() {
        errors.push(FieldError::required(spec.child("selector"), ""));
    }
    let labels = object::map(new, "/spec/template/metadata/labels");
    let has = |key: &str, value: &Value| labels.is_some_and(|labels| labels.get(key) == Some(value));
    if wanted.into_iter().flatten().any(|(key, value)| !has(key, value)) {
        let rule = "`selector` does not match template `labels`";
        let path = spec.child("template").child("metadata").child("labels");
        errors.push(FieldError::invalid(path, &new["spec"]["template"]["metadata"]["labels"], rule));
    }
    if old.is_some_and(|old| old["spec"]["selector"] != new["spec"]["selector"]) {
        let value = &new["spec"]["selector"];
        errors.push(FieldError::invalid(spec.child("selector"), value, "field is immutable"));
    }
    if object::number(new, "/spec/replicas") < 0 {
        let rule = "must be greater than or equal to 0";
        errors.push(FieldError::invalid(spec.child("replicas"), &new["spec"]["replicas"], rule));
    }
    errors.extend(pod::containers(&new["spec"]["template"]["spec"], &spec.child("template").child("spec")));
    errors
}
