//! A pool: which addresses, and for whom.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::occupied::Withheld;
use super::problem::Finding;
use super::{
    AllocationSource, Identity, Labels, Options, PoolSource, ProblemKind, Selector, addresses, duplicate,
};
use crate::addr::{Family, LastOctet, RangeSet};
use crate::name::PoolName;

/// Whether a pool gives out addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolState {
    /// As the operator wrote it.
    Sound,
    /// What is written now is rejected: holders keep their addresses, nobody new gets one.
    Invalid,
}

/// A named set of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Which object, and which version of it.
    pub identity: Identity,
    /// Its name.
    pub name: PoolName,
    /// Its labels, for advertisements.
    pub labels: Labels,
    /// Its addresses, in the order in which they are used up.
    pub ranges: RangeSet,
    /// Whether Services get its addresses without asking for them.
    pub auto_assign: bool,
    /// Whom it is for; `None`: everybody, after the pools that say.
    pub allocation: Option<ServiceAllocation>,
    /// What it asks for beyond its spec.
    pub options: Options,
    /// Whether it gives out addresses.
    pub state: PoolState,
    /// What is never given out although it lies in its ranges.
    pub(super) withheld: Withheld,
}

/// Whom a pool is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceAllocation {
    /// Lower is tried first; `None` is last.
    pub priority: Option<NonZeroU64>,
    namespaces: BTreeSet<Arc<str>>,
    namespace_selectors: Vec<Selector>,
    service_selectors: Vec<Selector>,
}

impl Pool {
    /// Reads what is written. Problems come with the path of their field.
    pub(super) fn read(source: &PoolSource) -> Result<Self, Finding> {
        let ranges = read_ranges(source)?;
        let options = Options::read(&source.options, &ranges)?;
        Ok(Self {
            identity: source.identity.clone(),
            name: PoolName::new(source.identity.key.name.clone()),
            labels: source.labels.clone(),
            auto_assign: source.auto_assign,
            allocation: source.allocation.as_ref().map(ServiceAllocation::read).transpose()?,
            ranges: ranges.without(options.excluded.clone()),
            options,
            withheld: Withheld::default(),
            state: PoolState::Sound,
        })
    }

    /// What stands in for a rejected pool: the version that was last right, or else the ranges that can be understood.
    pub(super) fn invalid(source: &PoolSource, last: Option<&Self>) -> Self {
        let last = last.filter(|pool| pool.identity.same_object(&source.identity));
        let understood = || Self {
            identity: source.identity.clone(),
            name: PoolName::new(source.identity.key.name.clone()),
            labels: source.labels.clone(),
            ranges: understood_ranges(source),
            auto_assign: false,
            allocation: None,
            options: Options::default(),
            state: PoolState::Invalid,
            withheld: Withheld::default(),
        };
        last.map_or_else(understood, |last| Self { state: PoolState::Invalid, ..last.clone() })
    }

    /// Whether it has at least one address of `family`.
    pub fn offers(&self, family: Family) -> bool {
        self.ranges.nth(family, 0).is_some()
    }

    /// Whether a Service with these labels in this namespace may have its addresses at all.
    pub fn admits(&self, namespace: &str, namespace_labels: &Labels, service: &Labels) -> bool {
        self.allocation.as_ref().is_none_or(|a| a.admits(namespace, namespace_labels, service))
    }

    /// Whether a rejected pool may hold it: it does by what is known of its ranges.
    pub fn covers(&self, address: IpAddr) -> bool {
        self.ranges.covers(address)
    }
}

impl ServiceAllocation {
    fn read(source: &AllocationSource) -> Result<Self, Finding> {
        let at = |field: &str| format!("spec.serviceAllocation.{field}");
        let found = |field, problem: Option<ProblemKind>| match problem {
            Some(problem) => Err(Finding::at(at(field), problem)),
            None => Ok(()),
        };
        found("namespaces", duplicate::name(&source.namespaces))?;
        found("namespaceSelectors", duplicate::selector(&source.namespace_selectors))?;
        found("serviceSelectors", duplicate::selector(&source.service_selectors))?;
        Ok(Self {
            priority: u64::try_from(source.priority).ok().and_then(NonZeroU64::new),
            namespaces: source.namespaces.iter().map(|n| n.as_str().into()).collect(),
            namespace_selectors: read_selectors(&at("namespaceSelectors"), &source.namespace_selectors)?,
            service_selectors: read_selectors(&at("serviceSelectors"), &source.service_selectors)?,
        })
    }

    /// The namespace by name or by labels, and the Service by labels; a condition that is not written always holds.
    fn admits(&self, namespace: &str, namespace_labels: &Labels, service: &Labels) -> bool {
        let any_namespace = self.namespaces.is_empty() && self.namespace_selectors.is_empty();
        let namespace = any_namespace
            || self.namespaces.contains(namespace)
            || Selector::any_matches(&self.namespace_selectors, namespace_labels);
        namespace
            && (self.service_selectors.is_empty() || Selector::any_matches(&self.service_selectors, service))
    }
}

/// Reads a list of selectors that stands at the path `field`.
pub(super) fn read_selectors(field: &str, written: &[LabelSelector]) -> Result<Vec<Selector>, Finding> {
    let read = |(i, selector)| {
        Selector::try_from(selector)
            .map_err(|e| Finding::at(format!("{field}[{i}]"), ProblemKind::BadSelector(e)))
    };
    written.iter().enumerate().map(read).collect()
}

fn read_ranges(source: &PoolSource) -> Result<RangeSet, Finding> {
    let ranges = addresses::read(&source.addresses)?;
    let overlap = |overlap| Finding::at(addresses::FIELD, ProblemKind::OverlapInside(overlap));
    RangeSet::new(ranges, last_octet(source)).map_err(overlap)
}

fn understood_ranges(source: &PoolSource) -> RangeSet {
    RangeSet::new(addresses::understood(&source.addresses), last_octet(source)).unwrap_or_default()
}

const fn last_octet(source: &PoolSource) -> LastOctet {
    if source.avoid_buggy { LastOctet::AvoidBuggy } else { LastOctet::Any }
}
