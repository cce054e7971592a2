//! Verdicts by Service, and how many of them wait for something that might become free.

use std::collections::BTreeMap;

use super::Verdict;
use crate::name::ServiceKey;

/// A verdict on every Service that concerns us.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Verdicts {
    by_service: BTreeMap<ServiceKey, Verdict>,
    waiting: usize,
}

impl Verdicts {
    pub(super) fn get(&self, service: &ServiceKey) -> Option<&Verdict> {
        self.by_service.get(service)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&ServiceKey, &Verdict)> {
        self.by_service.iter()
    }

    pub(super) fn insert(&mut self, service: ServiceKey, verdict: Verdict) {
        self.waiting += usize::from(verdict.waits());
        let before = self.by_service.insert(service, verdict);
        self.waiting -= usize::from(before.is_some_and(|verdict| verdict.waits()));
    }

    pub(super) fn remove(&mut self, service: &ServiceKey) {
        let before = self.by_service.remove(service);
        self.waiting -= usize::from(before.is_some_and(|verdict| verdict.waits()));
    }

    /// Whether anybody might get more when an address becomes free.
    pub(super) const fn anybody_waits(&self) -> bool {
        self.waiting > 0
    }
}
