//! Addresses that something else than a pool uses: a pool that holds some is told so before it gives out the first one.
//!
//! Decides what is reported, and what is never given out: an address of a node, since whoever answered for it would take the
//! node off the network, and one that a ForeignRange says somebody else holds. All else may be meant so, and stays in force.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::problem::Finding;
use super::{Config, ForeignHolder, Origin, Pool, Problem, ProblemKind};
use crate::addr::{AddressRange, Gaps};
use crate::name::{NodeName, PoolName};

/// Addresses that something else uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occupied {
    /// Who uses them.
    pub by: Occupant,
    /// Which.
    pub range: AddressRange,
}

/// Who uses addresses that are no pool's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occupant {
    /// A node: `InternalIP` or `ExternalIP` in its status.
    Node(NodeName),
    /// Pods on a node: `spec.podCIDRs`.
    Pods(NodeName),
    /// Services: their cluster addresses.
    Services(ClusterRange),
    /// Somebody outside the cluster, by a ForeignRange.
    Foreign(ForeignHolder),
}

/// How it is known which cluster addresses Services have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClusterRange {
    /// From those that were seen: the narrowest prefix that they all lie in.
    Seen,
    /// From the ServiceCIDR of this name.
    Declared(Arc<str>),
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => write!(f, "node {node}"),
            Self::Pods(node) => write!(f, "Pods on node {node}"),
            Self::Services(ClusterRange::Seen) => f.write_str("cluster addresses of Services"),
            Self::Services(ClusterRange::Declared(name)) => {
                write!(f, "cluster addresses of Services (ServiceCIDR {name})")
            }
            Self::Foreign(holder) => holder.fmt(f),
        }
    }
}

/// What one kind uses of one pool: where the first of it is, and how many more there are.
type Found = (Finding, usize);

/// What is never given out although it lies in the ranges of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Withheld {
    nodes: BTreeMap<IpAddr, NodeName>,
    foreign: BTreeMap<AddressRange, ForeignHolder>,
}

impl Withheld {
    fn add(&mut self, part: &Occupied) {
        match &part.by {
            Occupant::Node(node) => {
                self.nodes.insert(part.range.first(), node.clone());
            }
            Occupant::Foreign(holder) => {
                self.foreign.insert(part.range, holder.clone());
            }
            Occupant::Pods(_) | Occupant::Services(_) => {}
        }
    }

    fn ranges(&self) -> impl Iterator<Item = AddressRange> {
        let nodes = self.nodes.keys().copied().map(AddressRange::single);
        nodes.chain(self.foreign.keys().copied())
    }
}

impl Config {
    /// Holds what is occupied against the pools in force.
    pub(super) fn heed<'o>(
        &mut self,
        occupied: impl Iterator<Item = &'o Occupied>,
        problems: &mut Vec<Problem>,
    ) {
        let mut withheld: BTreeMap<PoolName, Withheld> = BTreeMap::new();
        let mut found: BTreeMap<(PoolName, u8), Found> = BTreeMap::new();
        for part in occupied {
            let mut told = BTreeSet::new();
            for (range, name) in self.holding(&part.range) {
                let Some(pool) = self.pools.get(name) else { continue };
                withheld.entry(name.clone()).or_default().add(part);
                if let Some(finding) = disputed(pool, range, part)
                    && told.insert(name)
                {
                    let entry = found.entry((name.clone(), rank(&part.by)));
                    entry.and_modify(|(_, others)| *others += 1).or_insert((finding, 0));
                }
            }
        }
        for ((name, _), (finding, others)) in found {
            let pool = self.pools.get(&name);
            problems.extend(pool.map(|pool| finding.and(others).of(Origin::Pool, &pool.identity)));
        }
        for (name, withheld) in withheld {
            self.pools.entry(name).and_modify(|pool| pool.leave_out(withheld));
        }
    }

    /// Ranges of the pools in force that hold some of these addresses.
    fn holding(&self, range: &AddressRange) -> impl Iterator<Item = (&AddressRange, &PoolName)> {
        let below = self.index.range(..=range.last()).rev().map(|(_, (held, pool))| (held, pool));
        let range = *range;
        below.take_while(move |(held, _)| held.overlaps(&range))
    }
}

/// What is to be said of who uses part of this range of a pool; nothing if the pool leaves the addresses out.
fn disputed(pool: &Pool, range: &AddressRange, part: &Occupied) -> Option<Finding> {
    let both = range.intersection(&part.range)?;
    let first = *pool.options.excluded.rest_of(&both).first()?;
    let place = pool.ranges.ranges().iter().position(|listed| listed == range)?;
    let kind = ProblemKind::Occupied { by: part.by.clone(), range: first, others: 0 };
    Some(Finding::at(format!("spec.addresses[{place}]"), kind))
}

const fn rank(by: &Occupant) -> u8 {
    match by {
        Occupant::Node(_) => 0,
        Occupant::Pods(_) => 1,
        Occupant::Services(_) => 2,
        Occupant::Foreign(_) => 3,
    }
}

impl Pool {
    fn leave_out(&mut self, withheld: Withheld) {
        let excluded = self.options.excluded.ranges().iter().copied();
        let gaps: Gaps = excluded.chain(withheld.ranges()).collect();
        self.ranges = std::mem::take(&mut self.ranges).without(gaps);
        self.withheld = withheld;
    }

    /// The node whose own address it is.
    pub fn node_at(&self, address: IpAddr) -> Option<&NodeName> {
        self.withheld.nodes.get(&address)
    }

    /// Who holds it outside the cluster.
    pub fn foreign_at(&self, address: IpAddr) -> Option<&ForeignHolder> {
        let mut foreign = self.withheld.foreign.iter();
        foreign.find(|(range, _)| range.contains(address)).map(|(_, holder)| holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::pool;
    use crate::config::{Objects, PoolSource};

    fn occupied(by: Occupant, range: &str) -> Occupied {
        Occupied { by, range: range.parse().unwrap() }
    }

    fn told(pool: &PoolSource, occupied: Vec<Occupied>) -> (Config, Vec<String>) {
        let objects = Objects { pools: vec![pool], occupied, ..Objects::default() };
        let (config, problems) = Config::build(&objects, &Config::default());
        assert!(problems.iter().all(|p| !p.kind.rejects()));
        (config, problems.iter().map(|p| format!("{} {}: {}", p.kind, p.field, p.kind.sentence())).collect())
    }

    #[test]
    fn a_pool_that_holds_what_others_use_is_told_so_and_stays_in_force() {
        let lan = pool("lan", 0, &["203.0.113.0/24", "10.0.0.0/8"]);
        let all = vec![
            occupied(Occupant::Node("n1".into()), "10.1.0.1/32"),
            occupied(Occupant::Node("n2".into()), "192.0.2.1/32"),
            occupied(Occupant::Pods("n1".into()), "10.244.0.0/24"),
            occupied(Occupant::Pods("n2".into()), "10.244.1.0/24"),
            occupied(Occupant::Services(ClusterRange::Seen), "10.96.0.0/12"),
        ];
        let (config, problems) = told(&lan, all);
        assert_eq!(
            problems,
            [
                "NodeAddress spec.addresses[1]: 10.1.0.1/32 is in use by node n1",
                "PodRange spec.addresses[1]: 10.244.0.0/24 is in use by Pods on node n1, and 1 more like it",
                "ServiceRange spec.addresses[1]: 10.96.0.0/12 is in use by cluster addresses of Services",
            ]
        );
        let lan = config.pool(&"lan".into()).unwrap();
        let usable = |address: &str| lan.ranges.contains(address.parse().unwrap());
        assert_eq!([usable("10.1.0.1"), usable("10.244.0.1"), usable("10.1.0.2")], [false, true, true]);
    }

    #[test]
    fn what_a_pool_leaves_out_is_not_disputed() {
        let options = [("exclude".to_owned(), "10.244.0.0/16,10.1.0.1".to_owned())].into();
        let lan = PoolSource { options, ..pool("lan", 0, &["10.0.0.0/8"]) };
        let all = vec![
            occupied(Occupant::Node("n1".into()), "10.1.0.1/32"),
            occupied(Occupant::Pods("n1".into()), "10.244.0.0/24"),
        ];
        assert_eq!(told(&lan, all).1, Vec::<String>::new());
    }

    #[test]
    fn a_claim_on_many_ranges_is_told_once_for_each_pool() {
        let lan = pool("lan", 0, &["10.0.0.0/24", "10.0.2.0/24"]);
        let (_, problems) = told(&lan, vec![occupied(Occupant::Services(ClusterRange::Seen), "10.0.0.0/8")]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(!problems[0].contains("more like it"), "{problems:?}");
    }
}
