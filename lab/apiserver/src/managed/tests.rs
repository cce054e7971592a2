mod applying;
mod laws;
mod updating;

use serde_json::{Value, json};

use super::{ApplyError, Force, Write, apply, reset_fields, update};
use crate::schema::Schema;

fn service() -> Schema {
    let text = json!({"type": "string"});
    let metadata = json!({
        "type": "object",
        "properties": {
            "name": text, "namespace": text, "uid": text, "resourceVersion": text,
            "labels": {"type": "object", "additionalProperties": text},
            "annotations": {"type": "object", "additionalProperties": text},
            "finalizers": {"type": "array", "x-kubernetes-list-type": "set", "items": text},
            "managedFields": {"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
        },
    });
    Schema::parse(&json!({
        "type": "object",
        "properties": {
            "apiVersion": text,
            "kind": text,
            "metadata": metadata,
            "spec": {
                "type": "object",
                "properties": {
                    "type": text,
                    "replicas": {"type": "integer"},
                    "selector": {
                        "type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": text,
                    },
                    "ports": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["port", "protocol"],
                        "items": {"type": "object", "properties": {
                            "port": {"type": "integer"},
                            "protocol": {"type": "string", "default": "TCP"},
                            "name": text,
                            "targetPort": {"x-kubernetes-int-or-string": true},
                        }},
                    },
                    "ranges": {"type": "array", "items": text},
                },
            },
            "status": {
                "type": "object",
                "properties": {
                    "conditions": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["type"],
                        "items": {"type": "object", "properties": {"type": text, "status": text}},
                    },
                    "ip": text,
                },
            },
        },
    }))
    .expect("a schema")
}

/// One object, written by many hands.
struct Desk {
    schema: Schema,
    object: Value,
}

impl Desk {
    fn new() -> Self {
        Self { schema: service(), object: json!({}) }
    }

    fn created(object: Value, manager: &str) -> Self {
        let mut desk = Self::new();
        desk.update(manager, "", "t0", object);
        desk.object["metadata"]["uid"] = json!("u");
        desk
    }

    fn update(&mut self, manager: &str, subresource: &str, time: &str, new: Value) {
        let reset = reset_fields("Service", subresource);
        let write =
            Write { manager, api_version: "v1", subresource, schema: &self.schema, reset: &reset, time };
        let mut new = new;
        update(&self.object, &mut new, &write);
        self.object = new;
    }

    fn change(&mut self, manager: &str, pointer: &str, value: Value) {
        let mut new = self.object.clone();
        *new.pointer_mut(pointer).expect("an existing field") = value;
        self.update(manager, "", "t1", new);
    }

    fn try_apply(&mut self, manager: &str, force: Force, time: &str, body: Value) -> Result<(), ApplyError> {
        self.try_apply_to(manager, "", force, time, body)
    }

    fn try_apply_to(
        &mut self,
        manager: &str,
        subresource: &str,
        force: Force,
        time: &str,
        body: Value,
    ) -> Result<(), ApplyError> {
        let reset = reset_fields("Service", subresource);
        let write =
            Write { manager, api_version: "v1", subresource, schema: &self.schema, reset: &reset, time };
        self.object = apply(&self.object, &body, force, &write)?;
        Ok(())
    }

    fn apply(&mut self, manager: &str, time: &str, body: Value) {
        self.try_apply(manager, Force::Refuse, time, body).expect("no conflict");
    }

    fn fields(&self, manager: &str) -> Value {
        self.entry(manager).map_or(Value::Null, |entry| entry["fieldsV1"].clone())
    }

    fn entry(&self, manager: &str) -> Option<&Value> {
        let entries = self.object.pointer("/metadata/managedFields")?.as_array()?;
        entries.iter().find(|entry| entry["manager"] == manager)
    }

    fn spec(&self) -> &Value {
        &self.object["spec"]
    }
}

fn refusal(outcome: Result<(), ApplyError>) -> String {
    outcome.expect_err("a refusal").to_string()
}
