//! Label selectors: `app=web,tier in (front,back),!old`.

use serde_json::Value;

use crate::object;
use crate::rules::names;
use crate::status::Status;

/// One term of a label selector.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Clone, Debug, PartialEq)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Missing,
    Greater(i64),
    Less(i64),
}

impl Requirement {
    pub(super) fn matches(&self, object: &Value) -> bool {
        let value =
            object::map(object, "/metadata/labels").and_then(|labels| labels.get(&self.key)?.as_str());
        match (&self.operator, value) {
            (Operator::In(values), Some(value)) => values.iter().any(|one| one == value),
            (Operator::NotIn(values), Some(value)) => values.iter().all(|one| one != value),
            (Operator::Greater(bound), Some(value)) => value.parse::<i64>().is_ok_and(|value| value > *bound),
            (Operator::Less(bound), Some(value)) => value.parse::<i64>().is_ok_and(|value| value < *bound),
            (Operator::Exists, Some(_)) | (Operator::NotIn(_) | Operator::Missing, None) => true,
            (Operator::In(_) | Operator::Exists | Operator::Greater(_) | Operator::Less(_), None)
            | (Operator::Missing, Some(_)) => false,
        }
    }
}

/// Reads a selector.
///
/// # Errors
/// 400 for a term that is none, or a key or value that no label has.
pub(super) fn parse(selector: &str) -> Result<Vec<Requirement>, Status> {
    split_terms(selector).iter().map(|term| requirement(term)).collect()
}

/// Splits at commas outside parentheses.
fn split_terms(selector: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut depth = 0usize;
    for letter in selector.chars() {
        match letter {
            ',' if depth == 0 => terms.push(String::new()),
            _ => {
                depth = match letter {
                    '(' => depth + 1,
                    ')' => depth.saturating_sub(1),
                    _ => depth,
                };
                if let Some(term) = terms.last_mut() {
                    term.push(letter);
                }
            }
        }
    }
    terms.into_iter().map(|term| term.trim().to_owned()).filter(|term| !term.is_empty()).collect()
}

fn requirement(term: &str) -> Result<Requirement, Status> {
    let (key, operator) = key_and_operator(term)?;
    let values = match &operator {
        Operator::In(values) | Operator::NotIn(values) => values.as_slice(),
        Operator::Exists | Operator::Missing | Operator::Greater(_) | Operator::Less(_) => &[],
    };
    if !names::is_qualified(key) || !values.iter().all(|value| names::is_label_value(value)) {
        return Err(unreadable(term));
    }
    Ok(Requirement { key: key.to_owned(), operator })
}

fn key_and_operator(term: &str) -> Result<(&str, Operator), Status> {
    let one = |value: &str| vec![value.trim().to_owned()];
    let bound = |value: &str| value.trim().parse::<i64>().map_err(|_| unreadable(term));
    let (key, operator) = if let Some((key, values)) = term.split_once(" notin ") {
        (key, Operator::NotIn(values_of(term, values)?))
    } else if let Some((key, values)) = term.split_once(" in ") {
        (key, Operator::In(values_of(term, values)?))
    } else if let Some((key, value)) = term.split_once("!=") {
        (key, Operator::NotIn(one(value)))
    } else if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        (key, Operator::In(one(value)))
    } else if let Some((key, value)) = term.split_once('>') {
        (key, Operator::Greater(bound(value)?))
    } else if let Some((key, value)) = term.split_once('<') {
        (key, Operator::Less(bound(value)?))
    } else if let Some(key) = term.strip_prefix('!') {
        (key, Operator::Missing)
    } else {
        (term, Operator::Exists)
    };
    Ok((key.trim(), operator))
}

fn values_of(term: &str, list: &str) -> Result<Vec<String>, Status> {
    let inner = list.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let inner = inner.ok_or_else(|| unreadable(term))?;
    Ok(inner.split(',').map(|value| value.trim().to_owned()).collect())
}

fn unreadable(term: &str) -> Status {
    Status::bad_request(format!("unable to parse requirement: found '{term}', expected: a label requirement"))
}
