//! A cluster whose effects are carried out at once, as an API server would.

use std::ops::{Deref, DerefMut};

use crate::alloc::tests::cluster::{Cluster, identity};
use crate::config::{Config, Identity, PoolSource, Problem, Timestamp};
use crate::name::{NodeName, ObjectKey};
use crate::reconcile::{Controller, CrdFlavor, Effect, Notice, Review};
use crate::world::{Advertisement, Kind, L2Status, Node, Object, PoolState};

#[derive(Default)]
pub(super) struct Room {
    pub(super) cluster: Cluster,
    pub(super) problems: Vec<Problem>,
    pub(super) crds: CrdFlavor,
}

impl Deref for Room {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut Cluster {
        &mut self.cluster
    }
}

impl Room {
    pub(super) fn with(pools: &[PoolSource]) -> Self {
        let mut room = Self { cluster: Cluster::with(pools), ..Self::default() };
        room.read();
        room
    }

    /// Reads again what the operator wrote.
    pub(super) fn read(&mut self) {
        let last = self.cluster.config.clone();
        (self.cluster.config, self.problems) = Config::build(&self.cluster.world.written(), &last);
    }

    pub(super) fn advertise(&mut self, advertisement: Advertisement) {
        self.cluster.world.apply(Object::Advertisement(advertisement));
        self.read();
    }

    pub(super) fn nodes(&mut self, ready: &[(&str, bool)]) {
        let node = |(name, ready): &(&str, bool)| Node {
            name: NodeName::from(*name),
            labels: Default::default(),
            ready: *ready,
            network_unavailable: false,
            addresses: [].into(),
            pod_ranges: [].into(),
        };
        self.cluster.world.reset(Kind::Node, ready.iter().map(|n| Object::Node(node(n))).collect());
    }

    /// A speaker says that it answers for the Service `web/name`.
    pub(super) fn announce(&mut self, node: &str, name: &str, created: i64) {
        let identity = Identity {
            key: ObjectKey::new("metallb-system", format!("l2-{node}-{name}")),
            uid: "u".into(),
            version: "1".into(),
            generation: 0,
            created: Timestamp(created),
        };
        self.cluster.world.apply(Object::L2Status(L2Status {
            identity,
            service: Some(ObjectKey::new("web", name)),
            node: Some(NodeName::from(node)),
            links: vec!["eth0".into()],
        }));
    }

    pub(super) fn controller(&self) -> Controller<'_> {
        Controller {
            world: &self.cluster.world,
            config: &self.cluster.config,
            problems: &self.problems,
            plan: &self.cluster.plan,
            crds: self.crds,
        }
    }

    pub(super) fn review(&self) -> Review {
        self.controller().review_all()
    }

    /// Decides, and carries every effect out.
    pub(super) fn settle(&mut self) -> Vec<Effect> {
        self.cluster.decide();
        let effects = self.review().effects;
        for effect in &effects {
            self.carry_out(effect);
        }
        effects
    }

    fn carry_out(&mut self, effect: &Effect) {
        let world = &mut self.cluster.world;
        match effect {
            Effect::ServiceStatus(write) => {
                let mut service = world.service(&write.subject.key).unwrap().clone();
                service.ingress = write.ingress.clone().into();
                service.foreign_ingress = false;
                service.conditions = write.conditions.clone().into();
                world.apply(Object::Service(service));
            }
            Effect::PoolAnnotation { subject, pools } => {
                let mut service = world.service(&subject.key).unwrap().clone();
                service.annotations.allocated_from = pools.as_ref().map(|p| p.annotation().into());
                world.apply(Object::Service(service));
            }
            Effect::Status(write) if write.subject.kind == Kind::Pool => {
                let mut pool =
                    world.pools().find(|p| p.source.identity.key == write.subject.key).unwrap().clone();
                pool.counters = write.counters;
                pool.conditions = write.conditions.clone().into();
                world.apply(Object::Pool(pool));
            }
            Effect::Status(write) => {
                let mut advertisement = world
                    .advertisements()
                    .find(|a| a.source.identity.key == write.subject.key)
                    .unwrap()
                    .clone();
                advertisement.conditions = write.conditions.clone().into();
                world.apply(Object::Advertisement(advertisement));
            }
            Effect::PoolState(write) => {
                let identity =
                    Identity { version: "2".into(), ..identity("metallb-system", &write.pool.key.name, 0) };
                let released = write.released.clone().into();
                world.apply(Object::PoolState(PoolState { identity, released }));
            }
            Effect::DeleteL2Status(key) => {
                world.delete(Kind::L2Status, key);
            }
            Effect::L2Status(_) | Effect::Notice(_) => {}
        }
    }

    /// A condition of the Service `web/name`, in words.
    pub(super) fn condition(&self, name: &str, kind: &str) -> String {
        let service = self.cluster.world.service(&ObjectKey::new("web", name)).unwrap();
        let condition = service.condition(&format!("patina.dev/{kind}")).unwrap();
        format!("{} {}: {}", condition.status, condition.reason, condition.message)
    }
}

/// The notices among these effects, in words.
pub(super) fn notices(effects: &[Effect]) -> Vec<String> {
    let told = |n: &Notice| format!("{} {} {}", n.severity, n.reason, n.message);
    effects.iter().filter_map(|e| if let Effect::Notice(n) = e { Some(told(n)) } else { None }).collect()
}
