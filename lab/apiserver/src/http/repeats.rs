//! Fields that a JSON document says twice.
//!
//! The parsed document holds the last of them; that there was another is seen only while reading.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::schema::FieldPath;

/// The paths of all fields said more than once, in the order of the document. A document that cannot be read has none.
pub(super) fn find(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut document = serde_json::Deserializer::from_slice(bytes);
    match (Place { path: FieldPath::root(), found: &mut found }).deserialize(&mut document) {
        Ok(()) => found,
        Err(_) => Vec::new(),
    }
}

/// A place in the document, and the list that all places write to.
struct Place<'a> {
    path: FieldPath,
    found: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<(), D::Error> {
        document.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let path = self.path.child(&name);
            if names.contains(&name) {
                self.found.push(path.to_string());
            }
            map.next_value_seed(Place { path, found: self.found })?;
            names.insert(name);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0;
        while list.next_element_seed(Place { path: self.path.index(index), found: self.found })?.is_some() {
            index += 1;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_field_is_found_at_every_depth() {
        let document = br#"{"a":{"b":1,"b":2},"c":[{"d":null,"d":true}],"a":1.5,"e":"x"}"#;
        assert_eq!(find(document), ["a.b", "c[0].d", "a"]);
        assert!(find(br#"{"a":1,"a":"#).is_empty());
    }
}
