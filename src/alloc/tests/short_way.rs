//! Only a few Services have changed: who leaves, and who waits for what he held.

use super::cluster::{Cluster, pool, service};
use crate::alloc::{Verdict, replan};
use crate::name::ObjectKey;
use crate::world::{Kind, Object, Service, Touched};

/// One address, held by `holder`.
fn one_address() -> Cluster {
    let mut cluster = Cluster::with(&[pool("a", &["192.0.2.1-192.0.2.1"])]);
    cluster.apply(service("holder", 1));
    cluster.turn();
    cluster
}

impl Cluster {
    fn leaves(&mut self, name: &str) -> Touched {
        self.world.delete(Kind::Service, &ObjectKey::new("web", name))
    }

    fn comes(&mut self, service: Service) -> Touched {
        self.world.apply(Object::Service(service))
    }

    fn replan(&mut self, touched: &Touched) {
        let last = std::mem::take(&mut self.plan);
        self.plan = replan(&self.world, &self.config, &self.policy, last, touched, self.now).0;
    }
}

#[test]
fn what_a_service_held_that_is_gone_goes_to_who_waits() {
    let mut cluster = one_address();
    let waits = cluster.comes(service("waiting", 2));
    cluster.replan(&waits);
    assert_eq!(cluster.answer("waiting"), "Exhausted");
    let left = cluster.leaves("holder");
    cluster.replan(&left);
    assert_eq!(cluster.answer("waiting"), "192.0.2.1");
}

#[test]
fn what_nobody_waits_for_is_free_for_the_next_who_comes() {
    let mut cluster = one_address();
    let left = cluster.leaves("holder");
    cluster.replan(&left);
    assert_eq!(cluster.plan.ledger().holdings().count(), 0);
    let came = cluster.comes(service("next", 2));
    cluster.replan(&came);
    assert_eq!(cluster.answer("next"), "192.0.2.1");
}

#[test]
fn who_comes_in_the_same_turn_finds_the_address_of_who_leaves() {
    let mut cluster = one_address();
    let mut touched = cluster.comes(service("older", 0));
    let flipped = Service {
        load_balancer: false,
        ..cluster.world.service(&ObjectKey::new("web", "holder")).unwrap().clone()
    };
    touched.merge(cluster.comes(flipped));
    cluster.replan(&touched);
    assert_eq!(cluster.answer("older"), "192.0.2.1");
    assert_eq!(cluster.plan.verdict(&ObjectKey::new("web", "holder")), Some(&Verdict::Clear));
}
