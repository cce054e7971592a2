//! What users and the operator do.

use std::collections::BTreeSet;
use std::net::IpAddr;

use patina::config::Identity;
use patina::time::WallTime;
use patina::world::{Advertisement, Kind, Object, Pool};

use super::Model;
use crate::object;
use crate::reference::{spans, understood};
use crate::step::{PoolWish, Wish};
use crate::truth::{Asked, Offered};

impl Model<'_> {
    pub(super) fn put_service(&mut self, number: u8, wish: &Wish) {
        let key = object::service_key(number);
        let standing = self.server.service(&key).cloned();
        let (identity, created) = match &standing {
            Some(service) => (next_generation(&service.identity), service.identity.created),
            None => (self.server.born(key, self.wall()), self.wall()),
        };
        let uid = identity.uid.clone();
        self.truth.services.insert(number, Asked { wish: wish.clone(), uid, created: created.0 });
        self.server.put(Object::Service(object::service(wish, identity, standing.as_ref())));
        if self.leader_has_read() {
            let now = WallTime(self.wall().0);
            self.laws.promise(number, (&self.truth, &self.server), self.terms, now);
        }
        self.broadcast();
    }

    pub(super) fn delete_service(&mut self, number: u8) {
        self.truth.services.remove(&number);
        self.server.delete(Kind::Service, &object::service_key(number));
        self.broadcast();
    }

    /// By hand, and only where the API server allows a Service to show addresses.
    pub(super) fn show(&mut self, number: u8, addresses: &[IpAddr]) {
        let Some(service) = self.server.service(&object::service_key(number)) else { return };
        if !service.load_balancer {
            return;
        }
        let mut service = service.clone();
        service.ingress = addresses.into();
        service.inherited = service.ingress.clone();
        self.server.put(Object::Service(service));
        self.broadcast();
    }

    pub(super) fn mark(&mut self, number: u8, pool: Option<u8>) {
        let Some(service) = self.server.service(&object::service_key(number)) else { return };
        let mut service = service.clone();
        service.annotations.allocated_from = pool.map(|pool| object::pool_name(pool).into());
        self.server.put(Object::Service(service));
        self.broadcast();
    }

    pub(super) fn put_pool(&mut self, number: u8, wish: &PoolWish) {
        let key = object::pool_key(number);
        let standing = match self.server.object(Kind::Pool, &key) {
            Some(Object::Pool(pool)) => Some(pool.clone()),
            _ => None,
        };
        let (identity, created) = match &standing {
            Some(pool) => (next_generation(&pool.source.identity), pool.source.identity.created),
            None => (self.server.born(key, self.wall()), self.wall()),
        };
        let before = standing.is_some().then(|| self.truth.pools.get(&number)).flatten();
        let mut ever: BTreeSet<IpAddr> = before.map(|offered| offered.ever.clone()).unwrap_or_default();
        ever.extend(understood(wish));
        let uid = identity.uid.clone();
        self.truth.pools.insert(number, Offered { wish: wish.clone(), uid, created: created.0, ever });
        let source = object::pool(wish, identity);
        let (counters, conditions) =
            standing.map(|pool| (pool.counters, pool.conditions)).unwrap_or_default();
        self.server.put(Object::Pool(Pool { source, counters, conditions }));
        self.broadcast();
    }

    pub(super) fn delete_pool(&mut self, number: u8) {
        self.truth.pools.remove(&number);
        self.server.delete(Kind::Pool, &object::pool_key(number));
        self.server.delete(Kind::PoolState, &object::pool_key(number));
        self.broadcast();
    }

    pub(super) fn put_foreign(&mut self, ranges: &[String]) {
        self.truth.foreign = spans(ranges).collect();
        let key = object::foreign_range_key();
        let standing = match self.server.object(Kind::ForeignRange, &key) {
            Some(Object::ForeignRange(range)) => Some(next_generation(&range.identity)),
            _ => None,
        };
        if ranges.is_empty() {
            self.server.delete(Kind::ForeignRange, &key);
        } else {
            let identity = standing.unwrap_or_else(|| self.server.born(key, self.wall()));
            self.server.put(Object::ForeignRange(object::foreign_range(ranges, identity)));
        }
        self.broadcast();
    }

    pub(super) fn put_namespace(&mut self, number: u8, label: u8) {
        let Some(standing) = self.truth.labels.get_mut(usize::from(number)) else { return };
        *standing = label;
        self.server.put(Object::Namespace(object::namespace(number, label)));
        self.broadcast();
    }

    pub(super) fn advertise(&mut self, wanted: bool) {
        self.truth.advertised = wanted;
        let key = object::advertisement_key();
        if !wanted {
            self.server.delete(Kind::Advertisement, &key);
        } else if self.server.object(Kind::Advertisement, &key).is_none() {
            let identity = self.server.born(key, self.wall());
            let source = object::advertisement(identity);
            self.server.put(Object::Advertisement(Advertisement { source, conditions: Box::default() }));
        }
        self.broadcast();
    }
}

fn next_generation(identity: &Identity) -> Identity {
    Identity { generation: identity.generation + 1, ..identity.clone() }
}
