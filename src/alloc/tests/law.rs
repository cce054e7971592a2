//! What holds whatever happens: random clusters, random changes.

use proptest::prelude::*;

use super::cluster::{
    Cluster, dual, excluding, in_pool, node, pinned, pool, requesting, service, sharing, v6,
};
use crate::addr::Family;
use crate::alloc::{
    self, Decision, Fate, PassedOver, Plan, Refusal, Terms, Verdict, explain, forecast, plan, replan,
};
use crate::config::PoolSource;
use crate::world::{FamilyPolicy, Kind, Object, Protocol, Service, Touched, TrafficPolicy};

/// What happens to a cluster.
#[derive(Clone, Debug)]
enum Step {
    Pools(u8),
    Nodes(bool),
    Apply(Box<Service>),
    Delete(String),
    Turn,
    Decide,
    Restart,
}

fn any_service() -> impl Strategy<Value = Service> {
    let shape = (0..8usize, 0..4u8, 0..7u8, 0..4u8, 0..6u8, any::<bool>(), any::<bool>());
    shape.prop_map(|(name, families, request, share, several, local, balancer)| {
        let service = service(&format!("s{name}"), (name * 7 % 8) as i64);
        let service = match families {
            0 => v6(service),
            1 => dual(service, FamilyPolicy::Prefer),
            2 => dual(service, FamilyPolicy::Require),
            _ => service,
        };
        let service = match request {
            0 => in_pool(service, "a"),
            1 => in_pool(service, "b"),
            2 => requesting(service, "192.0.2.1"),
            3 => in_pool(service, "a,b"),
            _ => service,
        };
        let service = match several {
            0 => per_family(service, "2"),
            1 => per_family(service, "3"),
            2 => per_family(service, "many"),
            _ => service,
        };
        let service = match share {
            0 => sharing(service, "k", Protocol::Tcp, 80),
            1 => sharing(service, "k", Protocol::Tcp, 443),
            _ => service,
        };
        let traffic_policy = if local { TrafficPolicy::Local } else { TrafficPolicy::Cluster };
        Service { traffic_policy, load_balancer: balancer || name > 2, ..service }
    })
}

fn per_family(mut service: Service, count: &str) -> Service {
    service.annotations.per_family = Some(count.into());
    service
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0..6u8).prop_map(Step::Pools),
        1 => any::<bool>().prop_map(Step::Nodes),
        6 => any_service().prop_map(|service| Step::Apply(Box::new(service))),
        2 => (0..8usize).prop_map(|name| Step::Delete(format!("s{name}"))),
        3 => Just(Step::Turn),
        2 => Just(Step::Decide),
        1 => Just(Step::Restart),
    ]
}

fn pools(which: u8) -> Vec<PoolSource> {
    match which {
        0 => vec![],
        1 => vec![pool("a", &["192.0.2.0-192.0.2.2"])],
        2 => vec![pool("a", &["192.0.2.0-192.0.2.2", "2001:db8::/126"])],
        3 => vec![pool("a", &["192.0.2.1-192.0.2.2"]), pool("b", &["198.51.100.0/31", "2001:db8::/127"])],
        4 => vec![
            pinned("a", &["192.0.2.0/30"], 3),
            excluding("2001:db8::1-2001:db8::2", pool("b", &["2001:db8::/64"])),
        ],
        _ => vec![pool("a", &["nonsense"]), pool("b", &["192.0.2.0-192.0.2.1", "2001:db8::/127"])],
    }
}

impl Cluster {
    fn take(&mut self, step: Step) {
        match step {
            Step::Pools(which) => self.pools(&pools(which)),
            Step::Nodes(near) => self.nodes(&[node("n", &[if near { "192.0.2.1" } else { "203.0.113.1" }])]),
            Step::Apply(service) => self.apply(*service),
            Step::Delete(name) => self.delete(&name),
            Step::Turn => self.turn(),
            Step::Decide => self.decide(),
            Step::Restart => self.restart(),
        }
    }

    fn lived(steps: &[Step], strict: bool) -> Self {
        let mut cluster = if strict { Self::default().strict() } else { Self::default() };
        for step in steps {
            cluster.take(step.clone());
        }
        cluster
    }

    /// No address for two Services that cannot share it; every address in the pool that it is said to come from.
    fn is_lawful(&self) {
        let ledger = self.plan.ledger();
        for (key, holding) in ledger.holdings() {
            let service = self.world.service(key).unwrap();
            assert!(service.load_balancer, "{key} holds and asks for nothing");
            assert_eq!(*holding.terms, Terms::of(service));
            for address in holding.addresses.iter() {
                assert_eq!(ledger.check(address, key, &holding.terms), Ok(()), "{key}");
                assert!(ledger.holders(address).contains(key));
                let from = service.annotations.allocated_from.as_deref();
                let pool = self.config.pool_of(address, from).map(|pool| &pool.name);
                assert_eq!(pool, holding.pools.of(Family::of(address)), "{key} {address}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_address_is_held_by_two_that_cannot_share(steps in prop::collection::vec(any_step(), 1..30), strict: bool) {
        let mut cluster = Cluster::lived(&steps, strict);
        cluster.decide();
        cluster.is_lawful();
    }

    #[test]
    fn planning_twice_changes_nothing(steps in prop::collection::vec(any_step(), 1..30), strict: bool) {
        let mut cluster = Cluster::lived(&steps, strict);
        cluster.decide();
        let again = plan(&cluster.world, &cluster.config, &cluster.policy, &cluster.plan, cluster.now);
        prop_assert_eq!(again.ledger(), cluster.plan.ledger());
    }

    #[test]
    fn neither_an_arriving_status_nor_a_restart_changes_anything(
        steps in prop::collection::vec(any_step(), 1..30),
        strict: bool,
    ) {
        let mut cluster = Cluster::lived(&steps, strict);
        cluster.turn();
        let decided = cluster.plan.clone();
        cluster.decide();
        prop_assert_eq!(cluster.plan.ledger(), decided.ledger());
        cluster.restart();
        cluster.decide();
        prop_assert_eq!(cluster.plan.ledger(), decided.ledger());
    }

    #[test]
    fn a_service_that_nobody_touches_keeps_what_it_holds(
        steps in prop::collection::vec(any_step(), 1..20),
        changed in any_service(),
    ) {
        let mut cluster = Cluster::lived(&steps, false);
        cluster.turn();
        let before = cluster.plan.clone();
        cluster.apply(changed.clone());
        cluster.turn();
        for (key, holding) in before.ledger().holdings().filter(|(key, _)| *key != changed.key()) {
            let now = cluster.plan.ledger().holding(key).map(|h| h.addresses.clone());
            let verdict = before.verdict(key);
            let waited = matches!(verdict, Some(Verdict::Decided(d)) if d.waits());
            let same = now.as_ref() == Some(&holding.addresses);
            prop_assert!(waited || same, "{key}: {} became {now:?} after {verdict:?}", holding.addresses);
        }
    }

    #[test]
    fn the_short_way_leads_to_the_same_place(
        steps in prop::collection::vec(any_step(), 1..20),
        changes in prop::collection::vec(any_service(), 1..4),
        deleted in prop::option::of(0..8usize),
    ) {
        let mut cluster = Cluster::lived(&steps, false);
        cluster.decide();
        let mut touched = Touched::default();
        for change in changes {
            let mut change = change;
            if let Some(standing) = cluster.world.service(change.key()) {
                change.ingress.clone_from(&standing.ingress);
            }
            touched.merge(cluster.world.apply(Object::Service(change)));
        }
        if let Some(name) = deleted {
            let key = crate::name::ObjectKey::new("web", format!("s{name}"));
            touched.merge(cluster.world.delete(Kind::Service, &key));
        }
        let whole = plan(&cluster.world, &cluster.config, &cluster.policy, &cluster.plan, cluster.now);
        let (short, _) = replan(&cluster.world, &cluster.config, &cluster.policy, cluster.plan, &touched, cluster.now);
        prop_assert_eq!(short.ledger(), whole.ledger());
        for key in &touched.services {
            prop_assert_eq!(short.verdict(key), whole.verdict(key));
        }
    }

    #[test]
    fn an_explanation_ends_where_the_plan_does(steps in prop::collection::vec(any_step(), 1..30), strict: bool) {
        let cluster = Cluster::lived(&steps, strict);
        let decided = plan(&cluster.world, &cluster.config, &cluster.policy, &cluster.plan, cluster.now);
        for service in cluster.world.services() {
            let (same, trace) =
                explain(&cluster.world, &cluster.config, &cluster.policy, &cluster.plan, service.key(), cluster.now);
            prop_assert_eq!(&same, &decided);
            let decision = decision(&decided, service);
            let held = decision.allocation.as_ref();
            prop_assert!(held.is_none() || trace.found() == held, "{:?} {decision:?}", trace.steps);
            let searched = trace.steps.iter().filter(|step| !matches!(step, alloc::Step::Keep { .. }));
            let found = searched.filter_map(alloc::Step::found).next();
            prop_assert!(held.is_some() || found.is_none(), "{:?} {decision:?}", trace.steps);
            for pool in cluster.config.pools() {
                let tried = trace.steps.iter().any(|step| step.pools().any(|name| *name == pool.name));
                let told = trace.others.iter().any(|(name, _)| *name == pool.name);
                prop_assert!(tried != told, "{} in {:?} {:?}", pool.name, trace.steps, trace.others);
            }
            let needed = matches!(decision.refusal, Some(Refusal::Exhausted(_)));
            let spared = trace.others.iter().any(|(_, passed)| *passed == PassedOver::NotNeeded);
            prop_assert!(held.is_some() || !needed || !spared, "{:?}", trace.others);
        }
    }

    #[test]
    fn a_forecast_is_what_comes(steps in prop::collection::vec(any_step(), 1..20), which in 0..6u8) {
        let mut cluster = Cluster::lived(&steps, false);
        cluster.turn();
        cluster.restart();
        cluster.decide();
        let before = cluster.plan.clone();
        let standing = cluster.world.clone();
        cluster.pools(&pools(which));
        cluster.decide();
        let foretold = forecast(&standing, &cluster.world, &cluster.policy, cluster.now);
        for service in cluster.world.services() {
            let Some(prospect) = foretold.prospects.get(service.key()) else { continue };
            prop_assert_eq!(&prospect.now, &decision(&before, service));
            prop_assert_eq!(&prospect.then, &decision(&cluster.plan, service));
        }
    }

    #[test]
    fn without_a_change_nobody_is_disturbed(steps in prop::collection::vec(any_step(), 1..30), strict: bool) {
        let cluster = Cluster::lived(&steps, strict);
        let foretold = forecast(&cluster.world, &cluster.world, &cluster.policy, cluster.now);
        prop_assert!(!foretold.disturbs(), "{foretold:#?}");
        prop_assert_eq!(foretold.count(Fate::Served), 0);
    }
}

fn decision(plan: &Plan, service: &Service) -> Decision {
    match plan.verdict(service.key()) {
        Some(Verdict::Decided(decision)) => (**decision).clone(),
        Some(Verdict::Clear) | None => Decision::default(),
    }
}
