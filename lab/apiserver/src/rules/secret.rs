//! Secrets and ConfigMaps: write-only text, and immutability.

use serde_json::{Value, json};

use crate::schema::{FieldError, FieldPath};
use crate::{base64, object};

/// Largest sum of all values, in bytes.
const LARGEST: usize = 1 << 20;

/// `stringData` is read and forgotten: its values become `data`.
pub(crate) fn read_texts(secret: &mut Value) {
    let Some(Value::Object(texts)) = object::remove(secret, &["stringData"]) else { return };
    for (key, text) in texts {
        let encoded = base64::encode(text.as_str().unwrap_or_default().as_bytes());
        object::set(secret, &["data", &key], json!(encoded));
    }
}

pub(crate) fn validate(new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let values = object::map(new, "/data").into_iter().flatten();
    for (key, _) in values {
        let plain = key.len() <= 253 && !key.is_empty() && key.split('.').any(|part| !part.is_empty());
        let letters = key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
        if !plain || !letters {
            let rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
            errors.push(FieldError::invalid(FieldPath::from("data").key(key), &json!(key), rule));
        }
    }
    // The real server has no name for the place of a ConfigMap's size.
    let place = if new["kind"] == "Secret" { "data" } else { "[]" };
    if size(new) > LARGEST {
        errors.push(FieldError::too_long(FieldPath::from(place), LARGEST as u64));
    }
    errors.extend(old.map(|old| fixed(new, old)).unwrap_or_default());
    errors
}

/// Bytes of all values together.
fn size(new: &Value) -> usize {
    let texts =
        |field: &str| object::map(new, field).into_iter().flatten().filter_map(|(_, value)| value.as_str());
    let encoded: usize = if new["kind"] == "Secret" {
        texts("/data").map(base64::decoded_length).sum()
    } else {
        texts("/data").map(str::len).sum()
    };
    encoded + texts("/binaryData").map(base64::decoded_length).sum::<usize>()
}

fn fixed(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let kind_changed = old["kind"] == "Secret" && old["type"] != new["type"];
    if kind_changed {
        errors.push(FieldError::invalid(FieldPath::from("type"), &new["type"], "field is immutable"));
    }
    if old["immutable"] != true {
        return errors;
    }
    for field in ["immutable", "data", "binaryData"] {
        if old.get(field) != new.get(field) {
            let rule = "field is immutable when `immutable` is set";
            errors.push(FieldError::forbidden(FieldPath::from(field), rule));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_secret_wins_over_its_data_and_is_forgotten() {
        let mut secret = json!({"kind": "Secret", "data": {"a": "eA=="}, "stringData": {"a": "foo"}});
        read_texts(&mut secret);
        assert_eq!(secret, json!({"kind": "Secret", "data": {"a": "Zm9v"}}));
    }
}
