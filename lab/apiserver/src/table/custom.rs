//! Columns that a CustomResourceDefinition asks for.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::object;
use crate::resource::custom::Column;
use crate::table::age;

/// Name, the columns of the definition, and age where the definition has no columns of its own.
pub(super) fn columns(columns: &[Column]) -> Vec<Value> {
    let name = json!({"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0});
    if columns.is_empty() {
        let age = json!({"name": "Age", "type": "date", "format": "", "description": "", "priority": 0});
        return vec![name, age];
    }
    let own = columns.iter().map(|column| {
        json!({
            "name": column.name, "type": column.kind, "format": column.format,
            "description": column.description, "priority": column.priority,
        })
    });
    std::iter::once(name).chain(own).collect()
}

pub(super) fn cells(columns: &[Column], object: &Value, now: Timestamp) -> Vec<Value> {
    let name = json!(object::name(object));
    if columns.is_empty() {
        return vec![name, age::cell(object, now)];
    }
    let own = columns.iter().map(|column| cell(column, object, now));
    std::iter::once(name).chain(own).collect()
}

fn cell(column: &Column, object: &Value, now: Timestamp) -> Value {
    let found = find(object, &column.path);
    let Some(first) = found.first().copied() else { return Value::Null };
    let fitting = |fits: bool| if fits { first.clone() } else { Value::Null };
    match column.kind.as_str() {
        "date" => json!(age::since(first.as_str().unwrap_or_default(), now)),
        "integer" | "number" => fitting(first.is_number()),
        "boolean" => fitting(first.is_boolean()),
        _ => json!(text(first)),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Values at a JSONPath of the simple kind that definitions use: fields, indices, `[*]` and
/// `[?(@.field=="value")]`.
pub(super) fn find<'a>(object: &'a Value, path: &str) -> Vec<&'a Value> {
    steps(path).iter().fold(vec![object], |found, step| {
        found.into_iter().flat_map(|value| step.take(value)).filter(|value| !value.is_null()).collect()
    })
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Index(usize),
    All,
    Where(Vec<String>, String),
}

impl Step {
    fn take<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match self {
            Self::Field(name) => value.get(name).into_iter().collect(),
            Self::Index(index) => value.get(index).into_iter().collect(),
            Self::All => match value {
                Value::Array(items) => items.iter().collect(),
                Value::Object(fields) => fields.values().collect(),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
            },
            Self::Where(path, wanted) => {
                let items = value.as_array().into_iter().flatten();
                items
                    .filter(|item| {
                        path.iter().try_fold(*item, |at, f| at.get(f)).is_some_and(|v| text(v) == *wanted)
                    })
                    .collect()
            }
        }
    }
}

fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path.trim().trim_start_matches('$');
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let end = inner.find(']').unwrap_or(inner.len());
            steps.extend(bracket(inner.get(..end).unwrap_or_default()));
            rest = inner.get(end + 1..).unwrap_or_default();
            continue;
        }
        let field = rest.trim_start_matches('.');
        let end = field_end(field);
        let name = field.get(..end).unwrap_or_default().replace("\\.", ".");
        steps.push(if name == "*" { Step::All } else { Step::Field(name) });
        rest = field.get(end..).unwrap_or_default();
    }
    steps
}

/// A field ends at a dot or bracket that is not escaped.
fn field_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '.' | '[' if !escaped => return at,
            _ => escaped = letter == '\\',
        }
    }
    text.len()
}

fn bracket(inner: &str) -> Option<Step> {
    let quote = |letter: char| letter == '\'' || letter == '"';
    if inner == "*" {
        return Some(Step::All);
    }
    if let Ok(index) = inner.parse() {
        return Some(Step::Index(index));
    }
    if let Some(condition) = inner.strip_prefix("?(").and_then(|rest| rest.strip_suffix(')')) {
        let (path, wanted) = condition.split_once("==")?;
        let path = path.trim().trim_start_matches('@').split('.').filter(|field| !field.is_empty());
        return Some(Step::Where(
            path.map(str::to_owned).collect(),
            wanted.trim().trim_matches(quote).to_owned(),
        ));
    }
    Some(Step::Field(inner.trim_matches(quote).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_definitions_are_followed() {
        let object = json!({
            "metadata": {"annotations": {"a.b/c": "x"}},
            "spec": {"addresses": ["1", "2"], "on": true},
            "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Odd", "status": "False"}]},
        });
        let texts = |path: &str| find(&object, path).into_iter().map(text).collect::<Vec<_>>();
        assert_eq!(texts(".spec.on"), ["true"]);
        assert_eq!(texts(".spec.addresses[*]"), ["1", "2"]);
        assert_eq!(texts(".spec.addresses[1]"), ["2"]);
        assert_eq!(texts(".status.conditions[?(@.type==\"Ready\")].status"), ["True"]);
        assert_eq!(texts(".metadata.annotations.a\\.b/c"), ["x"]);
        assert_eq!(texts(".metadata.annotations['a.b/c']"), ["x"]);
        assert_eq!(texts(".spec.missing.deep"), Vec::<String>::new());
    }
}
