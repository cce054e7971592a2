//! Resources that a CustomResourceDefinition describes.

use std::sync::Arc;

use serde_json::Value;

use crate::cel::{RuleError, Rules};
use crate::object::{list, text, texts};
use crate::resource::{Nature, Resource, ScalePaths, Scope, StorageId};
use crate::schema::{Schema, SchemaError};

/// Why a definition cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DefinitionError {
    #[error("a schema is not structural")]
    Schema(#[from] SchemaError),
    #[error("{} rules cannot be read", .0.len())]
    Rules(Vec<RuleError>),
}

/// One additional column of `kubectl get`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) format: String,
    pub(crate) description: String,
    pub(crate) priority: i64,
    pub(crate) path: String,
}

/// What one served version of a custom kind says about itself.
#[derive(Debug)]
pub(crate) struct CustomVersion {
    pub(crate) schema: Arc<Schema>,
    /// `x-kubernetes-validations`.
    pub(crate) rules: Rules,
    /// `openAPIV3Schema` as written, for the OpenAPI document.
    pub(crate) written: Value,
    pub(crate) columns: Vec<Column>,
    /// JSON paths of `selectableFields`.
    pub(crate) selectable: Vec<String>,
    /// `apiVersion` under which objects are kept.
    pub(crate) storage_version: String,
    /// Told to every client that uses the version.
    pub(crate) deprecation: Option<String>,
}

/// The resources of every served version.
///
/// # Errors
/// The first schema that is not structural.
pub(crate) fn resources(
    definition: &Value,
    metadata: &Arc<Schema>,
) -> Result<Vec<Resource>, DefinitionError> {
    list(definition, "/spec/versions")
        .iter()
        .filter(|version| version["served"] == true)
        .map(|version| resource(definition, version, metadata))
        .collect()
}

fn resource(
    definition: &Value,
    version: &Value,
    metadata: &Arc<Schema>,
) -> Result<Resource, DefinitionError> {
    let (group, plural) = (text(definition, "/spec/group"), text(definition, "/spec/names/plural"));
    let kind = text(definition, "/spec/names/kind");
    let scope = if text(definition, "/spec/scope") == "Cluster" { Scope::Cluster } else { Scope::Namespaced };
    let custom = custom_version(definition, version, metadata)?;
    Ok(Resource {
        group: group.into(),
        version: text(version, "/name").into(),
        plural: plural.into(),
        singular: or_else(text(definition, "/spec/names/singular"), &kind.to_lowercase()),
        kind: kind.into(),
        list_kind: or_else(text(definition, "/spec/names/listKind"), &format!("{kind}List")),
        short_names: texts(definition, "/spec/names/shortNames"),
        categories: texts(definition, "/spec/names/categories"),
        scope,
        storage: StorageId::new(group, plural),
        status: version.pointer("/subresources/status").is_some(),
        scale: version.pointer("/subresources/scale").map(scale),
        generation: true,
        nature: Nature::Custom(Arc::new(custom)),
    })
}

fn custom_version(
    definition: &Value,
    version: &Value,
    metadata: &Arc<Schema>,
) -> Result<CustomVersion, DefinitionError> {
    let written = version.pointer("/schema/openAPIV3Schema").cloned().unwrap_or_default();
    let stored = list(definition, "/spec/versions").iter().find(|version| version["storage"] == true);
    let stored = stored.map_or("", |version| text(version, "/name"));
    let selectable =
        list(version, "/selectableFields").iter().map(|field| text(field, "/jsonPath").to_owned());
    Ok(CustomVersion {
        schema: Arc::new(Schema::of_custom_resource(&written, metadata)?),
        rules: Rules::compile(&written).map_err(DefinitionError::Rules)?,
        written,
        columns: list(version, "/additionalPrinterColumns").iter().map(column).collect(),
        selectable: selectable.collect(),
        storage_version: crate::resource::api_version(text(definition, "/spec/group"), stored),
        deprecation: deprecation(definition, version),
    })
}

fn deprecation(definition: &Value, version: &Value) -> Option<String> {
    if version["deprecated"] != true {
        return None;
    }
    let (group, name) = (text(definition, "/spec/group"), text(version, "/name"));
    let kind = text(definition, "/spec/names/kind");
    Some(or_else(text(version, "/deprecationWarning"), &format!("{group}/{name} {kind} is deprecated")))
}

fn column(column: &Value) -> Column {
    Column {
        name: text(column, "/name").into(),
        kind: text(column, "/type").into(),
        format: text(column, "/format").into(),
        description: text(column, "/description").into(),
        priority: crate::object::number(column, "/priority"),
        path: text(column, "/jsonPath").into(),
    }
}

fn scale(scale: &Value) -> ScalePaths {
    let pointer = |field: &str| text(scale, field).replace('.', "/");
    let selector = pointer("/labelSelectorPath");
    ScalePaths {
        spec: pointer("/specReplicasPath"),
        status: pointer("/statusReplicasPath"),
        selector: (!selector.is_empty()).then_some(selector),
    }
}

fn or_else(text: &str, default: &str) -> String {
    if text.is_empty() { default.into() } else { text.into() }
}
