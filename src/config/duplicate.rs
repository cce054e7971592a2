//! Entries that are written twice: a sign that something else was meant.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::ProblemKind;

/// The first name that occurs twice.
pub(super) fn name(names: &[String]) -> Option<ProblemKind> {
    let mut seen = BTreeSet::new();
    names.iter().find(|n| !seen.insert(n.as_str())).map(|n| ProblemKind::Duplicate(n.clone()))
}

/// The first selector that occurs twice, or that lists a value twice.
pub(super) fn selector(selectors: &[LabelSelector]) -> Option<ProblemKind> {
    let expressions = selectors.iter().flat_map(|s| s.match_expressions.iter().flatten());
    let value = expressions.flat_map(|e| &e.values).find_map(|values| name(values));
    let twice = || selectors.iter().enumerate().find(|(i, s)| selectors[..*i].contains(s));
    value.or_else(|| twice().map(|(i, _)| ProblemKind::Duplicate(format!("selector {i}"))))
}
