//! Filling in what the author left out.

use serde_json::Value;

use super::Schema;

impl Schema {
    /// Sets every absent field that has a default, at every depth that exists.
    ///
    /// `null` in a field that does not allow it means *absent*: it is removed, or replaced by the
    /// default. Doing it twice changes nothing.
    pub fn fill_defaults(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, value| !value.is_null() || self.keeps_null(name));
                for (name, schema) in &self.properties {
                    if let (false, Some(default)) = (fields.contains_key(name), &schema.default) {
                        fields.insert(name.clone(), default.clone());
                    }
                }
                for (name, value) in fields {
                    if let Some(schema) = self.field(name) {
                        schema.fill_defaults(value);
                    }
                }
            }
            Value::Array(list) => {
                let Some(items) = &self.items else { return };
                list.iter_mut().for_each(|item| items.fill_defaults(item));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn keeps_null(&self, name: &str) -> bool {
        self.field(name).is_none_or(|schema| schema.nullable)
    }
}
