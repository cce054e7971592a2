//! What the server knows about a resource: its names, its scope and what it offers.
//!
//! Built-in resources are rows of one table ([`builtin`]); custom ones are read from their
//! CustomResourceDefinition ([`custom`]). Both become the same [`Resource`], so nothing below asks twice
//! where a resource came from except the rules of its kind.

use std::sync::Arc;

use crate::resource::custom::CustomVersion;

pub(crate) mod builtin;
pub(crate) mod custom;
pub(crate) mod registry;

pub(crate) use builtin::Builtin;
pub(crate) use registry::Registry;

/// Whether objects live in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Cluster,
    Namespaced,
}

/// Where objects are kept: one place per group and plural, whatever the version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StorageId {
    pub(crate) group: String,
    pub(crate) plural: String,
}

impl StorageId {
    pub(crate) fn new(group: &str, plural: &str) -> Self {
        Self { group: group.into(), plural: plural.into() }
    }
}

/// JSON pointers that the `scale` subresource reads and writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScalePaths {
    pub(crate) spec: String,
    pub(crate) status: String,
    pub(crate) selector: Option<String>,
}

/// Where the rules of a resource come from.
#[derive(Clone, Debug)]
pub(crate) enum Nature {
    Builtin(Builtin),
    Custom(Arc<CustomVersion>),
}

/// One resource in one version.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) scope: Scope,
    pub(crate) storage: StorageId,
    /// Offers the `status` subresource; the main endpoint then cannot write `.status`.
    pub(crate) status: bool,
    pub(crate) scale: Option<ScalePaths>,
    /// Counts changes of the wish in `metadata.generation`.
    pub(crate) generation: bool,
    pub(crate) nature: Nature,
}

impl Resource {
    /// `group/version`, or `version` alone in the core group.
    pub(crate) fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    /// `services` or `ipaddresspools.metallb.io`, as error messages write it.
    pub(crate) fn qualified_plural(&self) -> String {
        qualified(&self.plural, &self.group)
    }

    /// `Service` or `IPAddressPool.metallb.io`.
    pub(crate) fn qualified_kind(&self) -> String {
        qualified(&self.kind, &self.group)
    }

    pub(crate) fn is_namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    /// The built-in kind, or nothing for custom ones.
    pub(crate) fn builtin(&self) -> Option<Builtin> {
        match self.nature {
            Nature::Builtin(builtin) => Some(builtin),
            Nature::Custom(_) => None,
        }
    }

    /// The custom version, or nothing for built-in kinds.
    pub(crate) fn custom(&self) -> Option<&CustomVersion> {
        match &self.nature {
            Nature::Builtin(_) => None,
            Nature::Custom(custom) => Some(custom),
        }
    }

    /// True for kinds that are only asked and never kept.
    pub(crate) fn is_review(&self) -> bool {
        self.builtin().is_some_and(Builtin::is_review)
    }
}

/// `group/version`, or `version` alone in the core group.
pub(crate) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.into() } else { format!("{group}/{version}") }
}

fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() { name.into() } else { format!("{name}.{group}") }
}
