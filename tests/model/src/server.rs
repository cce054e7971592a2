//! The API server: objects with versions, optimistic concurrency as the controller's writes use it, and a log that
//! watches read.
//!
//! Not imitated: field managers (nobody else applies to what is ours), schemas, rights. Changing the type of a Service
//! clears its address and leaves conditions and annotations, as the real one does.

use std::collections::BTreeMap;

use patina::config::{Identity, Timestamp};
use patina::name::ObjectKey;
use patina::reconcile::{Effect, PoolStateWrite, ServiceWrite, StatusWrite, Subject};
use patina::world::{Change, Condition, Kind, Object, PoolState, Released, Service};
use patina_controller::machine::{Claim, Record, Written};

use crate::plant::{Fault, Plant};

/// The object has changed since, or is another one.
pub const CONFLICT: u16 = 409;
/// A status that its spec does not allow.
pub const INVALID: u16 = 422;

/// Everything stored.
#[derive(Debug, Default)]
pub struct Server {
    objects: BTreeMap<(Kind, ObjectKey), Object>,
    lease: Option<Record>,
    version: u64,
    uids: u64,
    log: Vec<(u64, Change)>,
    /// Watches cannot go on from a version before this one.
    forgotten: u64,
    plant: Plant,
    metallb_schemas: bool,
}

impl Server {
    /// Nothing is stored yet.
    pub fn new(plant: Plant, metallb_schemas: bool) -> Self {
        Self { plant, metallb_schemas, ..Self::default() }
    }

    /// The newest version.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// All Services.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.objects.values().filter_map(|object| match object {
            Object::Service(service) => Some(service),
            _ => None,
        })
    }

    /// One Service.
    pub fn service(&self, key: &ObjectKey) -> Option<&Service> {
        match self.objects.get(&(Kind::Service, key.clone())) {
            Some(Object::Service(service)) => Some(service),
            _ => None,
        }
    }

    /// What is written down of addresses that were let go of.
    pub fn released(&self) -> impl Iterator<Item = &Released> {
        self.pool_states().flat_map(|state| &state.released)
    }

    /// The version of the PoolState that was written last.
    pub fn remembered_at(&self) -> u64 {
        self.pool_states().filter_map(|state| state.identity.version.parse().ok()).max().unwrap_or_default()
    }

    fn pool_states(&self) -> impl Iterator<Item = &PoolState> {
        self.objects.values().filter_map(|object| match object {
            Object::PoolState(state) => Some(state),
            _ => None,
        })
    }

    /// One object.
    pub fn object(&self, kind: Kind, key: &ObjectKey) -> Option<&Object> {
        self.objects.get(&(kind, key.clone()))
    }

    /// The identity of a new object.
    pub fn born(&mut self, key: ObjectKey, now: Timestamp) -> Identity {
        self.uids += 1;
        let uid = format!("u{}", self.uids).into();
        Identity { key, uid, version: "".into(), generation: 1, created: now }
    }

    /// Stores an object under a new version.
    pub fn put(&mut self, mut object: Object) {
        self.version += 1;
        let key = stamp(&mut object, self.version);
        self.log.push((self.version, Change::Apply(object.clone())));
        self.objects.insert((object.kind(), key), object);
    }

    /// Deletes an object; whether it was there.
    pub fn delete(&mut self, kind: Kind, key: &ObjectKey) -> bool {
        let gone = self.objects.remove(&(kind, key.clone())).is_some();
        if gone {
            self.version += 1;
            self.log.push((self.version, Change::Delete(kind, key.clone())));
        }
        gone
    }

    /// Gives every object a new version, and changes nothing else.
    pub fn touch(&mut self) {
        for object in self.objects.values().cloned().collect::<Vec<_>>() {
            self.put(object);
        }
    }

    /// All objects of a kind, as a list.
    pub fn list(&self, kind: Kind) -> Vec<Object> {
        self.objects.values().filter(|object| object.kind() == kind).cloned().collect()
    }

    /// What has happened to a kind after `version`; `None`: that is forgotten.
    pub fn since(&self, version: u64, kind: Kind) -> Option<Vec<(u64, Change)>> {
        if version < self.forgotten {
            return None;
        }
        let of_kind = |change: &Change| match change {
            Change::Apply(object) => object.kind() == kind,
            Change::Delete(deleted, _) => *deleted == kind,
            Change::Reset(..) => false,
        };
        let start = self.log.partition_point(|(at, _)| *at <= version);
        Some(self.log[start..].iter().filter(|(_, change)| of_kind(change)).cloned().collect())
    }

    /// Forgets old versions.
    pub fn forget(&mut self) {
        self.forgotten = self.version;
    }

    /// Carries out a write whose sender's wall clock shows `now`.
    ///
    /// # Errors
    /// The code that the API server would answer.
    pub fn write(&mut self, effect: &Effect, now: Timestamp) -> Result<Written, u16> {
        match effect {
            Effect::ServiceStatus(write) => self.write_service(write, now),
            Effect::PoolAnnotation { subject, pools } => self.change(subject, |object| {
                if let Object::Service(service) = object {
                    service.annotations.allocated_from =
                        pools.as_ref().map(|pools| pools.annotation().into());
                }
            }),
            Effect::Status(write) => self.write_status(write, now),
            Effect::PoolState(write) => self.write_pool_state(write, now),
            Effect::L2Status(_) | Effect::DeleteL2Status(_) | Effect::Notice(_) => Ok(Written::Whole),
        }
    }

    fn write_service(&mut self, write: &ServiceWrite, now: Timestamp) -> Result<Written, u16> {
        if let Some(service) = self.service(&write.subject.key) {
            if service.identity.version != write.version && !self.plant.is(Fault::IgnoresConflicts) {
                return Err(CONFLICT);
            }
            if !service.load_balancer && !write.ingress.is_empty() {
                return Err(INVALID);
            }
        }
        let keeps = self.plant.is(Fault::KeepsWhatIsCleared) && write.ingress.is_empty();
        self.change(&write.subject, |object| {
            if let Object::Service(service) = object {
                if !keeps {
                    service.ingress = write.ingress.clone().into();
                    service.inherited = service.ingress.clone();
                    service.foreign_ingress = false;
                }
                service.conditions = stamped(&write.conditions, now);
            }
        })
    }

    fn write_status(&mut self, write: &StatusWrite, now: Timestamp) -> Result<Written, u16> {
        let pruned = self.metallb_schemas && !write.conditions.is_empty();
        let conditions = if pruned { Box::default() } else { stamped(&write.conditions, now) };
        let written = self.change(&write.subject, |object| match object {
            Object::Pool(pool) => {
                pool.counters = write.counters.or(pool.counters);
                pool.conditions = conditions;
            }
            Object::Advertisement(advertisement) => advertisement.conditions = conditions,
            _ => {}
        });
        match written {
            Ok(Written::Whole) if pruned => Ok(Written::WithoutConditions),
            written => written,
        }
    }

    /// What belongs to a pool that is gone would be collected at once.
    fn write_pool_state(&mut self, write: &PoolStateWrite, now: Timestamp) -> Result<Written, u16> {
        let owner = self.object(Kind::Pool, &write.pool.key).and_then(identity);
        if owner.is_none_or(|owner| owner.uid != write.pool.uid) {
            return Ok(Written::Gone);
        }
        let standing = self.object(Kind::PoolState, &write.pool.key).and_then(identity).cloned();
        let identity = match (standing, &write.version) {
            (Some(standing), Some(version)) if standing.version == *version => standing,
            (Some(_), _) => return Err(CONFLICT),
            (None, Some(_)) => return Ok(Written::Gone),
            (None, None) => self.born(write.pool.key.clone(), now),
        };
        let released = write.released.clone().into();
        self.put(Object::PoolState(PoolState { identity, released }));
        Ok(Written::Whole)
    }

    /// A write that changes nothing makes no version.
    fn change(&mut self, subject: &Subject, change: impl FnOnce(&mut Object)) -> Result<Written, u16> {
        let Some(standing) = self.object(subject.kind, &subject.key) else { return Ok(Written::Gone) };
        if identity(standing).is_some_and(|identity| identity.uid != subject.uid) {
            return Err(CONFLICT);
        }
        let mut object = standing.clone();
        change(&mut object);
        if object != *standing {
            self.put(object);
        }
        Ok(Written::Whole)
    }

    /// The Lease.
    pub fn lease(&self) -> Option<Record> {
        self.lease.clone()
    }

    /// Writes the Lease over the version that was read; whether that one still stood.
    pub fn claim(&mut self, found: Option<&str>, claim: &Claim) -> bool {
        let standing = self.lease.as_ref().map(|lease| lease.version.as_str());
        let stands = standing == found || self.plant.is(Fault::ServesALeaseTwice);
        if stands {
            self.version += 1;
            let holder = Some(claim.holder.clone()).filter(|holder| !holder.is_empty());
            let version = self.version.to_string();
            self.lease = Some(Record { holder, duration: claim.duration, version });
        }
        stands
    }
}

fn stamped(conditions: &[Condition], now: Timestamp) -> Box<[Condition]> {
    let stamp = |condition: &Condition| {
        let since = condition.since.or(Some(now));
        Condition { since, ..condition.clone() }
    };
    conditions.iter().map(stamp).collect()
}

fn identity(object: &Object) -> Option<&Identity> {
    match object {
        Object::Service(service) => Some(&service.identity),
        Object::Pool(pool) => Some(&pool.source.identity),
        Object::Advertisement(advertisement) => Some(&advertisement.source.identity),
        Object::PoolState(state) => Some(&state.identity),
        Object::ForeignRange(range) => Some(&range.identity),
        _ => None,
    }
}

fn stamp(object: &mut Object, version: u64) -> ObjectKey {
    let identity = match object {
        Object::Service(service) => &mut service.identity,
        Object::Pool(pool) => &mut pool.source.identity,
        Object::Advertisement(advertisement) => &mut advertisement.source.identity,
        Object::PoolState(state) => &mut state.identity,
        Object::ForeignRange(range) => &mut range.identity,
        Object::Namespace(namespace) => return namespace.key.clone(),
        Object::EndpointSlice(_) | Object::Node(_) | Object::L2Status(_) | Object::ServiceCidr(_) => {
            return ObjectKey::new("", "");
        }
    };
    identity.version = version.to_string().into();
    identity.key.clone()
}
