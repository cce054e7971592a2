//! The options of list and watch, and which of them go together.
//!
//! Source: Kubernetes documentation, "Kubernetes API Concepts", "Resource versions" and "Streaming lists".

use serde_json::json;

use crate::call::{Query, Verb};
use crate::schema::{FieldError, FieldPath};
use crate::status::{Reason, Status};

/// How a revision in a list or watch is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionMatch {
    Unset,
    NotOlderThan,
    Exact,
}

/// Options of list and watch.
#[derive(Clone, Debug)]
pub(crate) struct ListOptions {
    pub(crate) labels: String,
    pub(crate) fields: String,
    pub(crate) limit: usize,
    pub(crate) continues: String,
    pub(crate) revision: Option<u64>,
    pub(crate) version_match: VersionMatch,
    pub(crate) bookmarks: bool,
    pub(crate) send_initial_events: Option<bool>,
    pub(crate) timeout_seconds: Option<u64>,
}

impl ListOptions {
    /// Reads the options of a list, of a watch, or of the deletion of what a list finds.
    ///
    /// # Errors
    /// 400 for what cannot be read (500 for the revision of a watch), 422 for what does not go together.
    pub(crate) fn read(verb: Verb, query: &Query) -> Result<Self, Status> {
        let (version_match, unknown) = version_match(query.text("resourceVersionMatch"));
        let options = Self {
            labels: query.text("labelSelector").into(),
            fields: query.text("fieldSelector").into(),
            limit: query.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(0),
            continues: query.text("continue").into(),
            revision: query.number("resourceVersion").map_err(|refusal| revision_refusal(verb, refusal))?,
            version_match,
            bookmarks: query.flag("allowWatchBookmarks"),
            send_initial_events: query.optional_flag("sendInitialEvents"),
            timeout_seconds: query.number("timeoutSeconds")?,
        };
        let mut errors: Vec<FieldError> = unknown.into_iter().collect();
        errors.extend(options.contradiction(verb).map(|rule| FieldError::forbidden(version_path(), rule)));
        if verb != Verb::Watch && options.send_initial_events.is_some() {
            let path = FieldPath::from("sendInitialEvents");
            errors.push(FieldError::forbidden(path, "sendInitialEvents is forbidden for list"));
        }
        if errors.is_empty() { Ok(options) } else { Err(Status::invalid_options("ListOptions", &errors)) }
    }

    /// Why the match that was asked for makes no sense here.
    fn contradiction(&self, verb: Verb) -> Option<&'static str> {
        if verb == Verb::Watch {
            return match (self.send_initial_events, self.version_match) {
                (Some(_), VersionMatch::NotOlderThan) | (None, VersionMatch::Unset) => None,
                (Some(_), VersionMatch::Unset | VersionMatch::Exact) => {
                    Some("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
                }
                (None, VersionMatch::NotOlderThan | VersionMatch::Exact) => {
                    Some("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
                }
            };
        }
        match (self.version_match, self.revision) {
            (VersionMatch::Unset, _) => None,
            _ if !self.continues.is_empty() => {
                Some("resourceVersionMatch is forbidden when continue is provided")
            }
            (_, None) => Some("resourceVersionMatch is forbidden unless resourceVersion is provided"),
            (VersionMatch::Exact, Some(0)) => {
                Some("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")
            }
            (VersionMatch::Exact | VersionMatch::NotOlderThan, Some(_)) => None,
        }
    }
}

fn version_path() -> FieldPath {
    FieldPath::from("resourceVersionMatch")
}

fn version_match(word: &str) -> (VersionMatch, Option<FieldError>) {
    match word {
        "" => (VersionMatch::Unset, None),
        "NotOlderThan" => (VersionMatch::NotOlderThan, None),
        "Exact" => (VersionMatch::Exact, None),
        other => {
            let supported = [json!("Exact"), json!("NotOlderThan"), json!("")];
            (VersionMatch::Unset, Some(FieldError::not_supported(version_path(), &json!(other), &supported)))
        }
    }
}

/// The real server gives a watch whose revision is no number an error without a reason.
fn revision_refusal(verb: Verb, refusal: Status) -> Status {
    if verb == Verb::Watch { Status::new(Reason::Unknown, refusal.message) } else { refusal }
}
