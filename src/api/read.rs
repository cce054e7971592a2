//! Objects as JSON into their types, one by one, so that one that does not fit never hides the others.

use kube::Resource;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;

/// The object does not have the shape of its kind. Nothing changed.
#[derive(Debug, Error)]
#[error("not a {kind}")]
pub struct Unreadable {
    /// The kind that was expected.
    pub kind: String,
    /// Which field, and why.
    #[source]
    pub source: serde_json::Error,
}

/// Reads an object of kind `K`. A `spec` that is left out is an empty one: the schemas allow it, and an advertisement
/// without `spec` is common.
///
/// # Errors
/// [`Unreadable`] when a field is missing or of another type.
pub fn read<K>(mut object: Value) -> Result<K, Unreadable>
where
    K: Resource<DynamicType = ()> + DeserializeOwned,
{
    if let Some(fields) = object.as_object_mut() {
        fields.entry("spec").or_insert_with(|| Value::Object(Map::new()));
    }
    serde_json::from_value(object).map_err(|source| Unreadable { kind: K::kind(&()).into_owned(), source })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::{IPAddressPool, L2Advertisement};

    #[test]
    fn an_advertisement_without_spec_is_an_empty_one() {
        let object = json!({
            "apiVersion": "metallb.io/v1beta1", "kind": "L2Advertisement", "metadata": { "name": "all" },
        });
        assert_eq!(read::<L2Advertisement>(object).unwrap().spec, Default::default());
    }

    #[test]
    fn a_pool_without_addresses_is_refused_and_says_which_field() {
        let object = json!({
            "apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": { "name": "p" }, "spec": {},
        });
        let refused = read::<IPAddressPool>(object).unwrap_err();
        assert_eq!(refused.to_string(), "not a IPAddressPool");
        assert!(refused.source.to_string().contains("addresses"), "{}", refused.source);
    }

    #[test]
    fn defaults_are_those_of_the_schema() {
        let object = json!({
            "apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": { "name": "p" },
            "spec": { "addresses": ["192.0.2.0/28"] },
        });
        let pool = read::<IPAddressPool>(object).unwrap();
        assert!(pool.spec.auto_assign);
        assert!(!pool.spec.avoid_buggy_ips);
    }
}
