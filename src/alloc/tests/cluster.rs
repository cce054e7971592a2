//! A small cluster in words: pools, Services, and one turn of planning and writing.

use crate::addr::Family;
use crate::alloc::{Decision, Plan, Policy, Strictness, Verdict, plan};
use crate::config::{AllocationSource, Config, ForeignSource, Identity, Labels, PoolSource, Timestamp};
use crate::name::ObjectKey;
use crate::time::WallTime;
use crate::world::{
    Annotated, Annotations, FamilyPolicy, Kind, Namespace, Node, Object, Pool, Port, Protocol, Service,
    TrafficPolicy, World,
};

#[derive(Default)]
pub(crate) struct Cluster {
    pub(crate) world: World,
    pub(crate) config: Config,
    pub(crate) policy: Policy,
    pub(crate) plan: Plan,
    /// The date, in seconds since 1970.
    pub(crate) now: WallTime,
}

pub(crate) fn identity(namespace: &str, name: &str, created: i64) -> Identity {
    Identity {
        key: ObjectKey::new(namespace, name),
        uid: format!("uid-{name}").into(),
        version: "1".into(),
        generation: 1,
        created: Timestamp(created),
    }
}

pub(crate) fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

pub(crate) fn pool(name: &str, addresses: &[&str]) -> PoolSource {
    PoolSource {
        identity: identity("metallb-system", name, 0),
        labels: Labels::default(),
        addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
        auto_assign: true,
        avoid_buggy: false,
        allocation: None,
        options: Default::default(),
        unsupported: Vec::new(),
    }
}

/// A pool with annotations under `patina.dev/`.
pub(crate) fn asking(name: &str, addresses: &[&str], options: &[(&str, &str)]) -> PoolSource {
    let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    PoolSource { options, ..pool(name, addresses) }
}

/// A pool that is tried before the open ones.
pub(crate) fn pinned(name: &str, addresses: &[&str], priority: i64) -> PoolSource {
    let allocation = AllocationSource { priority, ..AllocationSource::default() };
    PoolSource { allocation: Some(allocation), ..pool(name, addresses) }
}

/// A pool that leaves these addresses out.
pub(crate) fn excluding(excluded: &str, pool: PoolSource) -> PoolSource {
    PoolSource { options: [("exclude".to_owned(), excluded.to_owned())].into(), ..pool }
}

/// A node with these addresses of its own.
pub(crate) fn node(name: &str, addresses: &[&str]) -> Node {
    Node {
        name: name.into(),
        labels: Labels::default(),
        ready: true,
        network_unavailable: false,
        addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
        pod_ranges: Box::default(),
    }
}

/// An IPv4 Service on port 80, created at second `created`.
pub(crate) fn service(name: &str, created: i64) -> Service {
    Service {
        identity: identity("web", name, created),
        load_balancer: true,
        class: None,
        cluster_families: [Some(Family::V4)].into(),
        cluster_addresses: Box::default(),
        family_policy: FamilyPolicy::Single,
        primary_family: Some(Family::V4),
        traffic_policy: TrafficPolicy::Cluster,
        ports: [Port { protocol: Protocol::Tcp, port: 80 }].into(),
        selector: labels(&[("app", name)]),
        load_balancer_ip: None,
        annotations: Annotations::default(),
        labels: Labels::default(),
        ingress: Box::default(),
        foreign_ingress: false,
        conditions: Box::default(),
        inherited: Box::default(),
    }
}

pub(crate) fn v6(service: Service) -> Service {
    let cluster_families = [Some(Family::V6)].into();
    Service { cluster_families, primary_family: Some(Family::V6), ..service }
}

pub(crate) fn dual(service: Service, family_policy: FamilyPolicy) -> Service {
    Service { cluster_families: [Some(Family::V4), Some(Family::V6)].into(), family_policy, ..service }
}

pub(crate) fn annotated(value: &str) -> Option<Annotated> {
    Some(Annotated { value: value.into(), deprecated: false })
}

pub(crate) fn in_pool(mut service: Service, pool: &str) -> Service {
    service.annotations.address_pool = annotated(pool);
    service
}

pub(crate) fn requesting(mut service: Service, addresses: &str) -> Service {
    service.annotations.load_balancer_ips = annotated(addresses);
    service
}

pub(crate) fn sharing(mut service: Service, key: &str, protocol: Protocol, port: u16) -> Service {
    service.annotations.allow_shared_ip = annotated(key);
    service.ports = [Port { protocol, port }].into();
    service
}

pub(crate) fn holding(mut service: Service, addresses: &[&str]) -> Service {
    service.ingress = addresses.iter().map(|a| a.parse().unwrap()).collect();
    service
}

impl Cluster {
    pub(crate) fn with(pools: &[PoolSource]) -> Self {
        let mut cluster = Self::default();
        cluster.pools(pools);
        cluster
    }

    pub(crate) fn strict(mut self) -> Self {
        self.policy.strictness = Strictness::Parity;
        self
    }

    /// These pools and no others.
    pub(crate) fn pools(&mut self, pools: &[PoolSource]) {
        let pools = pools.iter().map(|source| {
            Object::Pool(Pool { source: source.clone(), counters: None, conditions: Box::default() })
        });
        self.world.reset(Kind::Pool, pools.collect());
        self.config = Config::build(&self.world.written(), &self.config).0;
    }

    /// These nodes and no others.
    pub(crate) fn nodes(&mut self, nodes: &[Node]) {
        self.world.reset(Kind::Node, nodes.iter().cloned().map(Object::Node).collect());
        self.config = Config::build(&self.world.written(), &self.config).0;
    }

    /// These ranges are somebody else's, and no others.
    pub(crate) fn foreign(&mut self, ranges: &[(&str, &str)]) {
        let source = |(name, range): &(&str, &str)| ForeignSource {
            identity: identity("", name, 0),
            addresses: vec![(*range).to_owned()],
            description: String::new(),
        };
        let ranges = ranges.iter().map(source).map(Object::ForeignRange).collect();
        self.world.reset(Kind::ForeignRange, ranges);
        self.config = Config::build(&self.world.written(), &self.config).0;
    }

    pub(crate) fn namespace(&mut self, name: &str, pairs: &[(&str, &str)]) {
        let namespace = Namespace { key: ObjectKey::new("", name), uid: name.into(), labels: labels(pairs) };
        self.world.apply(Object::Namespace(namespace));
    }

    /// The user creates or changes a Service; its status stays.
    pub(crate) fn apply(&mut self, mut service: Service) {
        if let Some(standing) = self.world.service(service.key()) {
            service.ingress.clone_from(&standing.ingress);
            service.annotations.allocated_from.clone_from(&standing.annotations.allocated_from);
        }
        self.put(service);
    }

    /// The Service looks like this, status included.
    pub(crate) fn put(&mut self, service: Service) {
        self.world.apply(Object::Service(service));
    }

    /// Another object of the same name.
    pub(crate) fn recreate(&mut self, mut service: Service, uid: &str) {
        service.identity.uid = uid.into();
        self.apply(service);
    }

    pub(crate) fn delete(&mut self, name: &str) {
        self.world.delete(Kind::Service, &ObjectKey::new("web", name));
    }

    /// Plans, and lets every status arrive.
    pub(crate) fn turn(&mut self) {
        self.decide();
        self.arrive();
    }

    pub(crate) fn decide(&mut self) {
        self.plan = plan(&self.world, &self.config, &self.policy, &self.plan, self.now);
    }

    pub(crate) fn arrive(&mut self) {
        let services: Vec<Service> = self.world.services().cloned().collect();
        for mut service in services {
            let Some(verdict) = self.plan.verdict(service.key()) else { continue };
            let (ingress, pool) = match verdict {
                Verdict::Clear => (Box::default(), None),
                Verdict::Decided(decision) => {
                    let pool = decision.allocation.as_ref().map(|a| a.pools.annotation().into());
                    (decision.addresses().iter().collect(), pool)
                }
            };
            service.ingress = ingress;
            service.annotations.allocated_from = pool;
            self.put(service);
        }
    }

    /// A controller that has just started remembers nothing.
    pub(crate) fn restart(&mut self) {
        self.plan = Plan::default();
        self.config = Config::build(&self.world.written(), &Config::default()).0;
    }

    pub(crate) fn decision(&self, name: &str) -> &Decision {
        match self.plan.verdict(&ObjectKey::new("web", name)) {
            Some(Verdict::Decided(decision)) => decision,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// What the Service holds, in words; or why it holds nothing.
    pub(crate) fn answer(&self, name: &str) -> String {
        let decision = self.decision(name);
        match (&decision.allocation, &decision.refusal) {
            (Some(allocation), None) => allocation.addresses.to_string(),
            (Some(allocation), Some(refusal)) => format!("{} although {refusal}", allocation.addresses),
            (None, Some(refusal)) => refusal.to_string(),
            (None, None) => panic!("{name} has neither address nor refusal"),
        }
    }

    pub(crate) fn answers<const N: usize>(&self, names: [&str; N]) -> [String; N] {
        names.map(|name| self.answer(name))
    }

    /// The only Service of this cluster, after a turn.
    pub(crate) fn answer_to(&mut self, service: Service) -> String {
        let name = service.key().name.clone();
        self.apply(service);
        self.turn();
        self.answer(&name)
    }
}
