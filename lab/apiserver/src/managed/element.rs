//! One step of a path into an object.

use std::fmt;

use serde_json::{Map, Value};

/// One step: a field by its name, an item of a keyed list by its keys, a member of a set by its
/// value, or an item by its place.
///
/// Values are kept as their JSON text, which orders and compares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Element {
    Field(String),
    /// Key fields in the order of their names, each with its JSON text.
    Key(Vec<(String, String)>),
    Value(String),
    Index(usize),
}

impl Element {
    pub(super) fn key(fields: impl IntoIterator<Item = (String, Value)>) -> Self {
        let mut fields: Vec<(String, String)> =
            fields.into_iter().map(|(name, value)| (name, value.to_string())).collect();
        fields.sort();
        Self::Key(fields)
    }

    /// The form it has in a `FieldsV1`: `f:spec`, `k:{"port":80}`, `v:"a"`, `i:0`.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(fields) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
                    .collect();
                format!("k:{{{}}}", fields.join(","))
            }
            Self::Value(value) => format!("v:{value}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }

    /// Reads the form of a `FieldsV1`; `None` for anything else.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let (form, rest) = text.split_once(':')?;
        match form {
            "f" => Some(Self::Field(rest.to_owned())),
            "k" => serde_json::from_str::<Map<String, Value>>(rest).ok().map(Self::key),
            "v" => serde_json::from_str::<Value>(rest).ok().map(|value| Self::Value(value.to_string())),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }
}

/// The form it has in messages: `.spec`, `[port=80,protocol="TCP"]`, `[="a"]`, `[0]`.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
                write!(f, "[{}]", fields.join(","))
            }
            Self::Value(value) => write!(f, "[={value}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}
