//! One thing wrong with one field, in the API server's own words.

use std::fmt;

use serde_json::Value;

use super::FieldPath;

/// What is wrong, as the `reason` of a status cause names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldErrorKind {
    Required,
    Duplicate,
    Invalid,
    NotSupported,
    Forbidden,
    TooLong,
    TooMany,
    TypeInvalid,
}

impl FieldErrorKind {
    /// The `reason` of the matching entry in `status.details.causes`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TypeInvalid => "FieldValueTypeInvalid",
        }
    }

    fn headline(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
        }
    }
}

/// One refused field. `Display` is the sentence people see: `spec.replicas: Required value`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldError {
    pub path: FieldPath,
    pub kind: FieldErrorKind,
    /// The sentence without the path, as a status cause carries it.
    pub message: String,
}

impl FieldError {
    /// A value that is missing.
    pub fn required(path: FieldPath, detail: &str) -> Self {
        Self::without_value(path, FieldErrorKind::Required, detail)
    }

    /// A value that may not be set here.
    pub fn forbidden(path: FieldPath, detail: &str) -> Self {
        Self::without_value(path, FieldErrorKind::Forbidden, detail)
    }

    /// A value that is malformed.
    pub fn invalid(path: FieldPath, value: &Value, detail: &str) -> Self {
        Self::with_value(path, FieldErrorKind::Invalid, value, detail)
    }

    /// A value of the wrong type.
    pub fn wrong_type(path: FieldPath, value: &Value, detail: &str) -> Self {
        Self::with_value(path, FieldErrorKind::TypeInvalid, value, detail)
    }

    /// A value that is malformed and not shown.
    pub fn invalid_unseen(path: FieldPath, detail: &str) -> Self {
        Self::without_value(path, FieldErrorKind::Invalid, detail)
    }

    /// A value that stands in its list twice.
    pub fn duplicate(path: FieldPath, value: &Value) -> Self {
        Self::with_value(path, FieldErrorKind::Duplicate, value, "")
    }

    /// A value outside a closed set.
    pub fn not_supported(path: FieldPath, value: &Value, supported: &[Value]) -> Self {
        let names: Vec<String> = supported.iter().map(quoted).collect();
        Self::with_value(
            path,
            FieldErrorKind::NotSupported,
            value,
            &format!("supported values: {}", names.join(", ")),
        )
    }

    /// A value that stands in its list twice and is not shown.
    pub fn duplicate_unseen(path: FieldPath) -> Self {
        Self::without_value(path, FieldErrorKind::Duplicate, "")
    }

    /// A string longer than `limit`.
    pub fn too_long(path: FieldPath, limit: u64) -> Self {
        Self::without_value(path, FieldErrorKind::TooLong, &format!("may not be more than {limit} bytes"))
    }

    /// A list or map with more than `limit` entries.
    pub fn too_many(path: FieldPath, actual: usize, limit: u64) -> Self {
        let detail = format!("must have at most {limit} items");
        Self::with_value(path, FieldErrorKind::TooMany, &Value::from(actual), &detail)
    }

    fn without_value(path: FieldPath, kind: FieldErrorKind, detail: &str) -> Self {
        Self { path, kind, message: joined(kind.headline().to_owned(), detail) }
    }

    fn with_value(path: FieldPath, kind: FieldErrorKind, value: &Value, detail: &str) -> Self {
        let head = format!("{}: {}", kind.headline(), value);
        Self { path, kind, message: joined(head, detail) }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.shown(), self.message)
    }
}

fn joined(head: String, detail: &str) -> String {
    if detail.is_empty() { head } else { format!("{head}: {detail}") }
}

fn quoted(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Value::String(text).to_string()
}
