//! Limits on one value: lengths, ranges, patterns, closed sets, formats.

use regex::Regex;
use serde_json::{Number, Value};

use super::format::Format;
use super::{FieldError, FieldPath};

/// One limit of a schema node.
#[derive(Clone, Debug)]
pub enum Bound {
    Enum(Vec<Value>),
    /// The pattern as written, and compiled.
    Pattern(String, Regex),
    Format(Format),
    MinLength(u64),
    MaxLength(u64),
    Minimum(Number),
    ExclusiveMinimum(Number),
    Maximum(Number),
    ExclusiveMaximum(Number),
    MultipleOf(Number),
    MinItems(u64),
    MaxItems(u64),
    UniqueItems,
    MinProperties(u64),
    MaxProperties(u64),
}

impl Bound {
    /// What is wrong with `value` by this limit. A limit on another type than the value's says nothing.
    pub fn check(&self, value: &Value, path: &FieldPath) -> Option<FieldError> {
        match self {
            Self::Enum(allowed) => {
                (!allowed.contains(value)).then(|| FieldError::not_supported(path.clone(), value, allowed))
            }
            Self::Format(format) => format.check(value, path),
            Self::Pattern(..) | Self::MinLength(_) | Self::MaxLength(_) => {
                self.check_text(value.as_str()?, path)
            }
            Self::Minimum(_)
            | Self::ExclusiveMinimum(_)
            | Self::Maximum(_)
            | Self::ExclusiveMaximum(_)
            | Self::MultipleOf(_) => self.check_number(value, path),
            Self::MinItems(_) | Self::MaxItems(_) | Self::UniqueItems => {
                self.check_items(value.as_array()?, value, path)
            }
            Self::MinProperties(_) | Self::MaxProperties(_) => {
                self.check_size(value.as_object()?.len(), value, path)
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller has sorted the limits by type")]
    fn check_text(&self, text: &str, path: &FieldPath) -> Option<FieldError> {
        let length = text.chars().count() as u64;
        match self {
            Self::Pattern(source, pattern) if !pattern.is_match(text) => {
                Some(invalid(path, &text.into(), &format!("should match '{source}'")))
            }
            Self::MinLength(least) if length < *least => {
                Some(invalid(path, &text.into(), &format!("should be at least {least} chars long")))
            }
            Self::MaxLength(most) if length > *most => Some(FieldError::too_long(path.clone(), *most)),
            _ => None,
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller has sorted the limits by type")]
    fn check_number(&self, value: &Value, path: &FieldPath) -> Option<FieldError> {
        let number = value.as_f64()?;
        let wrong = |words: &str, limit: &Number| Some(invalid(path, value, &format!("{words} {limit}")));
        match self {
            Self::Minimum(limit) if number < float(limit) => {
                wrong("should be greater than or equal to", limit)
            }
            Self::ExclusiveMinimum(limit) if number <= float(limit) => wrong("should be greater than", limit),
            Self::Maximum(limit) if number > float(limit) => wrong("should be less than or equal to", limit),
            Self::ExclusiveMaximum(limit) if number >= float(limit) => wrong("should be less than", limit),
            Self::MultipleOf(step) if (number / float(step)).fract() != 0.0 => {
                wrong("should be a multiple of", step)
            }
            _ => None,
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller has sorted the limits by type")]
    fn check_items(&self, items: &[Value], value: &Value, path: &FieldPath) -> Option<FieldError> {
        match self {
            Self::MinItems(least) if (items.len() as u64) < *least => {
                Some(invalid(path, &items.len().into(), &format!("should have at least {least} items")))
            }
            Self::MaxItems(most) if items.len() as u64 > *most => {
                Some(FieldError::too_many(path.clone(), items.len(), *most))
            }
            Self::UniqueItems if repeats(items) => Some(invalid(path, value, "shouldn't contain duplicates")),
            _ => None,
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller has sorted the limits by type")]
    fn check_size(&self, size: usize, value: &Value, path: &FieldPath) -> Option<FieldError> {
        match self {
            Self::MinProperties(least) if (size as u64) < *least => {
                Some(invalid(path, value, &format!("should have at least {least} properties")))
            }
            Self::MaxProperties(most) if size as u64 > *most => {
                Some(FieldError::too_many(path.clone(), size, *most))
            }
            _ => None,
        }
    }
}

/// The API server's sentence about a value: the path, "in body", and what it should be.
fn invalid(path: &FieldPath, value: &Value, rest: &str) -> FieldError {
    FieldError::invalid(path.clone(), value, &format!("{path} in body {rest}"))
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

fn repeats(items: &[Value]) -> bool {
    items.iter().enumerate().any(|(index, item)| items[..index].contains(item))
}
