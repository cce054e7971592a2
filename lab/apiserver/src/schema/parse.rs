//! Reading a schema as it is written in a CustomResourceDefinition or an OpenAPI document.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;
use serde_json::{Map, Value};
use thiserror::Error;

use super::format::Format;
use super::{
    Bound, FieldPath, Junctors, Kind, ListType, MapType, PatchStrategy, Repetition, Schema, Unknown,
};

/// Why a schema cannot be used. Nothing has changed; the definition is to be mended.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SchemaError {
    #[error("{0}: a schema must be an object")]
    NotAnObject(FieldPath),
    #[error("{0}: Unsupported value: {1:?}")]
    UnknownType(FieldPath, String),
    #[error("{0}: Invalid value: {1:?}: must be a valid regular expression")]
    BadPattern(FieldPath, String),
    #[error("{0}: Unsupported value: {1:?}: supported values: \"atomic\", \"map\", \"set\"")]
    UnknownListType(FieldPath, String),
    #[error("{0}: Required value: must not be empty if x-kubernetes-list-type is map")]
    KeysMissing(FieldPath),
}

/// Schemas that may refer to each other by name.
///
/// A definition that contains itself ends, at the second visit, in a schema that keeps everything.
#[derive(Debug, Default)]
pub struct Document<'a> {
    definitions: Option<&'a Map<String, Value>>,
    read: RefCell<BTreeMap<String, Arc<Schema>>>,
    open: RefCell<Vec<String>>,
    repetition: Repetition,
}

impl Schema {
    /// Reads one schema that refers to no other.
    ///
    /// # Errors
    /// The first place that is not a schema.
    pub fn parse(json: &Value) -> Result<Self, SchemaError> {
        Document::default().schema(json, &FieldPath::root())
    }

    /// Reads the schema of one version of a CustomResourceDefinition: what the author wrote, plus
    /// what every object has (apiVersion, kind, and `metadata` with its own schema).
    ///
    /// # Errors
    /// The first place that is not a schema.
    pub fn of_custom_resource(json: &Value, metadata: &Arc<Self>) -> Result<Self, SchemaError> {
        let mut schema = Self::parse(json)?;
        schema.kind = Kind::Object;
        let text = Arc::new(Self { kind: Kind::String, ..Self::default() });
        schema.properties.insert("apiVersion".to_owned(), text.clone());
        schema.properties.insert("kind".to_owned(), text);
        let mut metadata = Self::clone(metadata);
        metadata.junctors.all_of.extend(schema.properties.remove("metadata"));
        schema.properties.insert("metadata".to_owned(), Arc::new(metadata));
        Ok(schema)
    }
}

impl<'a> Document<'a> {
    /// A document whose references name these definitions.
    pub fn new(definitions: &'a Map<String, Value>) -> Self {
        Self { definitions: Some(definitions), ..Self::default() }
    }

    /// A document of built-in kinds, whose keyed lists may hold a key twice.
    pub fn of_builtin(definitions: &'a Map<String, Value>) -> Self {
        Self { repetition: Repetition::Allowed, ..Self::new(definitions) }
    }

    /// The schema called `name`, read once and shared.
    ///
    /// # Errors
    /// The first place that is not a schema.
    pub fn named(&self, name: &str) -> Result<Arc<Schema>, SchemaError> {
        if let Some(schema) = self.read.borrow().get(name) {
            return Ok(schema.clone());
        }
        let definition = self.definitions.and_then(|definitions| definitions.get(name));
        let Some(definition) = definition.filter(|_| !self.open.borrow().iter().any(|open| open == name))
        else {
            return Ok(Arc::new(Schema::free()));
        };
        self.open.borrow_mut().push(name.to_owned());
        let schema = self.schema(definition, &FieldPath::from(name)).map(Arc::new);
        self.open.borrow_mut().pop();
        let schema = schema?;
        self.read.borrow_mut().insert(name.to_owned(), schema.clone());
        Ok(schema)
    }

    fn schema(&self, json: &Value, path: &FieldPath) -> Result<Schema, SchemaError> {
        let node = json.as_object().ok_or_else(|| SchemaError::NotAnObject(path.clone()))?;
        let mut schema = match reference(node) {
            Some(name) => Schema::clone(&*self.named(name)?),
            None => self.own(node, path)?,
        };
        if let Some(default) = node.get("default") {
            schema.default = Some(default.clone());
        }
        self.read_merging(node, path, &mut schema)?;
        Ok(schema)
    }

    fn own(&self, node: &Map<String, Value>, path: &FieldPath) -> Result<Schema, SchemaError> {
        Ok(Schema {
            kind: kind(node, path)?,
            properties: self.properties(node, path)?,
            additional: self.additional(node, path)?,
            items: self.child(node, "items", path)?,
            repetition: self.repetition,
            unknown: if flag(node, "x-kubernetes-preserve-unknown-fields") {
                Unknown::Preserve
            } else {
                Unknown::Prune
            },
            embedded: flag(node, "x-kubernetes-embedded-resource"),
            nullable: flag(node, "nullable"),
            required: texts(node, "required"),
            bounds: bounds(node, path)?,
            junctors: self.junctors(node, path)?,
            rules: node
                .get("x-kubernetes-validations")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default(),
            ..Schema::default()
        })
    }

    /// The extensions that say how the value is merged; they may also stand beside a reference.
    fn read_merging(
        &self,
        node: &Map<String, Value>,
        path: &FieldPath,
        schema: &mut Schema,
    ) -> Result<(), SchemaError> {
        if let Some(list_type) = text(node, "x-kubernetes-list-type") {
            schema.list_type = named_list_type(list_type, texts(node, "x-kubernetes-list-map-keys"), path)?;
        }
        if text(node, "x-kubernetes-map-type") == Some("atomic") {
            schema.map_type = MapType::Atomic;
        }
        if let Some(key) = text(node, "x-kubernetes-patch-merge-key") {
            schema.patch_merge_key = Some(key.to_owned());
        }
        if let Some(strategies) = text(node, "x-kubernetes-patch-strategy") {
            schema.patch_strategies = strategies.split(',').filter_map(PatchStrategy::named).collect();
        }
        Ok(())
    }

    fn properties(
        &self,
        node: &Map<String, Value>,
        path: &FieldPath,
    ) -> Result<BTreeMap<String, Arc<Schema>>, SchemaError> {
        let Some(properties) = node.get("properties").and_then(Value::as_object) else {
            return Ok(BTreeMap::new());
        };
        let read = |(name, json): (&String, &Value)| {
            Ok((name.clone(), Arc::new(self.schema(json, &path.child("properties").key(name))?)))
        };
        properties.iter().map(read).collect()
    }

    fn additional(
        &self,
        node: &Map<String, Value>,
        path: &FieldPath,
    ) -> Result<Option<Arc<Schema>>, SchemaError> {
        match node.get("additionalProperties") {
            Some(Value::Bool(true)) => Ok(Some(Arc::new(Schema::free()))),
            Some(Value::Bool(false)) => Ok(None),
            _ => self.child(node, "additionalProperties", path),
        }
    }

    fn child(
        &self,
        node: &Map<String, Value>,
        name: &str,
        path: &FieldPath,
    ) -> Result<Option<Arc<Schema>>, SchemaError> {
        let read = |json| self.schema(json, &path.child(name)).map(Arc::new);
        node.get(name).map(read).transpose()
    }

    fn junctors(&self, node: &Map<String, Value>, path: &FieldPath) -> Result<Junctors, SchemaError> {
        if flag(node, "x-kubernetes-int-or-string") {
            return Ok(Junctors::default());
        }
        let all = |name: &str| {
            let schemas = node.get(name).and_then(Value::as_array).into_iter().flatten().enumerate();
            let read = |(index, json)| self.schema(json, &path.child(name).index(index)).map(Arc::new);
            schemas.map(read).collect::<Result<Vec<_>, _>>()
        };
        Ok(Junctors {
            all_of: all("allOf")?,
            any_of: all("anyOf")?,
            one_of: all("oneOf")?,
            not: self.child(node, "not", path)?,
        })
    }
}

/// The name behind `$ref`, also in the form of a single `allOf` that OpenAPI v3 uses beside other keys.
fn reference(node: &Map<String, Value>) -> Option<&str> {
    let plain = node.get("$ref").and_then(Value::as_str);
    let wrapped = || match node.get("allOf")?.as_array()?.as_slice() {
        [only] => only.get("$ref")?.as_str(),
        _ => None,
    };
    plain.or_else(wrapped).map(|target| target.rsplit('/').next().unwrap_or(target))
}

fn kind(node: &Map<String, Value>, path: &FieldPath) -> Result<Kind, SchemaError> {
    if flag(node, "x-kubernetes-int-or-string") {
        return Ok(Kind::IntOrString);
    }
    match text(node, "type") {
        None | Some("") => Ok(Kind::Any),
        Some("boolean") => Ok(Kind::Boolean),
        Some("integer") => Ok(Kind::Integer),
        Some("number") => Ok(Kind::Number),
        Some("string") => Ok(Kind::String),
        Some("object") => Ok(Kind::Object),
        Some("array") => Ok(Kind::Array),
        Some(other) => Err(SchemaError::UnknownType(path.child("type"), other.to_owned())),
    }
}

fn named_list_type(name: &str, keys: Vec<String>, path: &FieldPath) -> Result<ListType, SchemaError> {
    match name {
        "atomic" => Ok(ListType::Atomic),
        "set" => Ok(ListType::Set),
        "map" if keys.is_empty() => Err(SchemaError::KeysMissing(path.child("x-kubernetes-list-map-keys"))),
        "map" => Ok(ListType::Map(keys)),
        other => Err(SchemaError::UnknownListType(path.child("x-kubernetes-list-type"), other.to_owned())),
    }
}

fn bounds(node: &Map<String, Value>, path: &FieldPath) -> Result<Vec<Bound>, SchemaError> {
    let count = |name: &str| node.get(name).and_then(Value::as_u64);
    let number = |name: &str| node.get(name).and_then(Value::as_number).cloned();
    let mut bounds = Vec::new();
    if let Some(pattern) = text(node, "pattern") {
        let compiled = Regex::new(pattern)
            .map_err(|_| SchemaError::BadPattern(path.child("pattern"), pattern.to_owned()))?;
        bounds.push(Bound::Pattern(pattern.to_owned(), compiled));
    }
    bounds.extend(text(node, "format").and_then(Format::named).map(Bound::Format));
    bounds.extend(node.get("enum").and_then(Value::as_array).cloned().map(Bound::Enum));
    bounds.extend(count("minLength").map(Bound::MinLength));
    bounds.extend(count("maxLength").map(Bound::MaxLength));
    let exclusive = flag(node, "exclusiveMinimum");
    bounds.extend(
        number("minimum").map(|n| if exclusive { Bound::ExclusiveMinimum(n) } else { Bound::Minimum(n) }),
    );
    let exclusive = flag(node, "exclusiveMaximum");
    bounds.extend(
        number("maximum").map(|n| if exclusive { Bound::ExclusiveMaximum(n) } else { Bound::Maximum(n) }),
    );
    bounds.extend(number("multipleOf").map(Bound::MultipleOf));
    bounds.extend(count("minItems").map(Bound::MinItems));
    bounds.extend(count("maxItems").map(Bound::MaxItems));
    bounds.extend(flag(node, "uniqueItems").then_some(Bound::UniqueItems));
    bounds.extend(count("minProperties").map(Bound::MinProperties));
    bounds.extend(count("maxProperties").map(Bound::MaxProperties));
    Ok(bounds)
}

fn flag(node: &Map<String, Value>, name: &str) -> bool {
    node.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn text<'n>(node: &'n Map<String, Value>, name: &str) -> Option<&'n str> {
    node.get(name).and_then(Value::as_str)
}

fn texts(node: &Map<String, Value>, name: &str) -> Vec<String> {
    let list = node.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
