//! Labels of an object, kept small.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Sorted keys with their values. Two equal sets are equal values, whatever order they were written in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(Vec<(Box<str>, Box<str>)>);

impl Labels {
    /// No label at all.
    pub const NONE: &Self = &Self(Vec::new());

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(k, _)| k.as_ref().cmp(key)).ok()?;
        Some(&self.0[at].1)
    }

    /// Whether `key` is present, with any value.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Whether there is no label at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, String)> for Labels {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self::from(&pairs.into_iter().collect::<BTreeMap<_, _>>())
    }
}

impl From<&BTreeMap<String, String>> for Labels {
    fn from(map: &BTreeMap<String, String>) -> Self {
        Self(map.iter().map(|(k, v)| (k.as_str().into(), v.as_str().into())).collect())
    }
}

impl From<&Option<BTreeMap<String, String>>> for Labels {
    fn from(map: &Option<BTreeMap<String, String>>) -> Self {
        map.as_ref().map(Self::from).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_found_by_its_key() {
        let labels = Labels::from_iter([("b".into(), "2".into()), ("a".into(), String::new())]);
        assert_eq!(labels.get("b"), Some("2"));
        assert!(labels.has("a"));
        assert!(!labels.has("c"));
    }
}
