//! The API's own error object, `Status`, with the reasons, codes and sentences of the real server.
//!
//! Source: `k8s.io/apimachinery` `meta/v1.Status`; see the Kubernetes API conventions, "Response Status Kind".

use serde_json::{Value, json};

use crate::resource::Resource;
use crate::schema::FieldError;

/// Machine-readable reason of a refusal. Each has exactly one HTTP code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The body or a parameter cannot be read.
    BadRequest,
    /// No or a wrong bearer token.
    Unauthorized,
    /// Understood and refused.
    Forbidden,
    /// No such object, resource or path.
    NotFound,
    /// The resource does not offer this verb.
    MethodNotAllowed,
    /// No offered response type is known.
    NotAcceptable,
    /// An object of this name exists.
    AlreadyExists,
    /// Lost against another writer, or a field belongs to another manager.
    Conflict,
    /// The revision is no longer kept.
    Expired,
    /// The body's type is not read here.
    UnsupportedMediaType,
    /// The object breaks a rule of its kind.
    Invalid,
    /// The body is larger than accepted.
    RequestEntityTooLarge,
    /// The server is wrong.
    InternalError,
    /// The server is stopping.
    ServiceUnavailable,
    /// The asked state was not reached in time.
    Timeout,
    /// The real server would ask a part that the lab lacks.
    NotImplemented,
    /// An error that the real server gives no reason for.
    Unknown,
}

impl Reason {
    /// The HTTP status code that always goes with the reason.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::AlreadyExists | Self::Conflict => 409,
            Self::Expired => 410,
            Self::RequestEntityTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Invalid => 422,
            Self::InternalError | Self::Unknown => 500,
            Self::NotImplemented => 501,
            Self::ServiceUnavailable => 503,
            Self::Timeout => 504,
        }
    }
}

/// A refusal as the API tells it. Nothing was changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    /// Class of the refusal.
    pub reason: Reason,
    /// Sentence for people.
    pub message: String,
    /// The `details` object, or null.
    pub details: Value,
    /// `metadata.continue`: the token by which the rest of a forgotten list can be had.
    pub rest: Option<String>,
}

impl Status {
    /// A refusal without details.
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), details: Value::Null, rest: None }
    }

    /// A refusal with details.
    pub(crate) fn detailed(reason: Reason, message: impl Into<String>, details: Value) -> Self {
        Self { details, ..Self::new(reason, message) }
    }

    /// 400 with a sentence.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Reason::BadRequest, message)
    }

    /// 404 for an object.
    pub(crate) fn not_found(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.qualified_plural());
        Self::detailed(Reason::NotFound, message, details(resource, name))
    }

    /// 404 for a path that no resource answers.
    pub(crate) fn no_such_path() -> Self {
        let message = "the server could not find the requested resource";
        Self::detailed(Reason::NotFound, message, json!({}))
    }

    /// 405 for a verb that the resource lacks.
    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::detailed(Reason::MethodNotAllowed, message, json!({}))
    }

    /// 409 on creation.
    pub(crate) fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified_plural());
        Self::detailed(Reason::AlreadyExists, message, details(resource, name))
    }

    /// 409 on a write, with the server's usual opening.
    pub(crate) fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        let plural = resource.qualified_plural();
        let message = format!("Operation cannot be fulfilled on {plural} \"{name}\": {why}");
        Self::detailed(Reason::Conflict, message, details(resource, name))
    }

    /// 409 because somebody wrote in between.
    pub(crate) fn stale(resource: &Resource, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(resource, name, why)
    }

    /// 403 for an object.
    pub(crate) fn forbidden(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", resource.qualified_plural());
        Self::detailed(Reason::Forbidden, message, details(resource, name))
    }

    /// 410 because the history before `oldest` is gone.
    pub(crate) fn expired(asked: u64, oldest: u64) -> Self {
        Self::new(Reason::Expired, format!("too old resource version: {asked} ({oldest})"))
    }

    /// 422 with every refused field.
    pub(crate) fn invalid(resource: &Resource, name: &str, errors: &[FieldError]) -> Self {
        let mut details = json!({"name": name, "kind": resource.kind, "causes": causes(errors)});
        if !resource.group.is_empty() {
            details["group"] = json!(resource.group);
        }
        let (kind, fields) = (resource.qualified_kind(), sentence(errors));
        Self::detailed(Reason::Invalid, format!("{kind} \"{name}\" is invalid: {fields}"), details)
    }

    /// 422 for options of a request.
    pub(crate) fn invalid_options(kind: &str, errors: &[FieldError]) -> Self {
        let message = format!("{kind}.meta.k8s.io \"\" is invalid: {}", sentence(errors));
        let details = json!({"group": "meta.k8s.io", "kind": kind, "causes": causes(errors)});
        Self::detailed(Reason::Invalid, message, details)
    }

    /// The `Status` object as it goes over the wire.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.reason.code(),
        });
        if self.reason != Reason::Unknown {
            status["reason"] = json!(format!("{:?}", self.reason));
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        if let Some(rest) = &self.rest {
            status["metadata"]["continue"] = json!(rest);
        }
        status
    }
}

fn causes(errors: &[FieldError]) -> Vec<Value> {
    let cause = |error: &FieldError| json!({"reason": error.kind.reason(), "message": error.message, "field": error.path.shown()});
    errors.iter().map(cause).collect()
}

/// One sentence alone, several in brackets.
fn sentence(errors: &[FieldError]) -> String {
    let sentences: Vec<String> = errors.iter().map(FieldError::to_string).collect();
    match sentences.as_slice() {
        [only] => only.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

/// `details` of an object: its name, group and plural.
pub(crate) fn details(resource: &Resource, name: &str) -> Value {
    let mut details = json!({"name": name, "kind": resource.plural});
    if !resource.group.is_empty() {
        details["group"] = json!(resource.group);
    }
    details
}
