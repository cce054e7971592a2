//! Reading what is known, in the order of the keys.

use super::World;
use crate::config::{ForeignSource, Objects, Occupied};
use crate::name::{LinkIndex, NodeName, ObjectKey, ServiceKey};
use crate::world::{
    Advertisement, EndpointSlice, Kind, L2Status, Link, Loans, Namespace, Node, Pool, PoolState, Service,
    ServiceCidr,
};

impl World {
    /// Whether all these kinds have been listed, so that what is not here does not exist.
    pub fn knows(&self, kinds: &[Kind]) -> bool {
        kinds.iter().all(|kind| self.listed.contains(kind))
    }

    /// What the operator wrote.
    pub fn written(&self) -> Objects<'_> {
        Objects {
            pools: self.pools.values().map(|pool| &pool.source).collect(),
            advertisements: self.advertisements.values().map(|a| &a.source).collect(),
            foreign: self.foreign_ranges.values().collect(),
            occupied: self.nodes.values().flat_map(Node::occupied).chain(self.of_services()).collect(),
        }
    }

    /// What the cluster gives to its own Services: as it declares; if it does not, as was seen.
    fn of_services(&self) -> Vec<Occupied> {
        let declared: Vec<_> = self.service_cidrs.values().flat_map(ServiceCidr::occupied).collect();
        if declared.is_empty() { self.cluster_addresses.occupied().collect() } else { declared }
    }

    /// Services that ask for a load balancer or carry marks of one.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    /// One Service.
    pub fn service(&self, key: &ServiceKey) -> Option<&Service> {
        self.services.get(key)
    }

    /// Endpoint slices of all Services.
    pub fn slices(&self) -> impl Iterator<Item = &EndpointSlice> {
        self.slices.values()
    }

    /// Nodes.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    /// One Node.
    pub fn node(&self, name: &NodeName) -> Option<&Node> {
        self.nodes.get(&ObjectKey::new("", name.as_str()))
    }

    /// One Namespace.
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.get(&ObjectKey::new("", name))
    }

    /// IPAddressPools.
    pub fn pools(&self) -> impl Iterator<Item = &Pool> {
        self.pools.values()
    }

    /// L2Advertisements.
    pub fn advertisements(&self) -> impl Iterator<Item = &Advertisement> {
        self.advertisements.values()
    }

    /// ServiceL2Statuses of all nodes.
    pub fn l2statuses(&self) -> impl Iterator<Item = &L2Status> {
        self.l2statuses.values()
    }

    /// PoolStates.
    pub fn pool_states(&self) -> impl Iterator<Item = &PoolState> {
        self.pool_states.values()
    }

    /// The PoolState of one pool.
    pub fn pool_state(&self, pool: &ObjectKey) -> Option<&PoolState> {
        self.pool_states.get(pool)
    }

    /// ForeignRanges.
    pub fn foreign_ranges(&self) -> impl Iterator<Item = &ForeignSource> {
        self.foreign_ranges.values()
    }

    /// One ServiceL2Status.
    pub fn l2status(&self, key: &ObjectKey) -> Option<&L2Status> {
        self.l2statuses.get(key)
    }

    /// ServiceL2Statuses that speak of one Service.
    pub fn announcers(&self, service: &ServiceKey) -> impl Iterator<Item = &L2Status> {
        self.announcers.get(service).into_iter().flatten().filter_map(|key| self.l2statuses.get(key))
    }

    /// The version of an object that is known; `None` for kinds whose versions are not kept.
    pub fn version(&self, kind: Kind, key: &ObjectKey) -> Option<&str> {
        let identity = match kind {
            Kind::Service => &self.services.get(key)?.identity,
            Kind::Pool => &self.pools.get(key)?.source.identity,
            Kind::Advertisement => &self.advertisements.get(key)?.source.identity,
            Kind::L2Status => &self.l2statuses.get(key)?.identity,
            Kind::PoolState => &self.pool_states.get(key)?.identity,
            Kind::ForeignRange => &self.foreign_ranges.get(key)?.identity,
            Kind::EndpointSlice | Kind::Node | Kind::Namespace | Kind::ServiceCidr | Kind::Link => {
                return None;
            }
        };
        Some(&identity.version)
    }

    /// What endpoints have answered.
    pub const fn loans(&self) -> &Loans {
        &self.loans
    }

    /// Links of this node.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// One link of this node.
    pub fn link(&self, index: LinkIndex) -> Option<&Link> {
        self.links.get(&index)
    }
}
