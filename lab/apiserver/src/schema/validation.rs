//! What is wrong with an object, field by field.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{FieldError, FieldPath, Kind, ListType, Repetition, Schema};

impl Schema {
    /// Everything wrong with `value`, ordered by path. Empty when it fits.
    pub fn validate(&self, value: &Value) -> Vec<FieldError> {
        self.validated(value, None)
    }

    /// Everything wrong with `value` that was not already wrong with `old`: a part that has not changed
    /// is not refused again. Parts that have no identity across versions (items of lists without keys)
    /// count as changed when anything in their list has.
    pub fn validate_update(&self, value: &Value, old: &Value) -> Vec<FieldError> {
        self.validated(value, Some(old))
    }

    fn validated(&self, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let mut errors = Vec::new();
        self.validate_at(value, old, &FieldPath::root(), &mut errors);
        errors.sort();
        errors.dedup();
        errors
    }

    fn validate_at(
        &self,
        value: &Value,
        old: Option<&Value>,
        path: &FieldPath,
        errors: &mut Vec<FieldError>,
    ) {
        if value.is_null() && self.nullable || old == Some(value) {
            return;
        }
        if !self.kind.admits(value) {
            errors.push(self.kind.refuse(value, path));
            return;
        }
        errors.extend(self.bounds.iter().filter_map(|bound| bound.check(value, path)));
        match value {
            Value::Object(fields) => self.validate_fields(fields, old, path, errors),
            Value::Array(list) => self.validate_items(list, old, path, errors),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        self.validate_junctors(value, path, errors);
    }

    fn validate_fields(
        &self,
        fields: &Map<String, Value>,
        old: Option<&Value>,
        path: &FieldPath,
        errors: &mut Vec<FieldError>,
    ) {
        let missing = self.required.iter().filter(|name| !fields.contains_key(*name));
        errors.extend(missing.map(|name| FieldError::required(path.child(name), "")));
        let nameless =
            ["apiVersion", "kind"].into_iter().filter(|name| self.embedded && !fields.contains_key(*name));
        errors.extend(nameless.map(|name| FieldError::required(path.child(name), "must not be empty")));
        for (name, value) in fields {
            if let Some(schema) = self.field(name) {
                let old = old.and_then(|old| old.get(name));
                schema.validate_at(value, old, &path.child(name), errors);
            }
        }
    }

    fn validate_items(
        &self,
        list: &[Value],
        old: Option<&Value>,
        path: &FieldPath,
        errors: &mut Vec<FieldError>,
    ) {
        self.validate_identity(list, path, errors);
        let Some(items) = &self.items else { return };
        for (index, item) in list.iter().enumerate() {
            let old = old.and_then(Value::as_array).and_then(|old| self.matching_item(old, item));
            items.validate_at(item, old, &path.index(index), errors);
        }
    }

    /// A set holds each value once, a keyed list each key once. Only the first repetition is named.
    fn validate_identity(&self, list: &[Value], path: &FieldPath, errors: &mut Vec<FieldError>) {
        let names: Vec<Value> = match &self.list_type {
            ListType::Atomic => return,
            ListType::Set | ListType::Map(_) if self.repetition == Repetition::Allowed => return,
            ListType::Set => list.to_vec(),
            ListType::Map(keys) => list.iter().map(|item| key_of(item, keys)).collect(),
        };
        for (index, name) in names.iter().enumerate() {
            if names[..index].iter().filter(|earlier| *earlier == name).count() == 1 {
                errors.push(FieldError::duplicate(path.index(index), name));
            }
        }
    }

    fn validate_junctors(&self, value: &Value, path: &FieldPath, errors: &mut Vec<FieldError>) {
        let junctors = &self.junctors;
        for schema in &junctors.all_of {
            schema.validate_at(value, None, path, errors);
        }
        let fitting = |schemas: &[Arc<Schema>]| schemas.iter().filter(|s| s.fits(value)).count();
        if !junctors.any_of.is_empty() && fitting(&junctors.any_of) == 0 {
            errors.extend(nearest(&junctors.any_of, value, path));
            errors.push(refused(path, "must validate at least one schema (anyOf)"));
        }
        match fitting(&junctors.one_of) {
            _ if junctors.one_of.is_empty() => {}
            0 => {
                errors.extend(nearest(&junctors.one_of, value, path));
                errors.push(refused(path, "must validate one and only one schema (oneOf). Found none valid"));
            }
            1 => {}
            several => errors.push(refused(
                path,
                &format!("must validate one and only one schema (oneOf). Found {several} valid alternatives"),
            )),
        }
        if junctors.not.as_ref().is_some_and(|schema| schema.fits(value)) {
            errors.push(refused(path, "must not validate the schema (not)"));
        }
    }

    fn fits(&self, value: &Value) -> bool {
        self.validate(value).is_empty()
    }
}

impl Kind {
    pub(crate) fn admits(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Boolean => value.is_boolean(),
            Self::Integer => is_whole(value),
            Self::Number => value.is_number(),
            Self::String => value.is_string(),
            Self::IntOrString => value.is_string() || is_whole(value),
            Self::Object => value.is_object(),
            Self::Array => value.is_array(),
        }
    }

    /// The name of the type in schemas and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::IntOrString => "integer,string",
            Self::Object => "object",
            Self::Array => "array",
        }
    }

    fn refuse(self, value: &Value, path: &FieldPath) -> FieldError {
        let found = found_type(value);
        let detail = format!("{path} in body must be of type {}: {found:?}", self.name());
        FieldError::wrong_type(path.clone(), &found.into(), &detail)
    }
}

fn key_of(item: &Value, keys: &[String]) -> Value {
    let named = keys.iter().filter_map(|key| Some((key.clone(), item.get(key)?.clone())));
    Value::Object(named.collect())
}

/// The errors of the alternative that comes closest, so that the author learns what is missing.
fn nearest(schemas: &[Arc<Schema>], value: &Value, path: &FieldPath) -> Vec<FieldError> {
    let errors_of = |schema: &Arc<Schema>| {
        let mut errors = Vec::new();
        schema.validate_at(value, None, path, &mut errors);
        errors
    };
    schemas.iter().map(errors_of).min_by_key(Vec::len).unwrap_or_default()
}

/// A sentence about alternatives stands at the root of the object and names the place itself.
fn refused(path: &FieldPath, rest: &str) -> FieldError {
    let place = path.as_str();
    FieldError::invalid(FieldPath::root(), &"".into(), &format!("{place:?} {rest}"))
}

fn is_whole(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
}

fn found_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) if is_whole(value) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
