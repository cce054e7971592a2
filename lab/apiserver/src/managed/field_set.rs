//! A set of paths into an object.

use std::collections::{BTreeMap, BTreeSet};

use super::element::Element;
use crate::schema::Schema;

/// A set of paths, as a tree.
///
/// `members` are the paths that end here; `below` the sets of longer ones. No subset in `below` is
/// ever empty, so two sets are equal exactly when they hold the same paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    pub(super) members: BTreeSet<Element>,
    pub(super) below: BTreeMap<Element, FieldSet>,
}

impl FieldSet {
    /// The set of these paths, each given as field names.
    pub fn of_fields(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            let path: Vec<Element> = path.iter().map(|name| Element::Field((*name).to_owned())).collect();
            set.insert(&path);
        }
        set
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.below.is_empty()
    }

    /// Adds a path; the empty path names the object itself and is never owned.
    pub(super) fn insert(&mut self, path: &[Element]) {
        match path {
            [] => {}
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.below.entry(first.clone()).or_default().insert(rest),
        }
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        let mut union = self.clone();
        union.members.extend(other.members.iter().cloned());
        for (element, theirs) in &other.below {
            let ours = union.below.entry(element.clone()).or_default();
            *ours = ours.union(theirs);
        }
        union
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let members = self.members.intersection(&other.members).cloned().collect();
        let both = |(element, ours): (&Element, &Self)| {
            Some((element.clone(), ours.intersection(other.below.get(element)?)))
        };
        Self { members, below: self.below.iter().filter_map(both).collect() }.tidy()
    }

    /// The paths of this set that `other` does not hold.
    pub(super) fn difference(&self, other: &Self) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let rest = |(element, ours): (&Element, &Self)| match other.below.get(element) {
            Some(theirs) => (element.clone(), ours.difference(theirs)),
            None => (element.clone(), ours.clone()),
        };
        Self { members, below: self.below.iter().map(rest).collect() }.tidy()
    }

    /// The paths of this set that neither stand in `other` nor below one that does.
    pub fn without(&self, other: &Self) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let rest = |(element, ours): (&Element, &Self)| match other.below.get(element) {
            _ if other.members.contains(element) => None,
            Some(theirs) => Some((element.clone(), ours.without(theirs))),
            None => Some((element.clone(), ours.clone())),
        };
        Self { members, below: self.below.iter().filter_map(rest).collect() }.tidy()
    }

    /// This set, with the declared fields on the way to its paths as members of their own.
    ///
    /// An owner of `.spec.replicas` has `.spec` too in this sense, but an owner of one label not the
    /// map of labels' other keys.
    pub(super) fn with_declared_parents(&self, schema: &Schema) -> Self {
        let mut members = self.members.clone();
        let mut below = BTreeMap::new();
        for (element, subset) in &self.below {
            let free = Schema::free();
            let child = match element {
                Element::Field(name) => {
                    if schema.properties.contains_key(name) {
                        members.insert(element.clone());
                    }
                    schema.field(name).map(|schema| &**schema)
                }
                Element::Key(_) | Element::Value(_) | Element::Index(_) => schema.items.as_deref(),
            };
            below.insert(element.clone(), subset.with_declared_parents(child.unwrap_or(&free)));
        }
        Self { members, below }
    }

    /// Every path, in order.
    pub(super) fn paths(&self) -> Vec<Vec<Element>> {
        let mut paths: Vec<Vec<Element>> = self.members.iter().map(|element| vec![element.clone()]).collect();
        for (element, subset) in &self.below {
            let prefixed = |rest: Vec<Element>| [vec![element.clone()], rest].concat();
            paths.extend(subset.paths().into_iter().map(prefixed));
        }
        paths
    }

    fn tidy(mut self) -> Self {
        self.below.retain(|_, subset| !subset.is_empty());
        self
    }
}
