//! Empty lists and maps of built-in kinds, which the real server does not write.

use serde_json::Value;

use crate::schema::{Kind, Schema};

/// Removes empty lists and empty maps from free names, unless the kind requires them. An empty value with fields of
/// its own stays: `emptyDir: {}` says something.
pub(super) fn omit(schema: &Schema, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if let Some(schema) = schema.field(name) {
                    omit(schema, value);
                }
            }
            fields.retain(|name, value| {
                schema.required.contains(name)
                    || !schema.field(name).is_some_and(|schema| is_nothing(schema, value))
            });
        }
        Value::Array(items) => {
            let Some(schema) = &schema.items else { return };
            items.iter_mut().for_each(|item| omit(schema, item));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_nothing(schema: &Schema, value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty() && schema.kind == Kind::Array,
        Value::Object(fields) => fields.is_empty() && schema.additional.is_some(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builtin::schema;

    #[test]
    fn what_says_nothing_is_left_out_and_what_says_something_stays() {
        let mut pod = json!({
            "metadata": {"finalizers": [], "labels": {}},
            "spec": {"containers": [], "volumes": [{"name": "v", "emptyDir": {}}], "nodeSelector": {}},
        });
        omit(&schema("v1", "Pod").expect("pods"), &mut pod);
        let rest = json!({
            "metadata": {}, "spec": {"containers": [], "volumes": [{"name": "v", "emptyDir": {}}]},
        });
        assert_eq!(pod, rest);
    }
}
