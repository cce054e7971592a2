//! The table of messages, read from the generated text.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::protobuf::scalar::Scalar;

/// Read once: it never changes while a server runs.
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("../../protobuf/messages.txt")));

/// Fields of a message by number.
pub(super) type Message = BTreeMap<u64, Field>;

#[derive(Debug, Default)]
struct Table {
    kinds: BTreeMap<(String, String), String>,
    messages: BTreeMap<String, Message>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// The name in JSON, or a dash.
    pub(super) name: String,
    pub(super) presence: Presence,
    pub(super) form: Form,
}

/// When a field stands in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Whatever its value.
    Always,
    /// When it was given, even as zero.
    Given,
    /// When it is not zero.
    Nonzero,
}

/// How a field is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Scalar(Scalar),
    Message(String),
    List(Box<Form>),
    Map(Box<Form>),
    /// A list within a message of its own.
    Wrapped(Box<Form>),
}

impl Field {
    /// True when the fields of the message stand beside those of its parent.
    pub(super) fn is_inline(&self) -> bool {
        self.name == "-"
    }
}

/// The message of this name.
pub(super) fn message(name: &str) -> Option<&'static Message> {
    TABLE.messages.get(name)
}

/// The name of the message that holds a kind.
pub(super) fn message_of_kind(api_version: &str, kind: &str) -> Option<&'static str> {
    TABLE.kinds.get(&(api_version.to_owned(), kind.to_owned())).map(String::as_str)
}

impl Table {
    fn read(text: &str) -> Self {
        let mut table = Self::default();
        let mut current = String::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["kind", version, kind, name] => {
                    table.kinds.insert(((*version).to_owned(), (*kind).to_owned()), (*name).to_owned());
                }
                ["message", name] => (*name).clone_into(&mut current),
                [number, name, presence, form @ ..] => {
                    if let (Ok(number), Some(field)) = (number.parse(), field(name, presence, form)) {
                        table.messages.entry(current.clone()).or_default().insert(number, field);
                    }
                }
                _ => {}
            }
        }
        table
    }
}

fn field(name: &str, presence: &str, form_words: &[&str]) -> Option<Field> {
    let presence = match presence {
        "always" => Presence::Always,
        "given" => Presence::Given,
        "nonzero" => Presence::Nonzero,
        _ => return None,
    };
    Some(Field { name: name.to_owned(), presence, form: form(form_words)? })
}

fn form(words: &[&str]) -> Option<Form> {
    let (first, rest) = words.split_first()?;
    let inner = || form(rest).map(Box::new);
    let scalar = match *first {
        "list" => return inner().map(Form::List),
        "map" => return inner().map(Form::Map),
        "wrapped" => return inner().map(Form::Wrapped),
        "string" => Scalar::Text,
        "bool" => Scalar::Bool,
        "int" => Scalar::Integer,
        "bytes" => Scalar::Bytes,
        "time" => Scalar::Time,
        "microtime" => Scalar::MicroTime,
        "quantity" => Scalar::Quantity,
        "intorstring" => Scalar::IntOrString,
        "json" => Scalar::Json,
        message => return Some(Form::Message(message.to_owned())),
    };
    Some(Form::Scalar(scalar))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages_in(form: &Form) -> Option<&str> {
        match form {
            Form::Message(name) => Some(name),
            Form::List(form) | Form::Map(form) | Form::Wrapped(form) => messages_in(form),
            Form::Scalar(_) => None,
        }
    }

    #[test]
    fn every_line_is_read_and_every_message_it_names_exists() {
        let lines = include_str!("../../protobuf/messages.txt").lines();
        let fields = lines.filter(|line| line.starts_with("  ")).count();
        assert_eq!(TABLE.messages.values().map(BTreeMap::len).sum::<usize>(), fields);
        for field in TABLE.messages.values().flat_map(BTreeMap::values) {
            let Some(name) = messages_in(&field.form) else { continue };
            let empty = TABLE.messages.contains_key(name)
                || include_str!("../../protobuf/messages.txt").contains(&format!("message {name}\nmessage"));
            assert!(empty, "{name}");
        }
        assert!(TABLE.kinds.values().all(|name| TABLE.messages.contains_key(name)));
    }
}
