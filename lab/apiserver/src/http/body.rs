//! Reading bodies: JSON, YAML and protocol buffers, objects and patches.

use serde::Deserialize;
use serde_json::Value;

use crate::call::{Body, Patch, Verb};
use crate::protobuf;
use crate::status::{Reason, Status};

/// Types of patches, in the order the real server names them.
const PATCHES: &str = "application/json-patch+json, application/merge-patch+json, \
                       application/strategic-merge-patch+json, application/apply-patch+yaml";

/// The body of a request that changes something.
///
/// # Errors
/// 400 when it does not parse, 415 when its type is not read here.
pub(super) fn read(verb: Verb, media: &str, bytes: &[u8]) -> Result<Body, Status> {
    if bytes.is_empty() && verb != Verb::Patch {
        return Ok(Body::Nothing);
    }
    let media = media.split(';').next().unwrap_or_default().trim();
    match verb {
        Verb::Patch => patch(media, bytes).map(Body::Patch),
        Verb::Get | Verb::List | Verb::Watch => Ok(Body::Nothing),
        Verb::Create | Verb::Update | Verb::Delete | Verb::DeleteCollection => {
            object(media, bytes).map(Body::Object)
        }
    }
}

fn object(media: &str, bytes: &[u8]) -> Result<Value, Status> {
    match media {
        "" | "application/json" => json(bytes),
        "application/yaml" => yaml(bytes),
        "application/vnd.kubernetes.protobuf" => protobuf::decode(bytes)
            .map_err(|error| Status::bad_request(format!("error decoding the request body: {error}"))),
        other => {
            Err(unsupported(other, "application/json, application/yaml, application/vnd.kubernetes.protobuf"))
        }
    }
}

fn patch(media: &str, bytes: &[u8]) -> Result<Patch, Status> {
    match media {
        "application/json-patch+json" => {
            let unreadable =
                |error: serde_json::Error| Status::bad_request(format!("error decoding patch: {error}"));
            serde_json::from_slice(bytes).map(Patch::Json).map_err(unreadable)
        }
        "application/merge-patch+json" => json(bytes).map(Patch::Merge),
        "application/strategic-merge-patch+json" => json(bytes).map(Patch::Strategic),
        "application/apply-patch+yaml" => yaml(bytes).map(Patch::Apply),
        other => Err(unsupported(other, PATCHES)),
    }
}

fn json(bytes: &[u8]) -> Result<Value, Status> {
    serde_json::from_slice(bytes)
        .map_err(|error| Status::bad_request(format!("error decoding the request body: {error}")))
}

/// One document; JSON is YAML too.
fn yaml(bytes: &[u8]) -> Result<Value, Status> {
    let value = if bytes.trim_ascii_start().starts_with(b"{") {
        return json(bytes);
    } else {
        serde_yaml::Deserializer::from_slice(bytes).next().map(Value::deserialize)
    };
    match value {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(Status::bad_request(format!("error decoding YAML: {error}"))),
        None => Err(Status::bad_request("the request body is empty")),
    }
}

fn unsupported(media: &str, accepted: &str) -> Status {
    let message = format!(
        "the body of the request was in an unknown format - accepted media types include: {accepted} (got {media:?})"
    );
    Status::new(Reason::UnsupportedMediaType, message)
}
