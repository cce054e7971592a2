//! The options of requests, from the query and from a DeleteOptions body.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::call::{Body, Call, Patch, Verb, percent_decoded};
use crate::object;
use crate::schema::{FieldError, FieldPath};
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

    /// The same, but that nothing is to be kept.
    pub(crate) fn dry(&self) -> Self {
        let mut values = self.0.clone();
        values.insert("dryRun".to_owned(), "All".to_owned());
        Self(values)
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// True for `true`, `1` and a name without a value.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| matches!(value.as_str(), "" | "1" | "true"))
    }

    pub(crate) fn optional_flag(&self, name: &str) -> Option<bool> {
        self.0.get(name).map(|_| self.flag(name))
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Status> {
        let text = self.text(name);
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| Status::bad_request(format!("invalid value for {name}: {text:?}")))
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

/// The longest name of an owner.
const LONGEST_OWNER: usize = 128;

/// The owner of what a client writes that does not say who it is.
const UNKNOWN_OWNER: &str = "unknown";

impl WriteOptions {
    /// Reads the options of a creation, an update or a patch.
    ///
    /// # Errors
    /// 422 with every option that is refused.
    pub(crate) fn read(call: &Call) -> Result<Self, Status> {
        let query = &call.query;
        let mut errors = Vec::new();
        errors.extend(misplaced_force(call));
        let owner = owner(call, &mut errors);
        let dry_run = dry_run(query.text("dryRun"), &mut errors);
        let validation = field_validation(query.text("fieldValidation"), &mut errors);
        let force = query.flag("force");
        checked(options_kind(call.verb), &errors, Self { dry_run, owner, validation, force })
    }
}

/// The real server's name for the options of a request.
fn options_kind(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "CreateOptions",
        Verb::Update => "UpdateOptions",
        Verb::Patch => "PatchOptions",
        Verb::Delete | Verb::DeleteCollection => "DeleteOptions",
        Verb::Get | Verb::List | Verb::Watch => "ListOptions",
    }
}

fn checked<T>(kind: &str, errors: &[FieldError], options: T) -> Result<T, Status> {
    if errors.is_empty() { Ok(options) } else { Err(Status::invalid_options(kind, errors)) }
}

fn is_apply(call: &Call) -> bool {
    matches!(call.body, Body::Patch(Patch::Apply(_)))
}

fn misplaced_force(call: &Call) -> Option<FieldError> {
    let given = call.verb == Verb::Patch && !call.query.text("force").is_empty();
    (given && !is_apply(call))
        .then(|| FieldError::forbidden("force".into(), "may not be specified for non-apply patch"))
}

/// An applier says who it is; others are known by the beginning of their user agent.
fn owner(call: &Call, errors: &mut Vec<FieldError>) -> String {
    let path = FieldPath::from("fieldManager");
    match call.query.text("fieldManager") {
        "" if is_apply(call) => {
            errors.push(FieldError::required(path, "is required for apply patch"));
            String::new()
        }
        "" => match call.agent.split('/').next().unwrap_or_default() {
            "" => UNKNOWN_OWNER.into(),
            program => program.chars().take(LONGEST_OWNER).collect(),
        },
        named => {
            if named.len() > LONGEST_OWNER {
                errors.push(FieldError::too_long(path, LONGEST_OWNER as u64));
            }
            named.into()
        }
    }
}

fn field_validation(word: &str, errors: &mut Vec<FieldError>) -> FieldValidation {
    match word {
        "Strict" => FieldValidation::Strict,
        "" | "Warn" => FieldValidation::Warn,
        "Ignore" => FieldValidation::Ignore,
        other => {
            let supported = ["", "Ignore", "Strict", "Warn"].map(Value::from);
            errors.push(FieldError::not_supported("fieldValidation".into(), &other.into(), &supported));
            FieldValidation::Warn
        }
    }
}

fn dry_run(word: &str, errors: &mut Vec<FieldError>) -> bool {
    if !matches!(word, "" | "All") {
        let supported = [Value::from("All")];
        errors.push(FieldError::not_supported("dryRun".into(), &Value::from(vec![word]), &supported));
    }
    word == "All"
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
    ///
    /// # Errors
    /// 422 with every option that is refused.
    pub(crate) fn read(query: &Query, body: Option<&Value>) -> Result<Self, Status> {
        let from_body =
            |pointer: &str| body.map(|body| object::text(body, pointer)).filter(|text| !text.is_empty());
        let mut errors = Vec::new();
        let named = from_body("/propagationPolicy").unwrap_or(query.text("propagationPolicy"));
        let propagation = propagation(named, &mut errors);
        let grace_seconds = body.and_then(|body| body.get("gracePeriodSeconds")?.as_i64());
        let in_query = query.text("gracePeriodSeconds").parse().ok();
        let orphans = body.and_then(|body| body.get("orphanDependents")?.as_bool());
        let body_dry_run = body.map(|body| object::texts(body, "/dryRun")).unwrap_or_default();
        let dry_run_word = body_dry_run.first().map_or(query.text("dryRun"), String::as_str);
        let options = Self {
            dry_run: dry_run(dry_run_word, &mut errors),
            propagation: propagation.or(orphans.map(older_propagation)),
            grace_seconds: grace_seconds.or(in_query),
            uid: from_body("/preconditions/uid").map(str::to_owned),
            revision: from_body("/preconditions/resourceVersion").map(str::to_owned),
        };
        checked(options_kind(Verb::Delete), &errors, options)
    }
}

fn propagation(word: &str, errors: &mut Vec<FieldError>) -> Option<Propagation> {
    match word {
        "" => None,
        "Background" => Some(Propagation::Background),
        "Foreground" => Some(Propagation::Foreground),
        "Orphan" => Some(Propagation::Orphan),
        other => {
            let supported = ["Foreground", "Background", "Orphan", "nil"].map(Value::from);
            errors.push(FieldError::not_supported("propagationPolicy".into(), &other.into(), &supported));
            None
        }
    }
}

/// The field that `propagationPolicy` replaced.
fn older_propagation(orphans: bool) -> Propagation {
    if orphans { Propagation::Orphan } else { Propagation::Background }
}
