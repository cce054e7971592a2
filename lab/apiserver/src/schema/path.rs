//! Where in an object a sentence points, written as people read it: `spec.ports[0].name`.

use std::fmt;

/// A path from the root of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(String);

impl FieldPath {
    /// The object itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The field `name` below this place.
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() {
            return Self(name.trim_start_matches('.').to_owned());
        }
        Self(format!("{}.{}", self.0, name.trim_start_matches('.')))
    }

    /// The value under `key` of a map below this place.
    pub fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }

    /// The item at `index` of a list below this place.
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path as refusals write it: the real server has a word of its language for the object itself.
    pub fn shown(&self) -> &str {
        if self.is_root() { "<nil>" } else { &self.0 }
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for FieldPath {
    fn from(path: &str) -> Self {
        Self(path.to_owned())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
