//! The options of requests, from the query and from a DeleteOptions body.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::call::percent_decoded;
use crate::object;
use crate::status::Status;

/// The query of a request. A name given twice keeps its first value, as the real server reads it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    pub(crate) fn parse(query: &str) -> Self {
        let mut values = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| percent_decoded(&text.replace('+', " "));
            values.entry(decoded(name)).or_insert_with(|| decoded(value));
        }
        Self(values)
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// True for `true`, `1` and a name without a value.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| matches!(value.as_str(), "" | "1" | "true"))
    }

    fn optional_flag(&self, name: &str) -> Option<bool> {
        self.0.get(name).map(|_| self.flag(name))
    }

    fn number(&self, name: &str) -> Result<Option<u64>, Status> {
        let text = self.text(name);
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| Status::bad_request(format!("invalid value for {name}: {text:?}")))
    }
}

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
    pub(crate) fn read(query: &Query) -> Result<Self, Status> {
        let version_match = match query.text("resourceVersionMatch") {
            "" => VersionMatch::Unset,
            "NotOlderThan" => VersionMatch::NotOlderThan,
            "Exact" => VersionMatch::Exact,
            other => return Err(Status::bad_request(format!("unknown resourceVersionMatch {other:?}"))),
        };
        Ok(Self {
            labels: query.text("labelSelector").into(),
            fields: query.text("fieldSelector").into(),
            limit: query.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(0),
            continues: query.text("continue").into(),
            revision: query.number("resourceVersion")?,
            version_match,
            bookmarks: query.flag("allowWatchBookmarks"),
            send_initial_events: query.optional_flag("sendInitialEvents"),
            timeout_seconds: query.number("timeoutSeconds")?,
        })
    }
}

/// What becomes of fields that the kind does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// Options of create, update and patch.
#[derive(Clone, Debug)]
pub(crate) struct WriteOptions {
    pub(crate) dry_run: bool,
    /// Who owns the fields that are written.
    pub(crate) owner: String,
    pub(crate) validation: FieldValidation,
    pub(crate) force: bool,
}

impl WriteOptions {
    pub(crate) fn read(query: &Query, agent: &str) -> Result<Self, Status> {
        let validation = match query.text("fieldValidation") {
            "Strict" => FieldValidation::Strict,
            "" | "Warn" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            other => {
                let message = format!(
                    "fieldValidation: Unsupported value: {other:?}: supported values: \"Ignore\", \"Strict\", \"Warn\""
                );
                return Err(Status::bad_request(message));
            }
        };
        let owner = match query.text("fieldManager") {
            "" => agent.split('/').next().unwrap_or_default(),
            named => named,
        };
        Ok(Self {
            dry_run: dry_run(query.text("dryRun"))?,
            owner: owner.into(),
            validation,
            force: query.flag("force"),
        })
    }
}

fn dry_run(word: &str) -> Result<bool, Status> {
    match word {
        "" => Ok(false),
        "All" => Ok(true),
        other => Err(Status::bad_request(format!(
            "dryRun: Unsupported value: {other:?}: supported values: \"All\""
        ))),
    }
}

/// What becomes of the objects that a deleted one owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Propagation {
    /// They go after it.
    Background,
    /// They go before it.
    Foreground,
    /// They stay and forget it.
    Orphan,
}

/// Options of delete.
#[derive(Clone, Debug)]
pub(crate) struct DeleteOptions {
    pub(crate) dry_run: bool,
    pub(crate) propagation: Option<Propagation>,
    pub(crate) grace_seconds: Option<i64>,
    pub(crate) uid: Option<String>,
    pub(crate) revision: Option<String>,
}

impl DeleteOptions {
    /// Reads the body where there is one, and the query else.
    pub(crate) fn read(query: &Query, body: Option<&Value>) -> Result<Self, Status> {
        let from_body =
            |pointer: &str| body.map(|body| object::text(body, pointer)).filter(|text| !text.is_empty());
        let propagation = from_body("/propagationPolicy").unwrap_or(query.text("propagationPolicy"));
        let grace_seconds = body.and_then(|body| body.get("gracePeriodSeconds")?.as_i64());
        let in_query = query.number("gracePeriodSeconds")?.and_then(|seconds| i64::try_from(seconds).ok());
        let orphans = body.and_then(|body| body.get("orphanDependents")?.as_bool());
        let body_dry_run = body.map(|body| object::texts(body, "/dryRun")).unwrap_or_default();
        let dry_run_word = body_dry_run.first().map_or(query.text("dryRun"), String::as_str);
        Ok(Self {
            dry_run: dry_run(dry_run_word)?,
            propagation: named_propagation(propagation)?.or(orphans.map(older_propagation)),
            grace_seconds: grace_seconds.or(in_query),
            uid: from_body("/preconditions/uid").map(str::to_owned),
            revision: from_body("/preconditions/resourceVersion").map(str::to_owned),
        })
    }
}

fn named_propagation(word: &str) -> Result<Option<Propagation>, Status> {
    match word {
        "" => Ok(None),
        "Background" => Ok(Some(Propagation::Background)),
        "Foreground" => Ok(Some(Propagation::Foreground)),
        "Orphan" => Ok(Some(Propagation::Orphan)),
        other => Err(Status::bad_request(format!(
            "propagationPolicy: Unsupported value: {other:?}: supported values: \"Foreground\", \"Background\", \"Orphan\""
        ))),
    }
}

/// The field that `propagationPolicy` replaced.
fn older_propagation(orphans: bool) -> Propagation {
    if orphans { Propagation::Orphan } else { Propagation::Background }
}
