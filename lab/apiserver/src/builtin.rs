//! What the API server knows of its built-in kinds: their schemas, how their lists are merged, and
//! what it fills in.
//!
//! ```text
//!   types of k8s-openapi ── schemas ──┐
//!   merging table (1.33) ─ extensions ┼──▶ definitions ──▶ structural schemas, OpenAPI components
//!   defaults table ────── defaults ───┘
//! ```
//!
//! Decided here: the form of built-in objects and the defaults that users see, also those that depend
//! on other fields ([`fill_defaults`]). Left to others: what the server allocates (cluster addresses,
//! node ports, names), rules between fields, and everything about custom kinds.
//!
//! Otherwise than in the real server: a value that only the real server's hand-written rules refuse
//! (a port outside 1-65535, say) fits these schemas.

mod defaults;
mod empty;
mod kinds;
mod merging;
#[cfg(test)]
mod tests;
mod unreadable;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use crate::schema::{Document, Schema};

pub use defaults::fill_defaults;
pub use unreadable::unreadable;

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Everything, read once: it never changes while a server runs.
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::read);

struct Catalogue {
    definitions: Map<String, Value>,
    names: kinds::Names,
    schemas: BTreeMap<String, Arc<Schema>>,
}

impl Catalogue {
    fn read() -> Self {
        let (mut definitions, names) = kinds::read();
        merging::extend(&mut definitions);
        defaults::extend(&mut definitions);
        let document = Document::of_builtin(&definitions);
        let wanted = names.values().map(String::as_str).chain([OBJECT_META]);
        let schemas = wanted
            .map(|name| {
                let schema = document.named(name).expect("the definitions of built-in types are schemas");
                (name.to_owned(), schema)
            })
            .collect();
        drop(document);
        Self { definitions, names, schemas }
    }
}

/// The schema of a built-in kind; `None` for a kind that is not built in.
pub fn schema(api_version: &str, kind: &str) -> Option<Arc<Schema>> {
    let name = definition_name(api_version, kind)?;
    CATALOGUE.schemas.get(name).cloned()
}

/// The schema of `metadata`, the same for every kind.
pub fn object_meta() -> Arc<Schema> {
    CATALOGUE.schemas.get(OBJECT_META).cloned().unwrap_or_default()
}

/// The name under which [`components`] describes a built-in kind.
pub fn definition_name(api_version: &str, kind: &str) -> Option<&'static str> {
    CATALOGUE.names.get(&(api_version.to_owned(), kind.to_owned())).map(String::as_str)
}

/// The definitions that the kinds of one group and version refer to, themselves included: the
/// `components.schemas` of that group's OpenAPI v3 document.
pub fn components(api_version: &str) -> Map<String, Value> {
    let mut components = Map::new();
    for ((version, _), name) in &CATALOGUE.names {
        if version == api_version {
            collect(name, &mut components);
        }
    }
    components
}

/// The definition called `name` with everything it refers to, for schemas that are not built in.
pub fn component(name: &str) -> Map<String, Value> {
    let mut components = Map::new();
    collect(name, &mut components);
    components
}

fn collect(name: &str, components: &mut Map<String, Value>) {
    if components.contains_key(name) {
        return;
    }
    let Some(definition) = CATALOGUE.definitions.get(name) else { return };
    components.insert(name.to_owned(), definition.clone());
    for target in references(definition) {
        collect(target, components);
    }
}

fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(node) => node
            .iter()
            .flat_map(|(name, value)| match value.as_str().filter(|_| name == "$ref") {
                Some(target) => vec![target.rsplit('/').next().unwrap_or(target)],
                None => references(value),
            })
            .collect(),
        Value::Array(list) => list.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}
