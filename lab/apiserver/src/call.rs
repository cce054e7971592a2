//! One request, understood: what is asked of which resource, with which options.

use serde_json::Value;

use crate::resource::Resource;
use crate::selector::Selector;
use crate::status::Status;

mod listing;
mod options;
mod target;

pub(crate) use listing::{ListOptions, VersionMatch};
pub(crate) use options::{DeleteOptions, FieldValidation, Propagation, Query, WriteOptions};
pub(crate) use target::{Target, percent_decoded};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// One object.
    Get,
    /// All objects of a kind.
    List,
    /// Changes as they happen.
    Watch,
    /// A new object.
    Create,
    /// An object as a whole.
    Update,
    /// A part of an object.
    Patch,
    /// The end of an object.
    Delete,
    /// The end of many.
    DeleteCollection,
}

impl Verb {
    /// The word that discovery and audit use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }

    /// True when the verb changes what is kept.
    #[must_use]
    pub fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::List | Self::Watch)
    }
}

/// What a request carries.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Nothing,
    Object(Value),
    Patch(Patch),
}

/// The four ways to change a part.
#[derive(Clone, Debug)]
pub(crate) enum Patch {
    /// RFC 6902.
    Json(json_patch::Patch),
    /// RFC 7396.
    Merge(Value),
    /// Merge that knows the keys of lists.
    Strategic(Value),
    /// Server-side apply.
    Apply(Value),
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) verb: Verb,
    pub(crate) target: Target,
    pub(crate) query: Query,
    pub(crate) body: Body,
    /// Fields that the body says twice; the last one counts.
    pub(crate) repeated: Vec<String>,
    /// `User-Agent`, whole.
    pub(crate) agent: String,
}

impl Call {
    /// The selectors of a list or watch; a name in the path (a watch on one object) selects too.
    pub(crate) fn selector(&self, resource: &Resource, options: &ListOptions) -> Result<Selector, Status> {
        let Some(name) = &self.target.name else {
            return Selector::parse(resource, &options.labels, &options.fields);
        };
        let fields = [options.fields.as_str(), &format!("metadata.name={name}")].join(",");
        Selector::parse(resource, &options.labels, &fields)
    }
}
