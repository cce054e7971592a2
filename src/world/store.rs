//! The `World` itself: maps by key, and one way in.

mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::span::Span;
use super::{
    Advertisement, Change, EndpointSlice, Kind, L2Status, Link, LoanFact, Loans, Namespace, Node, Object,
    Pool, PoolState, Service, ServiceCidr, Touched,
};
use crate::config::ForeignSource;
use crate::name::{LinkIndex, ObjectKey, ServiceKey};

/// Everything known, with one owner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    services: BTreeMap<ServiceKey, Service>,
    slices: BTreeMap<ObjectKey, EndpointSlice>,
    nodes: BTreeMap<ObjectKey, Node>,
    namespaces: BTreeMap<ObjectKey, Namespace>,
    pools: BTreeMap<ObjectKey, Pool>,
    advertisements: BTreeMap<ObjectKey, Advertisement>,
    l2statuses: BTreeMap<ObjectKey, L2Status>,
    /// Keys of `l2statuses` by the Service that they speak of.
    announcers: BTreeMap<ServiceKey, BTreeSet<ObjectKey>>,
    pool_states: BTreeMap<ObjectKey, PoolState>,
    foreign_ranges: BTreeMap<ObjectKey, ForeignSource>,
    service_cidrs: BTreeMap<ObjectKey, ServiceCidr>,
    links: BTreeMap<LinkIndex, Link>,
    loans: Loans,
    /// Between which addresses the cluster addresses of Services lie.
    cluster_addresses: Span,
    listed: BTreeSet<Kind>,
}

impl World {
    /// Takes one change, and tells what it may have an influence on.
    pub fn change(&mut self, change: Change) -> Touched {
        match change {
            Change::Apply(object) => self.apply(object),
            Change::Delete(kind, key) => self.delete(kind, &key),
            Change::Reset(kind, objects) => self.reset(kind, objects),
        }
    }

    /// The object exists and looks like this.
    pub fn apply(&mut self, object: Object) -> Touched {
        match object {
            Object::Service(service) => self.apply_service(service),
            Object::EndpointSlice(slice) => {
                put(&mut self.slices, Kind::EndpointSlice, slice.key.clone(), slice)
            }
            Object::Node(node) => self.apply_node(node),
            Object::Namespace(n) => put(&mut self.namespaces, Kind::Namespace, n.key.clone(), n),
            Object::Pool(pool) => self.apply_pool(pool),
            Object::Advertisement(advertisement) => self.apply_advertisement(advertisement),
            Object::L2Status(status) => self.apply_l2status(status),
            Object::PoolState(state) => self.apply_pool_state(state),
            Object::ForeignRange(range) => self.apply_foreign_range(range),
            Object::ServiceCidr(cidr) => {
                occupying(put(&mut self.service_cidrs, Kind::ServiceCidr, cidr.key.clone(), cidr))
            }
        }
    }

    /// The object is gone. Deleting what is not known touches nothing.
    pub fn delete(&mut self, kind: Kind, key: &ObjectKey) -> Touched {
        match kind {
            Kind::Service => match self.services.remove(key) {
                Some(_) => Touched::service(kind, key.clone()),
                None => Touched::default(),
            },
            Kind::EndpointSlice => remove(&mut self.slices, kind, key),
            Kind::Node => self.delete_node(key),
            Kind::Namespace => remove(&mut self.namespaces, kind, key),
            Kind::Pool => remove(&mut self.pools, kind, key),
            Kind::Advertisement => remove(&mut self.advertisements, kind, key),
            Kind::L2Status => self.delete_l2status(key),
            Kind::PoolState => match self.pool_states.remove(key) {
                Some(_) => Touched::status(kind),
                None => Touched::default(),
            },
            Kind::ForeignRange => occupying(remove(&mut self.foreign_ranges, kind, key)),
            Kind::ServiceCidr => occupying(remove(&mut self.service_cidrs, kind, key)),
            Kind::Link => Touched::default(),
        }
    }

    /// These objects exist, and no others of this kind. Objects of another kind in the list are taken as applied.
    pub fn reset(&mut self, kind: Kind, objects: Vec<Object>) -> Touched {
        let mut gone = self.keys(kind);
        let mut touched = Touched::default();
        for object in objects {
            if object.kind() == kind {
                gone.remove(&key_of(&object));
            }
            touched.merge(self.apply(object));
        }
        for key in gone {
            touched.merge(self.delete(kind, &key));
        }
        self.listed.insert(kind);
        touched
    }

    /// Nothing is known of this kind any more, until it is listed again.
    pub fn forget(&mut self, kind: Kind) {
        self.reset(kind, Vec::new());
        self.listed.remove(&kind);
    }

    /// All links that the speaker works on.
    pub fn set_links(&mut self, links: Vec<Link>) -> Touched {
        self.listed.insert(Kind::Link);
        let links = links.into_iter().map(|l| (l.index, l)).collect();
        if mem::replace(&mut self.links, links) == self.links {
            Touched::default()
        } else {
            Touched::kind(Kind::Link)
        }
    }

    /// What an endpoint has answered: the Services that it is about are to be decided again.
    pub fn learn(&mut self, fact: LoanFact) -> Touched {
        match fact {
            LoanFact::Loan(endpoint, key, loan) => {
                if self.loans.get(&key, &endpoint) == loan.as_ref() {
                    return Touched::default();
                }
                let service = key.service.clone();
                self.loans.set(endpoint, key, loan);
                Touched::service(Kind::Service, service)
            }
            LoanFact::Failing(pools, reason, services) => {
                let is_news = self.loans.set_failing(pools, reason.as_ref());
                if is_news { touched(services) } else { Touched::default() }
            }
            LoanFact::Moved(services) => touched(services),
        }
    }

    /// Nothing is known any more of what endpoints have answered.
    pub fn forget_loans(&mut self) {
        self.loans = Loans::default();
    }

    fn apply_service(&mut self, mut service: Service) -> Touched {
        let key = service.key().clone();
        let seen = mem::take(&mut service.cluster_addresses);
        let occupied = self.cluster_addresses.widen(&seen);
        if !service.concerns_us() {
            return Touched { occupied, ..self.delete(Kind::Service, &key) };
        }
        let before = self.services.get(&key).filter(|s| s.identity.uid == service.identity.uid);
        if let Some(before) = before {
            service.inherited.clone_from(&before.inherited);
        }
        let _ = put(&mut self.services, Kind::Service, key.clone(), service);
        Touched { occupied, ..Touched::service(Kind::Service, key) }
    }

    fn apply_node(&mut self, node: Node) -> Touched {
        let used = |node: &Node| node.occupied().collect::<Vec<_>>();
        let before = self.nodes.get(&node.key()).map(used).unwrap_or_default();
        let occupied = before != used(&node);
        Touched { occupied, ..put(&mut self.nodes, Kind::Node, node.key(), node) }
    }

    fn delete_node(&mut self, key: &ObjectKey) -> Touched {
        let occupied = self.nodes.get(key).is_some_and(|node| node.occupied().next().is_some());
        Touched { occupied, ..remove(&mut self.nodes, Kind::Node, key) }
    }

    fn apply_pool(&mut self, pool: Pool) -> Touched {
        let key = pool.source.identity.key.clone();
        let only_status = self.pools.get(&key).is_some_and(|p| p.source.says_the_same(&pool.source));
        let touched = put(&mut self.pools, Kind::Pool, key, pool);
        if only_status && !touched.is_empty() { Touched::status(Kind::Pool) } else { touched }
    }

    fn apply_advertisement(&mut self, advertisement: Advertisement) -> Touched {
        let key = advertisement.source.identity.key.clone();
        let standing = self.advertisements.get(&key);
        let only_status = standing.is_some_and(|a| a.source.says_the_same(&advertisement.source));
        let touched = put(&mut self.advertisements, Kind::Advertisement, key, advertisement);
        if only_status && !touched.is_empty() { Touched::status(Kind::Advertisement) } else { touched }
    }

    fn apply_l2status(&mut self, status: L2Status) -> Touched {
        let mut touched = self.delete(Kind::L2Status, &status.identity.key);
        touched.merge(touched_by_l2status(&status));
        if let Some(service) = &status.service {
            self.announcers.entry(service.clone()).or_default().insert(status.identity.key.clone());
        }
        self.l2statuses.insert(status.identity.key.clone(), status);
        touched
    }

    fn apply_pool_state(&mut self, state: PoolState) -> Touched {
        let touched = put(&mut self.pool_states, Kind::PoolState, state.identity.key.clone(), state);
        if touched.is_empty() { touched } else { Touched::status(Kind::PoolState) }
    }

    fn apply_foreign_range(&mut self, range: ForeignSource) -> Touched {
        let key = range.identity.key.clone();
        occupying(put(&mut self.foreign_ranges, Kind::ForeignRange, key, range))
    }

    fn delete_l2status(&mut self, key: &ObjectKey) -> Touched {
        let Some(status) = self.l2statuses.remove(key) else { return Touched::default() };
        if let Some(service) = &status.service
            && let Some(keys) = self.announcers.get_mut(service)
        {
            keys.remove(key);
            if keys.is_empty() {
                self.announcers.remove(service);
            }
        }
        touched_by_l2status(&status)
    }

    fn keys(&self, kind: Kind) -> BTreeSet<ObjectKey> {
        match kind {
            Kind::Service => self.services.keys().cloned().collect(),
            Kind::EndpointSlice => self.slices.keys().cloned().collect(),
            Kind::Node => self.nodes.keys().cloned().collect(),
            Kind::Namespace => self.namespaces.keys().cloned().collect(),
            Kind::Pool => self.pools.keys().cloned().collect(),
            Kind::Advertisement => self.advertisements.keys().cloned().collect(),
            Kind::L2Status => self.l2statuses.keys().cloned().collect(),
            Kind::PoolState => self.pool_states.keys().cloned().collect(),
            Kind::ForeignRange => self.foreign_ranges.keys().cloned().collect(),
            Kind::ServiceCidr => self.service_cidrs.keys().cloned().collect(),
            Kind::Link => BTreeSet::new(),
        }
    }
}

fn put<T: PartialEq>(map: &mut BTreeMap<ObjectKey, T>, kind: Kind, key: ObjectKey, object: T) -> Touched {
    if map.get(&key) == Some(&object) {
        return Touched::default();
    }
    map.insert(key, object);
    Touched::kind(kind)
}

fn remove<T>(map: &mut BTreeMap<ObjectKey, T>, kind: Kind, key: &ObjectKey) -> Touched {
    map.remove(key).map_or_else(Touched::default, |_| Touched::kind(kind))
}

/// The change concerns what is occupied.
fn occupying(touched: Touched) -> Touched {
    Touched { occupied: !touched.is_empty(), ..touched }
}

fn touched_by_l2status(status: &L2Status) -> Touched {
    Touched { services: status.service.iter().cloned().collect(), ..Touched::kind(Kind::L2Status) }
}

fn key_of(object: &Object) -> ObjectKey {
    match object {
        Object::Service(service) => service.key().clone(),
        Object::EndpointSlice(slice) => slice.key.clone(),
        Object::Node(node) => node.key(),
        Object::Namespace(namespace) => namespace.key.clone(),
        Object::Pool(pool) => pool.source.identity.key.clone(),
        Object::Advertisement(advertisement) => advertisement.source.identity.key.clone(),
        Object::L2Status(status) => status.identity.key.clone(),
        Object::PoolState(state) => state.identity.key.clone(),
        Object::ForeignRange(range) => range.identity.key.clone(),
        Object::ServiceCidr(cidr) => cidr.key.clone(),
    }
}

fn touched(services: BTreeSet<ServiceKey>) -> Touched {
    services.into_iter().fold(Touched::default(), |mut touched, service| {
        touched.merge(Touched::service(Kind::Service, service));
        touched
    })
}

#[cfg(test)]
mod tests;
