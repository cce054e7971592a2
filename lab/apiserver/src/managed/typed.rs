//! A value seen through its schema: as one leaf, as a map of fields, or as a list of named items.

use serde_json::{Map, Value};

use super::element::Element;
use crate::schema::{Kind, ListType, MapType, Schema};

/// How a value is owned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As a whole: scalars, atomic lists, atomic maps.
    Leaf,
    /// Field by field.
    Fields,
    /// Item by item.
    Items,
}

impl Form {
    /// The form that `schema` gives to `value`. Where the schema is silent, the value decides: maps
    /// are owned by their fields and lists as a whole.
    pub(super) fn of(schema: &Schema, value: &Value) -> Self {
        match schema.kind {
            Kind::Object if schema.map_type == MapType::Atomic => Self::Leaf,
            Kind::Object => Self::Fields,
            Kind::Array if schema.list_type == ListType::Atomic => Self::Leaf,
            Kind::Array => Self::Items,
            Kind::Any if value.is_object() => Self::Fields,
            Kind::Any | Kind::Boolean | Kind::Integer | Kind::Number | Kind::String | Kind::IntOrString => {
                Self::Leaf
            }
        }
    }
}

/// The schema of the field `name`; free where nothing is declared.
pub(super) fn field<'s>(schema: &'s Schema, name: &str, free: &'s Schema) -> &'s Schema {
    schema.field(name).map_or(free, |schema| schema)
}

/// The schema of the items of a list; free where nothing is declared.
pub(super) fn items<'s>(schema: &'s Schema, free: &'s Schema) -> &'s Schema {
    schema.items.as_deref().unwrap_or(free)
}

/// What names `item` in a list of `schema`.
///
/// # Errors
/// The sentence that says why it has no name.
pub(super) fn name_of(schema: &Schema, item: &Value) -> Result<Element, String> {
    match &schema.list_type {
        ListType::Map(keys) => key_of(schema, keys, item),
        ListType::Set => value_of(item),
        ListType::Atomic => Err("invalid indexing of non-associative list".to_owned()),
    }
}

fn key_of(schema: &Schema, keys: &[String], item: &Value) -> Result<Element, String> {
    let fields = match item {
        Value::Object(fields) => fields,
        Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err("associative list with keys may not have non-map elements".to_owned());
        }
    };
    let named = keys.iter().map(|key| Ok((key.clone(), key_value(schema, fields, key)?)));
    named.collect::<Result<Vec<_>, String>>().map(Element::key)
}

fn key_value(schema: &Schema, fields: &Map<String, Value>, key: &str) -> Result<Value, String> {
    let given = fields.get(key).cloned();
    let default = || schema.items.as_ref()?.properties.get(key)?.default.clone();
    given.or_else(default).ok_or_else(|| {
        format!("associative list with keys has an element that omits key field {key:?} (and doesn't have default value)")
    })
}

fn value_of(item: &Value) -> Result<Element, String> {
    match item {
        Value::Object(_) => Err("associative list without keys has an element that's a map type".to_owned()),
        Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
        Value::Null => Err("associative list without keys has an element that's an explicit null".to_owned()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(Element::Value(item.to_string())),
    }
}

/// The items of a list under their names, in the order of the list. Items without a name are left out;
/// [`super::check`] refuses them in an applied configuration.
pub(super) fn named_items<'v>(schema: &Schema, list: &'v [Value]) -> Vec<(Element, &'v Value)> {
    list.iter().filter_map(|item| Some((name_of(schema, item).ok()?, item))).collect()
}
