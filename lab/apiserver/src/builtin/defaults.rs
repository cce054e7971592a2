//! What the API server fills in for built-in kinds.
//!
//! Plain values are a table, written into the definitions; values that depend on other fields are
//! functions, one file for each kind of object. Source: the defaulting functions of Kubernetes 1.33.

mod access;
mod pod;
mod service;
mod table;

pub(super) use table::extend;

use serde_json::{Map, Value};

/// Fills in everything an author may leave out, and leaves out what says nothing. Doing it twice changes nothing.
pub fn fill_defaults(api_version: &str, kind: &str, object: &mut Value) {
    if let Some(schema) = super::schema(api_version, kind) {
        super::empty::omit(&schema, object);
        schema.fill_defaults(object);
    }
    match (api_version, kind) {
        ("v1", "Service") => service::fill(object),
        ("v1", "Pod") => at(object, "/spec", pod::fill),
        ("v1", "ReplicationController") | ("apps/v1" | "batch/v1", _) => {
            at(object, "/spec/template/spec", pod::fill);
            at(object, "/spec/jobTemplate/spec/template/spec", pod::fill);
        }
        ("networking.k8s.io/v1", "NetworkPolicy") => at(object, "/spec", access::fill_policy),
        ("rbac.authorization.k8s.io/v1", _) => access::fill_subjects(object),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition") => at(object, "/spec", access::fill_names),
        _ => {}
    }
}

fn at(object: &mut Value, pointer: &str, fill: impl Fn(&mut Map<String, Value>)) {
    if let Some(fields) = object.pointer_mut(pointer).and_then(Value::as_object_mut) {
        fill(fields);
    }
}

/// Sets `name` where it is absent.
fn set_default(fields: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    if !fields.contains_key(name) {
        fields.insert(name.to_owned(), value.into());
    }
}

fn objects<'v>(fields: &'v mut Map<String, Value>, list: &str) -> Vec<&'v mut Map<String, Value>> {
    let list = fields.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
    list.filter_map(Value::as_object_mut).collect()
}
