//! An advertisement: which pools are announced, from which nodes and links.

use std::collections::BTreeSet;

use super::pool::read_selectors;
use super::problem::Finding;
use super::{
    AdvertisementSource, Identity, Labels, Pool, PreferenceSource, ProblemKind, Selector, duplicate,
};
use crate::name::{LinkName, PoolName};

/// The operator's rule for announcing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertisement {
    /// Which object, and which version of it.
    pub identity: Identity,
    /// Links to announce on, by name; empty: every link whose prefixes hold the address.
    pub links: BTreeSet<LinkName>,
    /// Pools by name.
    pub pools: BTreeSet<PoolName>,
    pool_selectors: Vec<Selector>,
    node_selectors: Vec<Selector>,
    service_selectors: Vec<Selector>,
    preferences: Vec<Preference>,
}

/// Nodes that the operator would rather see announcing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preference {
    /// 1 to 100.
    pub weight: u32,
    /// Which nodes.
    pub selector: Selector,
}

impl Advertisement {
    /// Reads what is written. Problems come with the path of their field.
    pub(super) fn read(source: &AdvertisementSource) -> Result<Self, Finding> {
        check_duplicates(source)?;
        let preferences = source.preferences.iter().enumerate();
        Ok(Self {
            identity: source.identity.clone(),
            links: source.interfaces.iter().map(|name| LinkName::from(name.as_str())).collect(),
            pools: source.pools.iter().map(|name| PoolName::from(name.as_str())).collect(),
            pool_selectors: read_selectors("spec.ipAddressPoolSelectors", &source.pool_selectors)?,
            node_selectors: read_selectors("spec.nodeSelectors", &source.node_selectors)?,
            service_selectors: read_selectors("spec.serviceSelectors", &source.service_selectors)?,
            preferences: preferences.map(|(i, p)| Preference::read(i, p)).collect::<Result<_, _>>()?,
        })
    }

    /// Whether both, whichever versions of an object they are, let the same nodes announce the same on the same links.
    pub fn says_the_same(&self, other: &Self) -> bool {
        *self == Self { identity: self.identity.clone(), ..other.clone() }
    }

    /// Whether it is about this pool: named, or matched by label, or no pool is named at all.
    pub fn selects_pool(&self, pool: &Pool) -> bool {
        let all = self.pools.is_empty() && self.pool_selectors.is_empty();
        all || self.pools.contains(&pool.name) || Selector::any_matches(&self.pool_selectors, &pool.labels)
    }

    /// Whether it is about a Service with these labels.
    pub fn selects_service(&self, service: &Labels) -> bool {
        !self.selects_among_services() || Selector::any_matches(&self.service_selectors, service)
    }

    /// Whether it tells Services apart, which does not go together with sharing an address.
    pub fn selects_among_services(&self) -> bool {
        !self.service_selectors.is_empty()
    }

    /// Whether a node with these labels may announce.
    pub fn selects_node(&self, node: &Labels) -> bool {
        self.node_selectors.is_empty() || Selector::any_matches(&self.node_selectors, node)
    }

    /// Sum of the preferences that match a node with these labels.
    pub fn weight(&self, node: &Labels) -> u32 {
        self.preferences.iter().filter(|p| p.selector.matches(node)).map(|p| p.weight).sum()
    }
}

impl Preference {
    fn read(index: usize, source: &PreferenceSource) -> Result<Self, Finding> {
        let at = |field: &str| format!("spec.preferredNodeSelectors[{index}].{field}");
        let weight = u32::try_from(source.weight).ok().filter(|w| (1..=100).contains(w));
        let weight =
            weight.ok_or_else(|| Finding::at(at("weight"), ProblemKind::BadWeight(source.weight)))?;
        let selector = Selector::try_from(&source.selector);
        Ok(Self {
            weight,
            selector: selector.map_err(|e| Finding::at(at("preference"), ProblemKind::BadSelector(e)))?,
        })
    }
}

fn check_duplicates(source: &AdvertisementSource) -> Result<(), Finding> {
    let found = [
        ("spec.ipAddressPools", duplicate::name(&source.pools)),
        ("spec.ipAddressPoolSelectors", duplicate::selector(&source.pool_selectors)),
        ("spec.nodeSelectors", duplicate::selector(&source.node_selectors)),
        ("spec.serviceSelectors", duplicate::selector(&source.service_selectors)),
    ];
    let first = found.into_iter().find_map(|(field, problem)| Some(Finding::at(field, problem?)));
    first.map_or(Ok(()), Err)
}
