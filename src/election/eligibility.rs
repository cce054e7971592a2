//! Which addresses this node may answer for, on which links, and why not.
//!
//! Decides for this node alone, from its own view of the world: nobody guesses for another. Leaves to `ownership` who
//! of those that may answer does.
//!
//! ```text
//!   Service with an address ─► pool ─► endpoints ─► advertisements ─► node ─► links ─► places, or one Exclusion
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::exclusion::Exclusion;
use crate::config::{Advertisement, Config};
use crate::name::{LinkIndex, LinkName, NodeName, ServiceKey};
use crate::world::{Link, Node, Service, TrafficPolicy, World};

/// What a speaker is told at its start about whom it works for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// This node.
    pub node: NodeName,
    /// `spec.loadBalancerClass` of the Services to work on; `None`: those without one.
    pub class: Option<Arc<str>>,
    /// Whether nodes that ask to be left out of load balancing are.
    pub exclude_label: ExcludeLabel,
}

/// What the label `node.kubernetes.io/exclude-from-external-load-balancers` means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExcludeLabel {
    /// The node announces nothing.
    #[default]
    Respected,
    /// Nothing (`--ignore-exclude-lb`).
    Ignored,
}

/// Where this node may answer for an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Places {
    /// On these links.
    pub links: BTreeSet<LinkIndex>,
    /// Links that the operator named; empty where every link on the subnet counts.
    pub named: BTreeSet<LinkName>,
    /// Sum of the operator's preferences for this node.
    pub weight: u32,
}

/// One address, seen from this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eligibility {
    /// The address.
    pub address: IpAddr,
    /// In whose status it stands, in order, with where this node may answer for it, or why nowhere. A list: most addresses
    /// have one Service, and a map takes a kilobyte for it.
    pub services: Vec<(ServiceKey, Result<Places, Exclusion>)>,
    /// It stood in no Service's status when that Service was first seen: nobody on the wire can know it yet.
    pub fresh: bool,
}

impl Eligibility {
    /// In whose status it stands.
    pub fn service_keys(&self) -> impl Iterator<Item = &ServiceKey> {
        self.services.iter().map(|(service, _)| service)
    }

    /// All places of all its Services. The preference for the node is that of the Service which prefers it most.
    pub fn places(&self) -> Option<Places> {
        self.services.iter().flat_map(|(_, places)| places).cloned().reduce(|mut all, more| {
            all.links.extend(more.links);
            all.named.extend(more.named);
            all.weight = all.weight.max(more.weight);
            all
        })
    }
}

/// Every address that stands in a Service's status, in order.
pub fn eligibility(world: &World, config: &Config, scope: &Scope) -> Vec<Eligibility> {
    let view = View::of(world, config, scope);
    let mut addresses: BTreeMap<IpAddr, Eligibility> = BTreeMap::new();
    for service in world.services().filter(|s| s.load_balancer && s.class == scope.class) {
        for &address in &service.ingress {
            let entry = addresses.entry(address);
            let entry = entry.or_insert_with(|| Eligibility {
                address,
                services: Vec::with_capacity(1),
                fresh: true,
            });
            entry.fresh &= !service.inherited.contains(&address);
            entry.services.push((service.key().clone(), view.judge(service, address)));
        }
    }
    addresses.into_values().collect()
}

/// The world as one judgement after another needs it.
struct View<'a> {
    world: &'a World,
    config: &'a Config,
    node: Result<&'a Node, Exclusion>,
    endpoints: BTreeMap<&'a ServiceKey, Endpoints>,
}

/// Where something serves.
#[derive(Clone, Copy, Default)]
struct Endpoints {
    anywhere: bool,
    here: bool,
}

impl<'a> View<'a> {
    fn of(world: &'a World, config: &'a Config, scope: &Scope) -> Self {
        let mut endpoints: BTreeMap<_, Endpoints> = BTreeMap::new();
        for slice in world.slices() {
            let Some(service) = &slice.service else { continue };
            let known = endpoints.entry(service).or_default();
            known.anywhere |= slice.serves();
            known.here |= slice.nodes.contains(&scope.node);
        }
        Self { world, config, node: node(world, scope), endpoints }
    }

    /// The tests in the order in which an operator would want to hear of them: what concerns every node first.
    fn judge(&self, service: &Service, address: IpAddr) -> Result<Places, Exclusion> {
        let allocated_from = service.annotations.allocated_from.as_deref();
        let pool = self.config.pool_of(address, allocated_from).ok_or(Exclusion::AddressOfNoPool)?;
        let endpoints = self.endpoints.get(service.key()).copied().unwrap_or_default();
        if !endpoints.anywhere {
            return Err(Exclusion::NoServingEndpoint);
        }
        let rules = self.config.advertisements().filter(|a| a.selects_pool(pool));
        let rules: Vec<_> = rules.filter(|a| a.selects_service(&service.labels)).collect();
        if rules.is_empty() {
            return Err(Exclusion::NoAdvertisement);
        }
        if shares(service) && rules.iter().any(|a| a.selects_among_services()) {
            return Err(Exclusion::SharedAddressWithServiceSelectors);
        }
        let node = self.node?;
        let rules: Vec<_> = rules.into_iter().filter(|a| a.selects_node(&node.labels)).collect();
        if rules.is_empty() {
            return Err(Exclusion::NodeNotSelected);
        }
        if service.traffic_policy == TrafficPolicy::Local && !endpoints.here {
            return Err(Exclusion::NoLocalEndpoint);
        }
        self.places(&rules, node, address)
    }

    fn places(&self, rules: &[&Advertisement], node: &Node, address: IpAddr) -> Result<Places, Exclusion> {
        let everywhere = rules.iter().any(|a| a.links.is_empty());
        let named: BTreeSet<LinkName> = rules.iter().flat_map(|a| a.links.iter().cloned()).collect();
        let wanted = |link: &&Link| named.contains(&link.name) || everywhere && link.on_subnet(address);
        let found: Vec<_> = self.world.links().filter(wanted).collect();
        if found.is_empty() {
            return Err(if everywhere { Exclusion::OffSubnet } else { Exclusion::LinkMissing });
        }
        let links: BTreeSet<_> = found.iter().filter(|l| l.carrier).map(|l| l.index).collect();
        if links.is_empty() {
            return Err(Exclusion::NoCarrier);
        }
        let weight = rules.iter().map(|a| a.weight(&node.labels)).sum();
        Ok(Places { links, named: if everywhere { BTreeSet::new() } else { named }, weight })
    }
}

fn node<'a>(world: &'a World, scope: &Scope) -> Result<&'a Node, Exclusion> {
    let node = world.node(&scope.node).ok_or(Exclusion::NodeUnknown)?;
    if scope.exclude_label == ExcludeLabel::Respected && node.excluded() {
        return Err(Exclusion::NodeExcluded);
    }
    if node.network_unavailable {
        return Err(Exclusion::NetworkUnavailable);
    }
    Ok(node)
}

/// An empty key is no wish to share.
fn shares(service: &Service) -> bool {
    service.annotations.allow_shared_ip.as_ref().is_some_and(|key| !key.value.is_empty())
}

#[cfg(test)]
mod tests;
