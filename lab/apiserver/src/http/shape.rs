//! One object as it was asked for: whole, as a table, or its metadata alone.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::accept::Shape;
use crate::clock;
use crate::resource::Resource;
use crate::table::{self, metadata_of};

/// One object in the asked shape.
pub(super) fn shaped(resource: &Resource, object: &Arc<Value>, shape: Shape, include: &str) -> Arc<Value> {
    match shape {
        Shape::Whole => object.clone(),
        Shape::Metadata => Arc::new(metadata_of(object)),
        Shape::Table => {
            let revision = object.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
            let items = std::slice::from_ref(object);
            let metadata = json!({"resourceVersion": revision});
            Arc::new(table::of(resource, items, metadata, table::Include::parse(include), clock::now()))
        }
    }
}
