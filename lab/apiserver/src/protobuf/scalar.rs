//! Values that are one JSON value: texts, numbers, times, quantities.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::base64;
use crate::protobuf::ProtobufError;
use crate::protobuf::wire::{Fields, Item};

/// How one value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Text,
    Bool,
    Integer,
    Bytes,
    /// `{seconds, nanos}`, shown in whole seconds.
    Time,
    /// The same, shown in microseconds.
    MicroTime,
    /// `{text}`.
    Quantity,
    /// `{kind, number, text}`.
    IntOrString,
    /// `{bytes}` that are JSON themselves.
    Json,
}

pub(super) fn read(scalar: Scalar, item: &Item<'_>) -> Result<Value, ProtobufError> {
    match (scalar, item) {
        (Scalar::Bool, Item::Number(number)) => Ok(json!(*number != 0)),
        // Negative numbers are written as their 64-bit complement.
        (Scalar::Integer, Item::Number(number)) => Ok(json!(number.cast_signed())),
        (Scalar::Text, Item::Bytes(bytes)) => text(bytes).map(Value::String),
        (Scalar::Bytes, Item::Bytes(bytes)) => Ok(json!(base64::encode(bytes))),
        (Scalar::Time, Item::Bytes(bytes)) => time(bytes, "%Y-%m-%dT%H:%M:%SZ"),
        (Scalar::MicroTime, Item::Bytes(bytes)) => time(bytes, "%Y-%m-%dT%H:%M:%S.%6fZ"),
        (Scalar::Quantity, Item::Bytes(bytes)) => first_text(bytes).map(Value::String),
        (Scalar::IntOrString, Item::Bytes(bytes)) => int_or_string(bytes),
        (Scalar::Json, Item::Bytes(bytes)) => embedded(bytes),
        (Scalar::Bool | Scalar::Integer, Item::Bytes(_)) | (_, Item::Number(_)) => Err(ProtobufError::Broken),
    }
}

/// True for what JSON leaves out when the type says so. Empty messages are written, as `{}`.
pub(super) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Bool(true) | Value::Array(_) | Value::Object(_) => false,
    }
}

pub(super) fn text(bytes: &[u8]) -> Result<String, ProtobufError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| ProtobufError::Text)
}

fn time(bytes: &[u8], format: &str) -> Result<Value, ProtobufError> {
    let (mut seconds, mut nanos) = (0, 0);
    for item in Fields::new(bytes) {
        match item? {
            (1, Item::Number(number)) => seconds = number.cast_signed(),
            (2, Item::Number(number)) => nanos = i32::try_from(number).map_err(|_| ProtobufError::Broken)?,
            _ => {}
        }
    }
    if (seconds, nanos) == (0, 0) {
        return Ok(Value::Null);
    }
    let at = Timestamp::new(seconds, nanos).map_err(|_| ProtobufError::Broken)?;
    Ok(json!(at.strftime(format).to_string()))
}

fn first_text(bytes: &[u8]) -> Result<String, ProtobufError> {
    match Fields::new(bytes).next().transpose()? {
        Some((1, Item::Bytes(bytes))) => text(bytes),
        Some(_) | None => Ok(String::new()),
    }
}

fn int_or_string(bytes: &[u8]) -> Result<Value, ProtobufError> {
    let (mut is_text, mut number, mut word) = (false, 0, String::new());
    for item in Fields::new(bytes) {
        match item? {
            (1, Item::Number(kind)) => is_text = kind == 1,
            (2, Item::Number(value)) => number = value.cast_signed(),
            (3, Item::Bytes(bytes)) => word = text(bytes)?,
            _ => {}
        }
    }
    Ok(if is_text { json!(word) } else { json!(number) })
}

fn embedded(bytes: &[u8]) -> Result<Value, ProtobufError> {
    match Fields::new(bytes).next().transpose()? {
        Some((1, Item::Bytes(bytes))) => serde_json::from_slice(bytes).map_err(|_| ProtobufError::Json),
        Some(_) | None => Ok(Value::Null),
    }
}
