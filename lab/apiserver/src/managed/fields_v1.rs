//! The form of a field set in `managedFields[].fieldsV1`.
//!
//! A path that ends at an element and goes no further is `{}`; one that ends there *and* goes on
//! holds a `"."` beside the longer ones.

use serde_json::{Map, Value};

use super::FieldSet;
use super::element::Element;

const SELF: &str = ".";

/// Writes a set as `FieldsV1`.
pub(super) fn encode(set: &FieldSet) -> Value {
    let mut fields = Map::new();
    for element in &set.members {
        fields.insert(element.to_text(), Value::Object(Map::new()));
    }
    for (element, subset) in &set.below {
        let mut inner = encode(subset);
        if let (true, Some(inner)) = (set.members.contains(element), inner.as_object_mut()) {
            inner.insert(SELF.to_owned(), Value::Object(Map::new()));
        }
        fields.insert(element.to_text(), inner);
    }
    Value::Object(fields)
}

/// Reads `FieldsV1`; `None` when it is not one.
pub(super) fn decode(fields: &Value) -> Option<FieldSet> {
    let mut set = FieldSet::default();
    for (text, inner) in fields.as_object()? {
        if text == SELF {
            continue;
        }
        let element = Element::from_text(text)?;
        let below = inner.as_object()?;
        if below.is_empty() || below.contains_key(SELF) {
            set.members.insert(element.clone());
        }
        let subset = decode(inner)?;
        if !subset.is_empty() {
            set.below.insert(element, subset);
        }
    }
    Some(set)
}
