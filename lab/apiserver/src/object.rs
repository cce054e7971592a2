//! Reading and writing the fields that every kind has, on plain JSON.

use serde_json::{Map, Value, json};

/// The text at a JSON pointer, or the empty text.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a JSON pointer, or the empty list.
pub(crate) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The number at a JSON pointer, or zero.
pub(crate) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// The texts of a list at a JSON pointer.
pub(crate) fn texts(object: &Value, pointer: &str) -> Vec<String> {
    list(object, pointer).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The map at a JSON pointer.
pub(crate) fn map<'a>(object: &'a Value, pointer: &str) -> Option<&'a Map<String, Value>> {
    object.pointer(pointer).and_then(Value::as_object)
}

/// `metadata.name`.
pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// `metadata.namespace`, empty for cluster-scoped objects.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// `metadata.uid`.
pub(crate) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// True once a deletion was asked for.
pub(crate) fn is_terminating(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(|at| !at.is_null())
}

/// `metadata.finalizers`.
pub(crate) fn finalizers(object: &Value) -> Vec<String> {
    texts(object, "/metadata/finalizers")
}

/// Replaces `metadata.finalizers`; an empty list removes the field.
pub(crate) fn set_finalizers(object: &mut Value, finalizers: &[String]) {
    set_or_remove(object, &["metadata", "finalizers"], (!finalizers.is_empty()).then(|| json!(finalizers)));
}

/// The map of a field, made when it is missing or not a map.
pub(crate) fn child<'a>(object: &'a mut Value, field: &str) -> &'a mut Value {
    if !object.is_object() {
        *object = json!({});
    }
    let child = &mut object[field];
    if !child.is_object() {
        *child = json!({});
    }
    child
}

/// Sets the field at a path, making the maps on the way.
pub(crate) fn set(object: &mut Value, path: &[&str], value: Value) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().fold(object, |at, field| child(at, field));
    if !parent.is_object() {
        *parent = json!({});
    }
    parent[*last] = value;
}

/// Removes the field at a path, when it is there.
pub(crate) fn remove(object: &mut Value, path: &[&str]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    let parent = parents.iter().try_fold(object, |at, field| at.get_mut(*field))?;
    parent.as_object_mut()?.remove(*last)
}

/// Sets the field or, without a value, removes it.
pub(crate) fn set_or_remove(object: &mut Value, path: &[&str], value: Option<Value>) {
    match value {
        Some(value) => set(object, path, value),
        None => drop(remove(object, path)),
    }
}

/// Sets the field only when it is missing or null.
pub(crate) fn default(object: &mut Value, path: &[&str], value: Value) {
    let pointer: String = path.iter().flat_map(|field| ["/", *field]).collect();
    if object.pointer(&pointer).is_none_or(Value::is_null) {
        set(object, path, value);
    }
}

/// Sets a text only when it is missing or empty.
pub(crate) fn default_text(object: &mut Value, path: &[&str], text: &str) {
    let pointer: String = path.iter().flat_map(|field| ["/", *field]).collect();
    if object.pointer(&pointer).is_none_or(|value| value.is_null() || value == "") {
        set(object, path, json!(text));
    }
}

/// Makes a field of `object` what it is in `from`, missing included.
pub(crate) fn copy_field(object: &mut Value, from: &Value, field: &str) {
    set_or_remove(object, &[field], from.get(field).cloned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_a_deep_field_makes_the_maps_on_the_way() {
        let mut object = json!({"metadata": "odd"});
        set(&mut object, &["metadata", "labels", "a"], json!("b"));
        assert_eq!(object, json!({"metadata": {"labels": {"a": "b"}}}));
    }

    #[test]
    fn a_default_does_not_replace_what_is_there() {
        let mut object = json!({"spec": {"a": 1}});
        default(&mut object, &["spec", "a"], json!(2));
        default(&mut object, &["spec", "b"], json!(3));
        assert_eq!(object, json!({"spec": {"a": 1, "b": 3}}));
    }

    #[test]
    fn removing_the_last_finalizer_removes_the_field() {
        let mut object = json!({"metadata": {"finalizers": ["a"]}});
        set_finalizers(&mut object, &[]);
        assert_eq!(object, json!({"metadata": {}}));
    }
}
