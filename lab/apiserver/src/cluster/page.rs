//! Where a list that came in pages goes on.
//!
//! The token has the real server's form, though clients should not look into it: JSON with the revision and the
//! first key to tell, in the alphabet of URLs (RFC 4648 section 5) without padding. A revision of -1 stands for
//! the present: the rest of a list whose beginning is forgotten.

use serde_json::{Value, json};

use crate::base64;
use crate::object;
use crate::resource::Resource;
use crate::status::{Reason, Status};
use crate::store::Key;

/// The version of the token's form.
const FORM: &str = "meta.k8s.io/v1";

/// The next page.
pub(super) struct Page {
    /// Nothing for the present, whatever came before.
    pub(super) revision: Option<u64>,
    /// The last key told.
    pub(super) after: Key,
}

impl Page {
    /// The token of a page in a list of one namespace, or of none.
    pub(super) fn token(&self, namespace: Option<&str>) -> String {
        let Key { namespace: own, name } = &self.after;
        let place = match namespace {
            None if !own.is_empty() => format!("{own}/{name}"),
            Some(_) | None => name.clone(),
        };
        let revision = self.revision.map_or_else(|| json!(-1), |revision| json!(revision));
        let token = json!({"v": FORM, "rv": revision, "start": format!("/{place}\0")});
        base64::encode_for_urls(token.to_string().as_bytes())
    }

    /// Reads a token.
    ///
    /// # Errors
    /// 400 when it is none.
    pub(super) fn read(token: &str, resource: &Resource, namespace: Option<&str>) -> Result<Self, Status> {
        let refusal = |why: &str| {
            Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"))
        };
        let bytes = base64::decode_for_urls(token).ok_or_else(|| refusal("it is not encoded as one"))?;
        let token: Value = serde_json::from_slice(&bytes).map_err(|error| refusal(&error.to_string()))?;
        let form = object::text(&token, "/v");
        if form != FORM {
            return Err(refusal(&format!("server does not recognize this encoded version {form}")));
        }
        let start = object::text(&token, "/start").trim_start_matches('/').trim_end_matches('\0');
        let after = match namespace {
            Some(namespace) => Key::new(namespace, start),
            None if resource.is_namespaced() => {
                let (namespace, name) = start.split_once('/').ok_or_else(|| refusal("it names no object"))?;
                Key::new(namespace, name)
            }
            None => Key::new("", start),
        };
        Ok(Self { revision: token["rv"].as_u64(), after })
    }

    /// 410 for a page of a moment that is forgotten, with the token for the rest as it is now.
    pub(super) fn expired(&self, namespace: Option<&str>) -> Status {
        let rest = Self { revision: None, after: self.after.clone() };
        let message = "The provided continue parameter is too old to display a consistent list result. You can start a \
                       new list without the continue parameter, or use the continue token in this response to retrieve \
                       the remainder of the results. Continuing with the provided token results in an inconsistent list \
                       - objects that were created, modified, or deleted between the time the first chunk was returned \
                       and now may show up in the list.";
        Status { rest: Some(rest.token(namespace)), ..Status::new(Reason::Expired, message) }
    }
}
