//! The step from client-side to server-side apply: the annotation that the older way keeps.
//!
//! What `kubectl apply` wrote the older way stands in an annotation. `kubectl apply --server-side` may
//! take over those fields without force, as long as their value is still the one it wrote, and keeps
//! the annotation fresh so that one can go back.

use serde_json::Value;

use super::compare::compare;
use super::conflict::Conflicts;
use super::extent::fields_of;
use super::{FieldSet, Write};

/// The one field manager for which this holds.
pub(super) const CLIENT: &str = "kubectl";

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The conflicts that the older way does not excuse.
pub(super) fn remaining(conflicts: Conflicts, live: &Value, write: &Write<'_>) -> Conflicts {
    let Some(excused) = excused(live, write) else { return conflicts };
    let stands = |path: &[super::element::Element]| {
        let mut alone = FieldSet::default();
        alone.insert(path);
        alone.difference(&excused) == alone
    };
    Conflicts(conflicts.0.into_iter().filter(|conflict| stands(&conflict.path)).collect())
}

fn excused(live: &Value, write: &Write<'_>) -> Option<FieldSet> {
    let last: Value = serde_json::from_str(annotation(live)?).ok()?;
    if last.get("apiVersion")?.as_str()? != write.api_version {
        return None;
    }
    let change = compare(write.schema, &last, live);
    let unchanged = fields_of(write.schema, &last).difference(&change.set());
    Some(unchanged.difference(&change.removed))
}

/// Writes what was applied into the annotation, if there is one.
pub(super) fn refresh(object: &mut Value, applied: &Value) {
    if annotation(object).is_none() {
        return;
    }
    let mut applied = applied.clone();
    if let Some(annotations) = applied.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(ANNOTATION);
    }
    if let Some(annotations) = object.pointer_mut("/metadata/annotations") {
        annotations[ANNOTATION] = Value::from(format!("{applied}\n"));
    }
}

fn annotation(object: &Value) -> Option<&str> {
    let annotations = object.pointer("/metadata/annotations")?;
    annotations.get(ANNOTATION)?.as_str().filter(|text| !text.is_empty())
}
