//! From objects to a `Config`: each object by itself, then pools against each other.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU64;

use super::foreign::Foreign;
use super::problem::Finding;
use super::{
    Advertisement, AdvertisementSource, ForeignSource, Identity, Labels, Occupied, Origin, Pool, PoolSource,
    PoolState, Problem, ProblemKind, ServiceAllocation, options,
};
use crate::addr::{AddressRange, Family, Overlap};
use crate::name::{ObjectKey, PoolName};

/// The objects that the operator wrote.
#[derive(Clone, Debug, Default)]
pub struct Objects<'a> {
    /// IPAddressPools.
    pub pools: Vec<&'a PoolSource>,
    /// L2Advertisements.
    pub advertisements: Vec<&'a AdvertisementSource>,
    /// ForeignRanges.
    pub foreign: Vec<&'a ForeignSource>,
    /// Addresses that something else uses, beside those of ForeignRanges.
    pub occupied: Vec<Occupied>,
}

/// What is in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    pub(super) pools: BTreeMap<PoolName, Pool>,
    advertisements: BTreeMap<ObjectKey, Advertisement>,
    pub(super) foreign: BTreeMap<ObjectKey, Foreign>,
    /// Ranges of the sound pools, none overlapping, by their first address.
    pub(super) index: BTreeMap<IpAddr, (AddressRange, PoolName)>,
    /// Names of sound pools that are given out unasked: those for somebody first, in the order in which they are tried.
    pinned: Vec<PoolName>,
    unpinned: Vec<PoolName>,
}

impl Config {
    /// Reads the objects. `last` is what was in force before: a rejected object keeps what it last said there.
    ///
    /// The result does not depend on the order of the objects.
    pub fn build(objects: &Objects<'_>, last: &Self) -> (Self, Vec<Problem>) {
        let mut config = Self::default();
        let mut problems = Vec::new();
        config.read_pools(objects, last, &mut problems);
        config.read_foreign(objects, last, &mut problems);
        let held_by_others = config.held_by_others();
        config.heed(objects.occupied.iter().chain(&held_by_others), &mut problems);
        config.read_advertisements(objects, last, &mut problems);
        config.order_pools();
        problems
            .sort_by(|a, b| (a.origin, &a.object.key, &a.field).cmp(&(b.origin, &b.object.key, &b.field)));
        (config, problems)
    }

    /// All pools, by name.
    pub fn pools(&self) -> impl Iterator<Item = &Pool> {
        self.pools.values()
    }

    /// One pool.
    pub fn pool(&self, name: &PoolName) -> Option<&Pool> {
        self.pools.get(name)
    }

    /// Pools that say whom they are for, and then those that do not, as they are tried for a Service that asks for none.
    pub fn tiers(&self) -> [impl Iterator<Item = &Pool>; 2] {
        [&self.pinned, &self.unpinned].map(|tier| tier.iter().filter_map(|name| self.pools.get(name)))
    }

    /// The pool that an address belongs to: the sound one whose ranges hold it; otherwise the rejected one that
    /// `allocated_from` names, or that is known to have held it.
    pub fn pool_of(&self, address: IpAddr, allocated_from: Option<&str>) -> Option<&Pool> {
        let held = self.index.range(..=address).next_back().map(|(_, entry)| entry);
        if let Some((_, name)) = held.filter(|(range, _)| range.contains(address)) {
            return self.pools.get(name);
        }
        let named = allocated_from.map(|names| named_for(Family::of(address), names));
        let named = named.and_then(|name| self.pools.get(&PoolName::from(name)));
        let rejected = |pool: &&Pool| pool.state == PoolState::Invalid;
        named
            .filter(rejected)
            .or_else(|| self.pools.values().filter(rejected).find(|pool| pool.covers(address)))
    }

    /// All advertisements, by key.
    pub fn advertisements(&self) -> impl Iterator<Item = &Advertisement> {
        self.advertisements.values()
    }

    /// Advertisements that are about this pool and about a Service with these labels.
    pub fn rules<'a>(
        &'a self,
        pool: &PoolName,
        service: &'a Labels,
    ) -> impl Iterator<Item = &'a Advertisement> + use<'a> {
        let pool = self.pool(pool);
        let rules = self.advertisements().filter(move |a| pool.is_some_and(|pool| a.selects_pool(pool)));
        rules.filter(|a| a.selects_service(service))
    }
}

impl Config {
    fn read_pools(&mut self, objects: &Objects<'_>, last: &Self, problems: &mut Vec<Problem>) {
        let mut by_age = objects.pools.clone();
        by_age.sort_by(|a, b| a.identity.age().cmp(&b.identity.age()));
        for source in by_age {
            problems.extend(unsupported(Origin::Pool, &source.identity, &source.unsupported));
            let unknown = options::unknown(&source.options);
            problems.extend(unknown.map(|finding| finding.of(Origin::Pool, &source.identity)));
            let read = Pool::read(source).and_then(|pool| self.accept(pool));
            if let Err(finding) = read {
                let problem = finding.of(Origin::Pool, &source.identity);
                let name = PoolName::new(source.identity.key.name.clone());
                problems.extend(self.counterpart(&name, &problem));
                problems.push(problem);
                let pool = Pool::invalid(source, last.pool(&name));
                self.pools.insert(name, pool);
            }
        }
    }

    /// The same overlap as the older pool sees it.
    fn counterpart(&self, younger: &PoolName, problem: &Problem) -> Option<Problem> {
        let ProblemKind::OverlapWith { pool, overlap } = &problem.kind else { return None };
        let older = self.pools.get(pool)?;
        let place = older.ranges.ranges().iter().position(|range| *range == overlap.first)?;
        let kind = ProblemKind::OverlappedBy { pool: younger.clone(), overlap: *overlap };
        Some(Finding::at(format!("spec.addresses[{place}]"), kind).of(Origin::Pool, &older.identity))
    }

    /// Puts a pool in force, unless an older one holds some of its addresses.
    fn accept(&mut self, pool: Pool) -> Result<(), Finding> {
        for (i, second) in pool.ranges.ranges().iter().enumerate() {
            let below = self.index.range(..=second.last()).next_back().map(|(_, entry)| entry);
            if let Some((first, older)) = below.filter(|(first, _)| first.overlaps(second)) {
                let overlap = Overlap { first: *first, second: *second };
                let kind = ProblemKind::OverlapWith { pool: older.clone(), overlap };
                return Err(Finding::at(format!("spec.addresses[{i}]"), kind));
            }
        }
        let ranges = pool.ranges.ranges().iter();
        self.index.extend(ranges.map(|range| (range.first(), (*range, pool.name.clone()))));
        self.pools.insert(pool.name.clone(), pool);
        Ok(())
    }

    fn read_advertisements(&mut self, objects: &Objects<'_>, last: &Self, problems: &mut Vec<Problem>) {
        for source in &objects.advertisements {
            let identity = &source.identity;
            let problem = |finding: Finding| finding.of(Origin::Advertisement, identity);
            problems.extend(unsupported(Origin::Advertisement, identity, &source.unsupported));
            problems.extend(self.unknown_pools(source).map(problem));
            let standing =
                || last.advertisements.get(&identity.key).filter(|a| a.identity.same_object(identity));
            let in_force = Advertisement::read(source).map_err(|finding| problems.push(problem(finding)));
            if let Some(advertisement) = in_force.ok().or_else(|| standing().cloned()) {
                self.advertisements.insert(identity.key.clone(), advertisement);
            }
        }
    }

    fn unknown_pools<'a>(&'a self, source: &'a AdvertisementSource) -> impl Iterator<Item = Finding> + 'a {
        source.pools.iter().enumerate().filter_map(|(i, name)| {
            let name = PoolName::from(name.as_str());
            let unknown = !self.pools.contains_key(&name);
            unknown.then(|| Finding::at(format!("spec.ipAddressPools[{i}]"), ProblemKind::UnknownPool(name)))
        })
    }

    fn order_pools(&mut self) {
        let open = || self.pools.values().filter(|p| p.state == PoolState::Sound && p.auto_assign);
        let mut pinned: Vec<_> =
            open().filter_map(|p| Some((rank(p.allocation.as_ref()?), &p.name))).collect();
        pinned.sort_unstable();
        let pinned = pinned.into_iter().map(|(_, name)| name.clone()).collect();
        self.unpinned = open().filter(|p| p.allocation.is_none()).map(|p| p.name.clone()).collect();
        self.pinned = pinned;
    }
}

/// Of two names, as `metallb.io/ip-allocated-from-pool` has them, the first is that of IPv4.
fn named_for(family: Family, names: &str) -> &str {
    match (names.split_once(','), family) {
        (Some((v4, _)), Family::V4) => v4,
        (Some((_, v6)), Family::V6) => v6,
        (None, Family::V4 | Family::V6) => names,
    }
}

/// Pools with a priority come first, the lower number before the higher.
fn rank(allocation: &ServiceAllocation) -> (bool, Option<NonZeroU64>) {
    (allocation.priority.is_none(), allocation.priority)
}

fn unsupported<'a>(
    origin: Origin,
    object: &'a Identity,
    fields: &'a [String],
) -> impl Iterator<Item = Problem> + 'a {
    fields.iter().map(move |f| Finding::at(f.clone(), ProblemKind::NotYetSupported).of(origin, object))
}
