//! Namespaces: pools may be pinned to them by label.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace as ApiNamespace;
use serde::{Deserialize, Serialize};

use crate::config::{Identity, Labels};
use crate::name::ObjectKey;

/// A Namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Its name, without a namespace.
    pub key: ObjectKey,
    /// `metadata.uid`.
    pub uid: Arc<str>,
    /// `metadata.labels`, for `namespaceSelectors`.
    pub labels: Labels,
}

impl From<&ApiNamespace> for Namespace {
    fn from(namespace: &ApiNamespace) -> Self {
        let Identity { key, uid, .. } = Identity::from(&namespace.metadata);
        Self { key, uid, labels: Labels::from(&namespace.metadata.labels) }
    }
}
