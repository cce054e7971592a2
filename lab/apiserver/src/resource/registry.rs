//! Which resources exist now, by group, version and plural.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::resource::{Resource, builtin};

/// Every resource that is served. Copied on change, so a reader keeps the view it started with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry {
    resources: BTreeMap<(String, String, String), Arc<Resource>>,
}

impl Registry {
    /// The built-in resources alone.
    pub(crate) fn builtin() -> Self {
        let mut registry = Self::default();
        builtin::resources().for_each(|resource| registry.insert(resource));
        registry
    }

    pub(crate) fn insert(&mut self, resource: Resource) {
        let id = (resource.group.clone(), resource.version.clone(), resource.plural.clone());
        self.resources.insert(id, Arc::new(resource));
    }

    /// Forgets every version of a resource.
    pub(crate) fn remove(&mut self, group: &str, plural: &str) {
        self.resources.retain(|(g, _, p), _| g != group || p != plural);
    }

    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.resources.get(&(group.to_owned(), version.to_owned(), plural.to_owned()))
    }

    /// Finds by kind, as an object names itself.
    pub(crate) fn by_kind(&self, group: &str, kind: &str) -> Option<&Arc<Resource>> {
        self.all().find(|resource| resource.group == group && resource.kind == kind)
    }

    /// Any version of what is kept under a storage.
    pub(crate) fn by_storage(&self, group: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.all().find(|resource| resource.storage.group == group && resource.storage.plural == plural)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.resources.values()
    }

    /// The resources of one group and version.
    pub(crate) fn of_version(&self, group: &str, version: &str) -> Vec<Arc<Resource>> {
        self.all()
            .filter(|resource| resource.group == group && resource.version == version)
            .cloned()
            .collect()
    }

    /// The named groups with their versions, the preferred version first. The core group is not among them.
    pub(crate) fn groups(&self) -> Vec<(String, Vec<String>)> {
        let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for resource in self.all().filter(|resource| !resource.group.is_empty()) {
            let versions = groups.entry(&resource.group).or_default();
            if !versions.contains(&resource.version) {
                versions.push(resource.version.clone());
            }
        }
        for versions in groups.values_mut() {
            versions.sort_by_key(|version| std::cmp::Reverse(priority(version)));
        }
        groups.into_iter().map(|(group, versions)| (group.to_owned(), versions)).collect()
    }
}

/// Order of version names: stable before beta before alpha, then the greater number.
///
/// Source: Kubernetes documentation, "Version priority" of CustomResourceDefinitions.
pub(crate) fn priority(version: &str) -> (u8, u32, u32) {
    let Some(rest) = version.strip_prefix('v') else { return (0, 0, 0) };
    let digits = |text: &str| text.parse::<u32>().ok();
    for (word, class) in [("beta", 2), ("alpha", 1)] {
        if let Some((major, minor)) = rest.split_once(word)
            && let (Some(major), Some(minor)) = (digits(major), digits(minor))
        {
            return (class, major, minor);
        }
    }
    digits(rest).map_or((0, 0, 0), |major| (3, major, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stable_version_comes_before_every_beta_and_a_beta_before_every_alpha() {
        let mut versions = ["v1alpha1", "v2beta1", "v1", "v1beta2", "foo", "v10", "v2"];
        versions.sort_by_key(|version| std::cmp::Reverse(priority(version)));
        assert_eq!(versions, ["v10", "v2", "v1", "v2beta1", "v1beta2", "v1alpha1", "foo"]);
    }

    #[test]
    fn both_groups_of_events_are_kept_in_one_place() {
        let registry = Registry::builtin();
        let core = registry.find("", "v1", "events").expect("core events");
        let named = registry.find("events.k8s.io", "v1", "events").expect("named events");
        assert_eq!(core.storage, named.storage);
    }
}
