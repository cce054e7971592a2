//! Leases: numbers that make sense.

use serde_json::{Value, json};

use crate::schema::{FieldError, FieldPath};

/// Field, least value, and the real server's words for it.
const LEAST: &[(&str, i64, &str)] = &[
    ("leaseDurationSeconds", 1, "must be greater than 0"),
    ("leaseTransitions", 0, "must be greater than or equal to 0"),
];

pub(crate) fn validate(lease: &Value, _: Option<&Value>) -> Vec<FieldError> {
    let spec = FieldPath::from("spec");
    let refusal = |(field, least, rule): &(&str, i64, &str)| {
        let number = lease["spec"].get(*field)?.as_i64()?;
        (number < *least).then(|| FieldError::invalid(spec.child(field), &json!(number), rule))
    };
    LEAST.iter().filter_map(refusal).collect()
}
