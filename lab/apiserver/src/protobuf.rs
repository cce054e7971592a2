//! Objects that come as protocol buffers, read into JSON.
//!
//! kubectl 1.32 and newer send built-in kinds this way. Only requests are read; answers are JSON, which every
//! client takes too.
//!
//! ```text
//!  6b 38 73 00 │ Unknown { typeMeta { apiVersion, kind }, raw, … } │ raw: the object itself
//! ```
//!
//! Field numbers come from a table that is generated from the types (`protobuf/messages.txt`). Source: Protocol
//! Buffers documentation, "Encoding"; Kubernetes documentation, "Kubernetes API Concepts", "Protobuf encoding".

use serde_json::{Map, Value, json};

mod messages;
mod scalar;
mod wire;

use messages::{Field, Form, Presence, message, message_of_kind};
use wire::{Fields, Item};

/// What every protocol buffer of the API begins with.
const MAGIC: &[u8] = b"k8s\0";

/// Objects nest this deep at most.
const DEPTH: usize = 32;

/// Why bytes are no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProtobufError {
    #[error("the body does not begin as a protocol buffer of the API")]
    Magic,
    #[error("a field is cut short or of an unknown wire type")]
    Broken,
    #[error("no kind {0:?} of {1:?} is known")]
    UnknownKind(String, String),
    #[error("a text is not UTF-8")]
    Text,
    #[error("an embedded JSON value cannot be read")]
    Json,
    #[error("objects nest too deep")]
    TooDeep,
}

/// Reads one object.
///
/// # Errors
/// [`ProtobufError`]; nothing of the object is used.
pub(crate) fn decode(bytes: &[u8]) -> Result<Value, ProtobufError> {
    let envelope = bytes.strip_prefix(MAGIC).ok_or(ProtobufError::Magic)?;
    let (mut api_version, mut kind, mut raw): (String, String, &[u8]) = Default::default();
    for item in Fields::new(envelope) {
        match item? {
            (1, Item::Bytes(types)) => (api_version, kind) = type_meta(types)?,
            (2, Item::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let name = message_of_kind(&api_version, &kind);
    let name = name.ok_or_else(|| ProtobufError::UnknownKind(kind.clone(), api_version.clone()))?;
    let mut object = read(name, raw, DEPTH)?;
    object.insert("apiVersion".into(), json!(api_version));
    object.insert("kind".into(), json!(kind));
    Ok(Value::Object(object))
}

fn type_meta(bytes: &[u8]) -> Result<(String, String), ProtobufError> {
    let mut types = (String::new(), String::new());
    for item in Fields::new(bytes) {
        match item? {
            (1, Item::Bytes(text)) => types.0 = scalar::text(text)?,
            (2, Item::Bytes(text)) => types.1 = scalar::text(text)?,
            _ => {}
        }
    }
    Ok(types)
}

/// One message as a JSON object. Fields of unknown number are skipped: a newer client may have more.
fn read(name: &str, bytes: &[u8], depth: usize) -> Result<Map<String, Value>, ProtobufError> {
    let depth = depth.checked_sub(1).ok_or(ProtobufError::TooDeep)?;
    let mut object = Map::new();
    let Some(message) = message(name) else { return Ok(object) };
    for item in Fields::new(bytes) {
        let (number, item) = item?;
        let Some(field) = message.get(&number) else { continue };
        put(&mut object, field, &item, depth)?;
    }
    Ok(object)
}

fn put(
    object: &mut Map<String, Value>,
    field: &Field,
    item: &Item<'_>,
    depth: usize,
) -> Result<(), ProtobufError> {
    match &field.form {
        Form::List(form) => {
            let value = value(form, item, depth)?;
            if let Value::Array(list) = object.entry(field.name.clone()).or_insert_with(|| json!([])) {
                list.push(value);
            }
        }
        Form::Map(form) => {
            let (key, value) = entry(form, item, depth)?;
            if let Value::Object(map) = object.entry(field.name.clone()).or_insert_with(|| json!({})) {
                map.insert(key, value);
            }
        }
        form @ (Form::Scalar(_) | Form::Message(_) | Form::Wrapped(_)) => {
            let value = value(form, item, depth)?;
            if field.is_inline() {
                object.extend(value.as_object().cloned().unwrap_or_default());
            } else if field.presence != Presence::Nonzero || !scalar::is_zero(&value) {
                object.insert(field.name.clone(), value);
            }
        }
    }
    // A time that is not set is an empty message, and null in JSON; here it is left out.
    object.retain(|_, value| !value.is_null());
    Ok(())
}

fn value(form: &Form, item: &Item<'_>, depth: usize) -> Result<Value, ProtobufError> {
    match (form, item) {
        (Form::Message(name), Item::Bytes(bytes)) => read(name, bytes, depth).map(Value::Object),
        (Form::Wrapped(form), Item::Bytes(bytes)) => wrapped(form, bytes, depth),
        (Form::Scalar(scalar), item) => scalar::read(*scalar, item),
        (Form::List(_) | Form::Map(_), _) | (Form::Message(_) | Form::Wrapped(_), Item::Number(_)) => {
            Err(ProtobufError::Broken)
        }
    }
}

/// A named list: a message whose first field repeats.
fn wrapped(form: &Form, bytes: &[u8], depth: usize) -> Result<Value, ProtobufError> {
    let Form::List(form) = form else { return Err(ProtobufError::Broken) };
    let items = Fields::new(bytes).map(|item| value(form, &item?.1, depth));
    items.collect::<Result<Vec<_>, _>>().map(Value::Array)
}

fn entry(form: &Form, item: &Item<'_>, depth: usize) -> Result<(String, Value), ProtobufError> {
    let Item::Bytes(bytes) = item else { return Err(ProtobufError::Broken) };
    let (mut key, mut found) = (String::new(), json!(""));
    for item in Fields::new(bytes) {
        match item? {
            (1, Item::Bytes(text)) => key = scalar::text(text)?,
            (2, item) => found = value(form, &item, depth)?,
            _ => {}
        }
    }
    Ok((key, found))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Objects as bytes and as JSON, both written by the types themselves.
    fn samples() -> Vec<(Vec<u8>, Value)> {
        let lines = include_str!("../protobuf/samples.txt").lines();
        let pairs = lines.map(|line| line.split_once(' ').expect("two words"));
        pairs.map(|(hex, text)| (bytes(hex), serde_json::from_str(text).expect("JSON"))).collect()
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("hex"));
        pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect()
    }

    /// JSON writes times that are not set as null; everybody reads that as absent.
    fn without_nulls(value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
                fields.map(|(name, value)| (name, without_nulls(value))).collect()
            }
            Value::Array(items) => items.into_iter().map(without_nulls).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
        }
    }

    #[test]
    fn bytes_and_json_of_an_object_read_the_same() {
        for (bytes, json) in samples() {
            assert_eq!(decode(&bytes), Ok(without_nulls(json)));
        }
    }

    #[test]
    fn bytes_that_are_no_object_are_refused_by_name() {
        assert_eq!(decode(b"{}"), Err(ProtobufError::Magic));
        assert_eq!(decode(b"k8s\0\n\xff"), Err(ProtobufError::Broken));
        let unknown = decode(b"k8s\0\n\x0b\n\x02v1\x12\x05Thing");
        assert_eq!(unknown, Err(ProtobufError::UnknownKind("Thing".into(), "v1".into())));
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(noise in proptest::collection::vec(any::<u8>(), 0..99), sample in 0usize..5, cut: u8) {
            let (bytes, _) = samples().swap_remove(sample);
            let start = bytes.get(..usize::from(cut)).unwrap_or(&bytes);
            drop(decode(&[start, &noise].concat()));
        }
    }
}
