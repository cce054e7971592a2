//! Replies as bytes: whole objects, tables, or metadata alone.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use crate::accept::{Accept, Shape};
use crate::clock;
use crate::http::shape::shaped;
use crate::http::{Answer, encoded, feed, warn};
use crate::reply::{Listing, Reply, Shown};
use crate::table::{self, metadata_of};

/// A list as it goes over the wire; its items are shared with the store.
#[derive(serde::Serialize)]
struct List<'a, T: Serialize> {
    kind: &'a str,
    #[serde(rename = "apiVersion")]
    api_version: &'a str,
    metadata: Value,
    items: &'a [T],
}

/// An item of a list of a built-in kind, which does not repeat what the list says of all.
struct Bare<'a>(&'a Value);

impl Serialize for Bare<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let fields = self.0.as_object().into_iter().flatten();
        for (name, value) in fields.filter(|(name, _)| !matches!(name.as_str(), "kind" | "apiVersion")) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

pub(super) fn reply(reply: Reply, accept: Accept, include: &str) -> Answer {
    match reply {
        Reply::Object(shown) => object(&shown, accept, include),
        Reply::Plain(document) => encoded(200, &document, accept.encoding),
        Reply::Made(document) => encoded(201, &document, accept.encoding),
        Reply::Listing(listing) => list(&listing, accept, include),
        Reply::Feed(changes) => feed(changes, accept, include),
    }
}

fn object(shown: &Shown, accept: Accept, include: &str) -> Answer {
    let code = if shown.created { 201 } else { 200 };
    let document = shaped(&shown.resource, &shown.object, accept.shape, include);
    let mut answer = encoded(code, &document, accept.encoding);
    warn(&mut answer, &shown.warnings);
    answer
}

fn list(listing: &Listing, accept: Accept, include: &str) -> Answer {
    let mut metadata = json!({"resourceVersion": listing.revision.to_string()});
    if let Some(next) = &listing.next {
        metadata["continue"] = json!(next.token);
        if let Some(remaining) = next.remaining {
            metadata["remainingItemCount"] = json!(remaining);
        }
    }
    let resource = &listing.resource;
    match accept.shape {
        Shape::Whole => {
            let api_version = resource.api_version();
            let (kind, api_version) = (resource.list_kind.as_str(), api_version.as_str());
            if resource.custom().is_some() {
                let items = &listing.items;
                return encoded(200, &List { kind, api_version, metadata, items }, accept.encoding);
            }
            let items: Vec<Bare<'_>> = listing.items.iter().map(|item| Bare(item)).collect();
            encoded(200, &List { kind, api_version, metadata, items: &items }, accept.encoding)
        }
        Shape::Metadata => {
            let items: Vec<Arc<Value>> =
                listing.items.iter().map(|item| Arc::new(metadata_of(item))).collect();
            let (kind, api_version) = ("PartialObjectMetadataList", "meta.k8s.io/v1");
            encoded(200, &List { kind, api_version, metadata, items: &items }, accept.encoding)
        }
        Shape::Table => {
            let include = table::Include::parse(include);
            encoded(
                200,
                &table::of(resource, &listing.items, metadata, include, clock::now()),
                accept.encoding,
            )
        }
    }
}
