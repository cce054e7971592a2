//! The object in MetalLB's words.

use k8s_openapi::jiff::Timestamp;
use patina::api::ConfigurationResult;
use patina::reconcile::Reading;
use serde_json::{Value, json};

use super::Author;

/// Longest message of a condition (Kubernetes, `metav1.Condition`), in bytes.
const LONGEST_MESSAGE: usize = 32_768;

impl Author {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Controller => "controller".to_owned(),
            Self::Speaker { node } => format!("speaker-{node}"),
        }
    }

    pub(super) const fn field_manager(&self) -> &'static str {
        match self {
            Self::Controller => "poolReconciler",
            Self::Speaker { .. } => "configReconciler",
        }
    }

    const fn condition(&self) -> &'static str {
        match self {
            Self::Controller => "poolReconcilerValid",
            Self::Speaker { .. } => "configReconcilerValid",
        }
    }

    fn labels(&self) -> Value {
        match self {
            Self::Controller => json!({ "metallb.io/component-type": "controller" }),
            Self::Speaker { node } => {
                json!({ "metallb.io/component-type": "speaker", "metallb.io/node-name": node })
            }
        }
    }
}

/// The object without its status.
pub(super) fn object(author: &Author, owners: Vec<Value>) -> Value {
    json!({
        "apiVersion": "metallb.io/v1beta1",
        "kind": "ConfigurationState",
        "metadata": { "name": author.name(), "labels": author.labels(), "ownerReferences": owners },
    })
}

/// Its status. The condition's time goes on from the standing one. An empty summary is written out: that is what removes
/// one that somebody else wrote.
pub(super) fn status(author: &Author, reading: &Reading, standing: Option<&Value>, now: Timestamp) -> Value {
    let status = json!({
        "result": reading.result,
        "errorSummary": shortened(&reading.summary),
        "conditions": [condition(author, reading, standing, now)],
    });
    json!({
        "apiVersion": "metallb.io/v1beta1",
        "kind": "ConfigurationState",
        "metadata": { "name": author.name() },
        "status": status,
    })
}

fn condition(author: &Author, reading: &Reading, standing: Option<&Value>, now: Timestamp) -> Value {
    let (status, reason) = verdict(reading.result);
    let before = standing.and_then(|standing| find(standing, author.condition()));
    let since =
        before.filter(|before| before["status"] == status).map(|before| before["lastTransitionTime"].clone());
    let now = || now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    json!({
        "type": author.condition(),
        "status": status,
        "reason": reason,
        "message": shortened(&reading.summary),
        "lastTransitionTime": since.unwrap_or_else(now),
    })
}

const fn verdict(result: ConfigurationResult) -> (&'static str, &'static str) {
    match result {
        ConfigurationResult::Valid => ("True", "Reconciled"),
        ConfigurationResult::Invalid => ("False", "ConfigurationError"),
        ConfigurationResult::Unknown => ("Unknown", "UnknownError"),
    }
}

/// Whether the standing status says this already.
pub(super) fn says(standing: &Value, author: &Author, reading: &Reading) -> bool {
    let (status, reason) = verdict(reading.result);
    let summary = shortened(&reading.summary);
    let condition = find(standing, author.condition());
    let right = |c: &Value| c["status"] == status && c["reason"] == reason && c["message"] == summary;
    standing["result"] == json!(reading.result)
        && standing["errorSummary"].as_str().unwrap_or_default() == summary
        && condition.is_some_and(right)
}

fn find<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    status["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_MESSAGE)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(result: ConfigurationResult, summary: &str) -> Reading {
        Reading { result, summary: summary.to_owned() }
    }

    fn stored(author: &Author, reading: &Reading, standing: Option<&Value>, second: i64) -> Value {
        status(author, reading, standing, Timestamp::from_second(second).unwrap())["status"].take()
    }

    #[test]
    fn row_50_what_was_written_says_what_it_should_and_nothing_else_does() {
        let author = Author::Speaker { node: "node-1".to_owned() };
        let valid = reading(ConfigurationResult::Valid, "");
        let invalid = reading(ConfigurationResult::Invalid, "IPAddressPool a/b: BadRange");
        let standing = stored(&author, &valid, None, 60);
        assert!(says(&standing, &author, &valid));
        assert!(!says(&standing, &author, &invalid));
        assert!(!says(&standing, &Author::Controller, &valid));
        let standing = stored(&author, &invalid, Some(&standing), 70);
        assert!(says(&standing, &author, &invalid));
        assert_eq!(standing["errorSummary"], "IPAddressPool a/b: BadRange");
        assert_eq!(standing["conditions"][0]["reason"], "ConfigurationError");
    }

    #[test]
    fn the_time_of_a_condition_changes_with_its_status_only() {
        let author = Author::Controller;
        let first = stored(&author, &reading(ConfigurationResult::Invalid, "a"), None, 60);
        let second = stored(&author, &reading(ConfigurationResult::Invalid, "b"), Some(&first), 70);
        assert_eq!(second["conditions"][0]["lastTransitionTime"], "1970-01-01T00:01:00Z");
        let third = stored(&author, &reading(ConfigurationResult::Valid, ""), Some(&second), 80);
        assert_eq!(third["conditions"][0]["lastTransitionTime"], "1970-01-01T00:01:20Z");
    }
}
