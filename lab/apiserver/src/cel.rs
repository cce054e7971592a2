//! The rules of `x-kubernetes-validations`: sentences in CEL about an object and what it was before.
//!
//! A rule sees the value at its node as `self` and, on an update, the value that stood there before as
//! `oldSelf`. A rule that speaks of `oldSelf` is a *transition rule*: it holds only between two values,
//! so it is silent on creation unless it says `optionalOldSelf`. Items of a list have a before only
//! where keys tell them apart.
//!
//! Decided here: where each rule stands, which values it sees, and what its refusal reads like. The
//! language with its Kubernetes functions (IP and CIDR among them) comes from `kube-cel`.
//!
//! Otherwise than in the real server: rules are read when a definition is created but their types are
//! not checked then, so a rule about a field or a function that does not exist fails on objects instead; the cost of
//! rules is not limited; `cel.bind` and the two-variable macros are not known and refuse the object; a rule with
//! `optionalOldSelf` sees null and no optional value where there is no past.
//!
//! Source: Kubernetes documentation, "CRD validation rules"; Common Expression Language specification.

mod compile;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::error::Error;

use kube_cel::{CompiledSchema, ErrorKind, ValidationError};
use serde_json::{Map, Value};

use crate::schema::{FieldError, FieldPath};

pub use compile::RuleError;

/// All rules of one version of a definition.
#[derive(Debug)]
pub struct Rules {
    root: Option<Node>,
}

/// The rules at one place and below; places without any rule are left out.
#[derive(Debug)]
struct Node {
    /// The type at this place, as a rule that could not be judged shows it.
    shown: String,
    resource: Resource,
    rules: Vec<Rule>,
    properties: BTreeMap<String, Node>,
    additional: Option<Box<Node>>,
    items: Option<Box<Node>>,
    /// Keys of the items, where they have any.
    keys: Option<Vec<String>>,
    all_of: Vec<Node>,
}

/// Whether a place holds a whole resource, of whose metadata rules see the name only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource {
    Whole,
    Part,
}

#[derive(Debug)]
struct Rule {
    /// The schema at the place with this rule alone.
    compiled: CompiledSchema,
    /// The message if there is one, else the rule.
    called: String,
    is_transition: bool,
}

impl Rules {
    /// Reads every rule of an `openAPIV3Schema`.
    ///
    /// # Errors
    /// Every rule that is none, with its place in the schema.
    pub fn compile(schema: &Value) -> Result<Self, Vec<RuleError>> {
        compile::rules(schema)
    }

    /// What the rules refuse in `new`, ordered by path. `old` is the stored object, on an update.
    ///
    /// What has not changed since then is not refused, except by transition rules.
    pub fn check(&self, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if let Some(root) = &self.root {
            root.check(new, old, &FieldPath::root(), &mut errors);
        }
        errors.sort();
        errors
    }
}

impl Node {
    fn check(&self, new: &Value, old: Option<&Value>, path: &FieldPath, errors: &mut Vec<FieldError>) {
        if new.is_null() {
            return;
        }
        let old = old.filter(|old| !old.is_null());
        for rule in &self.rules {
            if rule.is_transition || old != Some(new) {
                errors.extend(self.judge(rule, new, old, path));
            }
        }
        for branch in &self.all_of {
            branch.check(new, old, path, errors);
        }
        match new {
            Value::Object(fields) => self.check_fields(fields, old, path, errors),
            Value::Array(list) => self.check_items(list, old, path, errors),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn check_fields(
        &self,
        fields: &Map<String, Value>,
        old: Option<&Value>,
        path: &FieldPath,
        errors: &mut Vec<FieldError>,
    ) {
        for (name, value) in fields {
            let old = old.and_then(|old| old.get(name));
            if let Some(node) = self.properties.get(name) {
                node.check(value, old, &path.child(name), errors);
            } else if let Some(node) = &self.additional {
                node.check(value, old, &path.key(name), errors);
            }
        }
    }

    fn check_items(
        &self,
        list: &[Value],
        old: Option<&Value>,
        path: &FieldPath,
        errors: &mut Vec<FieldError>,
    ) {
        let Some(items) = &self.items else { return };
        if old.and_then(Value::as_array).is_some_and(|old| old == list) && self.keys.is_none() {
            return;
        }
        for (index, item) in list.iter().enumerate() {
            let old = old.and_then(Value::as_array).and_then(|old| self.before(item, old));
            items.check(item, old, &path.index(index), errors);
        }
    }

    /// The item that stood under the same keys before.
    fn before<'v>(&self, item: &Value, old: &'v [Value]) -> Option<&'v Value> {
        let keys = self.keys.as_ref()?;
        old.iter().find(|old| keys.iter().all(|key| old.get(key) == item.get(key)))
    }

    fn judge(&self, rule: &Rule, new: &Value, old: Option<&Value>, path: &FieldPath) -> Vec<FieldError> {
        let new = self.seen(new);
        let old = old.map(|old| self.seen(old));
        match kube_cel::validate_compiled(&rule.compiled, &new, old.as_ref()) {
            Ok(()) => Vec::new(),
            Err(errors) => errors.iter().map(|error| self.refusal(rule, error, &new, path)).collect(),
        }
    }

    /// The value as rules see it.
    fn seen(&self, value: &Value) -> Value {
        let mut value = value.clone();
        if let (Resource::Whole, Some(Value::Object(metadata))) = (self.resource, value.get_mut("metadata")) {
            metadata.retain(|name, _| name == "name" || name == "generateName");
        }
        value
    }

    fn refusal(&self, rule: &Rule, error: &ValidationError, value: &Value, path: &FieldPath) -> FieldError {
        let place = if error.field_path.is_empty() { path.clone() } else { path.child(&error.field_path) };
        if error.kind != ErrorKind::ValidationFailure {
            let cause = error.source().map_or_else(|| error.message.clone(), ToString::to_string);
            let shown = Value::from(self.shown.as_str());
            return FieldError::invalid(place, &shown, &format!("{cause} evaluating rule: {}", rule.called));
        }
        match error.reason.as_deref() {
            Some("FieldValueForbidden") => FieldError::forbidden(place, &error.message),
            Some("FieldValueRequired") => FieldError::required(place, &error.message),
            Some("FieldValueDuplicate") if is_plain(value) => FieldError::duplicate(place, value),
            Some("FieldValueDuplicate") => FieldError::duplicate_unseen(place),
            Some(_) | None if is_plain(value) => FieldError::invalid(place, value, &error.message),
            Some(_) | None => FieldError::invalid_unseen(place, &error.message),
        }
    }
}

/// Lists and maps are not shown in a refusal.
fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}
