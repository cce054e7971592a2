//! Why an object of a built-in kind cannot even be read, in the words of the real server's decoder.
//!
//! The decoder speaks of the fields of its own types; their names are those of the definitions. Where
//! such a field has a type of its own name that is a plain text in the schema (`ServiceType`, say), the
//! sentence here says `string`.

use serde_json::{Map, Value};

use super::CATALOGUE;

/// The first value of a wrong type: `json: cannot unmarshal string into Go struct field
/// ServiceSpec.spec.ports of type []v1.ServicePort`. `None` when there is none.
pub fn unreadable(api_version: &str, kind: &str, object: &Value) -> Option<String> {
    let name = super::definition_name(api_version, kind)?;
    Reader { path: Vec::new() }.definition(name, object)
}

struct Reader {
    path: Vec<String>,
}

impl Reader {
    fn definition(&mut self, name: &str, value: &Value) -> Option<String> {
        let definition = CATALOGUE.definitions.get(name)?.as_object()?;
        let properties = definition.get("properties")?.as_object()?;
        let fields = value.as_object()?;
        fields.iter().find_map(|(field, value)| {
            let node = properties.get(field)?.as_object()?;
            self.path.push(field.clone());
            let found = self.node(short(name), node, value);
            self.path.pop();
            found
        })
    }

    fn node(&mut self, owner: &str, node: &Map<String, Value>, value: &Value) -> Option<String> {
        if value.is_null() {
            return None;
        }
        let target = target(node);
        let plain = target.and_then(|name| CATALOGUE.definitions.get(name)?.as_object()).unwrap_or(node);
        if !admits(plain, value) {
            let (found, place) = (shown(value), self.path.join("."));
            let wanted = go_type(node);
            return Some(format!(
                "json: cannot unmarshal {found} into Go struct field {owner}.{place} of type {wanted}"
            ));
        }
        match (value, target) {
            (Value::Object(_), Some(name)) => self.definition(name, value),
            (Value::Array(list), _) => {
                let items = plain.get("items")?.as_object()?;
                list.iter().find_map(|item| self.node(owner, items, item))
            }
            (Value::Object(fields), None) => {
                let values = plain.get("additionalProperties")?.as_object()?;
                fields.values().find_map(|value| self.node(owner, values, value))
            }
            _ => None,
        }
    }
}

fn target(node: &Map<String, Value>) -> Option<&str> {
    let wrapped = || node.get("allOf")?.get(0)?.get("$ref")?.as_str();
    let target = node.get("$ref").and_then(Value::as_str).or_else(wrapped)?;
    Some(target.rsplit('/').next().unwrap_or(target))
}

/// Numbers that are no whole ones, or too large, are left to the schema.
fn admits(node: &Map<String, Value>, value: &Value) -> bool {
    match node.get("type").and_then(Value::as_str) {
        Some("string") => value.is_string(),
        Some("integer" | "number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(_) | None => true,
    }
}

fn go_type(node: &Map<String, Value>) -> String {
    if let Some(name) = target(node) {
        return named(name);
    }
    let inner = |field: &str| node.get(field).and_then(Value::as_object).map_or_else(String::new, go_type);
    let format = node.get("format").and_then(Value::as_str);
    match node.get("type").and_then(Value::as_str) {
        Some("array") => format!("[]{}", inner("items")),
        Some("object") => format!("map[string]{}", inner("additionalProperties")),
        Some("integer") => format.unwrap_or("int64").to_owned(),
        Some("number") => "float64".to_owned(),
        Some("boolean") => "bool".to_owned(),
        Some("string") if format == Some("byte") => "[]uint8".to_owned(),
        Some(_) | None => "string".to_owned(),
    }
}

/// `v1.ServicePort` for `io.k8s.api.core.v1.ServicePort`.
fn named(definition: &str) -> String {
    let mut parts = definition.rsplitn(3, '.');
    let (kind, package) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{package}.{kind}")
}

fn short(definition: &str) -> &str {
    definition.rsplit('.').next().unwrap_or(definition)
}

fn shown(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(kind: &str, object: Value) -> Option<String> {
        unreadable(if kind == "Deployment" { "apps/v1" } else { "v1" }, kind, &object)
    }

    fn sentence(rest: &str) -> Option<String> {
        Some(format!("json: cannot unmarshal {rest}"))
    }

    #[test]
    fn the_field_is_named_with_its_owner_and_its_type() {
        assert_eq!(
            of("Service", json!({"spec": {"ports": "abc"}})),
            sentence("string into Go struct field ServiceSpec.spec.ports of type []v1.ServicePort")
        );
        assert_eq!(
            of("Service", json!({"spec": {"ports": [{"port": "80"}]}})),
            sentence("string into Go struct field ServicePort.spec.ports.port of type int32")
        );
        assert_eq!(
            of("Service", json!({"metadata": {"labels": {"a": 1}}})),
            sentence("number into Go struct field ObjectMeta.metadata.labels of type string")
        );
        assert_eq!(
            of(
                "Deployment",
                json!({"spec": {"template": {"spec": {"containers": [{"env": [{"value": true}]}]}}}})
            ),
            sentence(
                "bool into Go struct field EnvVar.spec.template.spec.containers.env.value of type string"
            )
        );
        assert_eq!(
            of("Service", json!({"spec": []})),
            sentence("array into Go struct field Service.spec of type v1.ServiceSpec")
        );
    }

    #[test]
    fn what_can_be_read_is_read() {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"labels": {"a": "b"}, "annotations": null},
            "spec": {"ports": [{"port": 80, "targetPort": "http"}, {"port": 81, "targetPort": 1}]},
        });
        assert_eq!(of("Service", service), None);
    }
}
