//! Reading the rules of a schema.

use std::collections::BTreeMap;
use std::fmt;

use kube_cel::{CompilationError, compile_schema};
use serde_json::{Map, Value, json};

use super::{Node, Resource, Rule, Rules};
use crate::schema::FieldPath;

const RULES: &str = "x-kubernetes-validations";

/// A rule that cannot be used, with its place in the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    pub path: FieldPath,
    pub rule: String,
    pub reason: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: Invalid value: {:?}: {}", self.path, self.rule, self.reason)
    }
}

/// Whether a place has a before: the way to it leads through fields and keyed items only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Past {
    Known,
    Lost,
}

pub(super) fn rules(schema: &Value) -> Result<Rules, Vec<RuleError>> {
    let mut reader = Reader { faults: Vec::new() };
    let root = reader.node(schema, &FieldPath::root(), Past::Known);
    if !reader.faults.is_empty() {
        return Err(reader.faults);
    }
    Ok(Rules { root: root.map(|node| Node { resource: Resource::Whole, ..node }) })
}

struct Reader {
    faults: Vec<RuleError>,
}

impl Reader {
    fn node(&mut self, json: &Value, path: &FieldPath, past: Past) -> Option<Node> {
        let schema = json.as_object()?;
        let keys = list_keys(schema);
        let below = if schema.get("type").is_some_and(|kind| kind == "array") && keys.is_none() {
            Past::Lost
        } else {
            past
        };
        let node = Node {
            shown: schema.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(),
            resource: resource(schema),
            rules: self.rules(schema, path, past),
            properties: self.properties(schema, path, below),
            additional: self.child(schema, "additionalProperties", path, below),
            items: self.child(schema, "items", path, below),
            keys,
            all_of: self.branches(json, path, past),
        };
        let empty = node.rules.is_empty() && node.properties.is_empty() && node.all_of.is_empty();
        (!empty || node.additional.is_some() || node.items.is_some()).then_some(node)
    }

    fn rules(&mut self, schema: &Map<String, Value>, path: &FieldPath, past: Past) -> Vec<Rule> {
        let rules = schema.get(RULES).and_then(Value::as_array).into_iter().flatten().enumerate();
        let read = |(index, rule): (usize, &Value)| {
            self.rule(schema, rule, &path.child(RULES).index(index).child("rule"), past)
        };
        rules.filter_map(read).collect()
    }

    fn rule(
        &mut self,
        schema: &Map<String, Value>,
        rule: &Value,
        path: &FieldPath,
        past: Past,
    ) -> Option<Rule> {
        let text = |name: &str| rule.get(name).and_then(Value::as_str).unwrap_or_default().trim();
        let mut alone = without_rules(schema);
        alone.insert(RULES.to_owned(), json!([rule]));
        let compiled = compile_schema(&Value::Object(alone));
        let is_transition = compiled.validations.iter().flatten().any(|compiled| compiled.is_transition_rule);
        let reason = match compiled.compilation_errors().first() {
            Some(error) => compilation_fault(error),
            None if is_transition && past == Past::Lost => {
                "oldSelf cannot be used on the uncorrelatable portion of the schema".to_owned()
            }
            None => {
                let message = text("message");
                let called = if message.is_empty() { text("rule") } else { message };
                return Some(Rule { compiled, called: called.to_owned(), is_transition });
            }
        };
        self.faults.push(RuleError { path: path.clone(), rule: text("rule").to_owned(), reason });
        None
    }

    fn properties(
        &mut self,
        schema: &Map<String, Value>,
        path: &FieldPath,
        past: Past,
    ) -> BTreeMap<String, Node> {
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let read = |(name, json): (&String, &Value)| {
            Some((name.clone(), self.node(json, &path.child("properties").key(name), past)?))
        };
        properties.filter_map(read).collect()
    }

    fn child(
        &mut self,
        schema: &Map<String, Value>,
        name: &str,
        path: &FieldPath,
        past: Past,
    ) -> Option<Box<Node>> {
        self.node(schema.get(name)?, &path.child(name), past).map(Box::new)
    }

    /// Branches of `allOf` may carry rules of their own about the value that the whole schema types.
    fn branches(&mut self, json: &Value, path: &FieldPath, past: Past) -> Vec<Node> {
        let branches = json.get("allOf").and_then(Value::as_array).into_iter().flatten().enumerate();
        let read = |(index, branch): (usize, &Value)| {
            let rules = branch.get(RULES)?;
            let mut typed = without_rules(json.as_object()?);
            typed.remove("allOf");
            typed.insert(RULES.to_owned(), rules.clone());
            self.node(&Value::Object(typed), &path.child("allOf").index(index), past)
        };
        branches.filter_map(read).collect()
    }
}

fn resource(schema: &Map<String, Value>) -> Resource {
    match schema.get("x-kubernetes-embedded-resource") {
        Some(Value::Bool(true)) => Resource::Whole,
        _ => Resource::Part,
    }
}

fn list_keys(schema: &Map<String, Value>) -> Option<Vec<String>> {
    if schema.get("x-kubernetes-list-type")? != "map" {
        return None;
    }
    let keys = schema.get("x-kubernetes-list-map-keys")?.as_array()?;
    Some(keys.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect())
}

/// The schema with its types and formats, but without any rule at or below it.
fn without_rules(schema: &Map<String, Value>) -> Map<String, Value> {
    let kept = schema.iter().filter(|(name, _)| *name != RULES);
    kept.map(|(name, value)| (name.clone(), stripped(value))).collect()
}

fn stripped(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(without_rules(fields)),
        Value::Array(list) => list.iter().map(stripped).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn compilation_fault(error: &CompilationError) -> String {
    format!("compilation failed: {error}")
}
