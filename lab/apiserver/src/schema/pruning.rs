//! Removing the fields that no schema names.

use serde_json::Value;

use super::{FieldPath, Schema, Unknown};

/// The fields that every embedded resource has, whatever its schema says.
const RESOURCE_FIELDS: [&str; 3] = ["apiVersion", "kind", "metadata"];

impl Schema {
    /// Removes unknown fields and returns their paths, in the order of the object.
    ///
    /// The paths are what `fieldValidation=Strict` refuses and `Warn` warns about
    /// (`unknown field "spec.colour"`). Doing it twice removes nothing more.
    pub fn prune(&self, value: &mut Value) -> Vec<String> {
        let mut unknown = Vec::new();
        self.prune_at(value, &FieldPath::root(), &mut unknown);
        unknown
    }

    fn prune_at(&self, value: &mut Value, path: &FieldPath, unknown: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, value| {
                    let known = self.knows(name);
                    match self.field(name) {
                        Some(schema) => schema.prune_at(value, &path.child(name), unknown),
                        None if !known => unknown.push(path.child(name).to_string()),
                        None => {}
                    }
                    known
                });
            }
            Value::Array(list) => {
                let Some(items) = &self.items else { return };
                for (index, item) in list.iter_mut().enumerate() {
                    items.prune_at(item, &path.index(index), unknown);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn knows(&self, name: &str) -> bool {
        self.unknown == Unknown::Preserve
            || self.field(name).is_some()
            || (self.embedded && RESOURCE_FIELDS.contains(&name))
    }
}
