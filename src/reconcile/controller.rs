//! The controller's half: Services, pools and advertisements.

use std::collections::BTreeSet;

use super::grounds::Grounds;
use super::{Effect, remembered, service, written};
use crate::alloc::Plan;
use crate::config::{Config, Problem};
use crate::name::{ObjectKey, ServiceKey};
use crate::world::{Kind, L2Status, Service, Touched, World};

/// Whose CRDs the cluster has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CrdFlavor {
    /// Pools and advertisements have a place for conditions.
    #[default]
    Ours,
    /// They have none: problems are told by notices alone.
    MetalLb,
}

/// What was looked at, and what is due on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Review {
    /// Every object that was looked at, whether something is due on it or not.
    pub subjects: Vec<(Kind, ObjectKey)>,
    /// What is due.
    pub effects: Vec<Effect>,
}

/// What the controller's decisions rest on.
#[derive(Clone, Copy, Debug)]
pub struct Controller<'a> {
    /// Everything known.
    pub world: &'a World,
    /// What is in force.
    pub config: &'a Config,
    /// What is wrong with what the operator wrote.
    pub problems: &'a [Problem],
    /// Who gets what.
    pub plan: &'a Plan,
    /// Whose CRDs the cluster has.
    pub crds: CrdFlavor,
}

impl Controller<'_> {
    /// Looks at what may have become due: at the Services that were `touched` or whose verdict has `changed`, and at all
    /// that the operator wrote. A change that concerns every Service makes it look at all of them.
    pub fn review(&self, touched: &Touched, changed: &BTreeSet<ServiceKey>) -> Review {
        if touched.config() || touched.kinds.contains(&Kind::Namespace) || touched.kinds.contains(&Kind::Node)
        {
            let gone = touched.services.union(changed);
            return self.review_these(self.known().into_iter().chain(gone).collect::<BTreeSet<_>>());
        }
        self.review_these(touched.services.union(changed))
    }

    /// Looks at everything: after a start, and when leadership has come.
    pub fn review_all(&self) -> Review {
        self.review_these(self.known())
    }

    /// Services that are known, and those that somebody says he announces.
    fn known(&self) -> BTreeSet<&ServiceKey> {
        let announced = self.world.l2statuses().filter_map(|status| status.service.as_ref());
        self.world.services().map(Service::key).chain(announced).collect()
    }

    fn review_these<'k>(&self, services: impl IntoIterator<Item = &'k ServiceKey>) -> Review {
        let mut review = Review::default();
        for key in services {
            self.review_service(key, &mut review);
        }
        self.review_written(&mut review);
        review
    }

    fn grounds(&self) -> Grounds<'_> {
        Grounds { world: self.world, config: self.config, plan: self.plan }
    }

    fn review_written(&self, review: &mut Review) {
        for pool in self.world.pools() {
            review.subjects.push((Kind::Pool, pool.source.identity.key.clone()));
            review.effects.extend(written::pool(self.grounds(), self.problems, pool, self.crds));
            review.subjects.push((Kind::PoolState, pool.source.identity.key.clone()));
            review.effects.extend(remembered::pool_state(self.grounds(), pool));
        }
        let of_no_pool = self.world.pool_states().map(|state| &state.identity.key);
        review.subjects.extend(of_no_pool.map(|key| (Kind::PoolState, key.clone())));
        for range in self.world.foreign_ranges() {
            review.subjects.push((Kind::ForeignRange, range.identity.key.clone()));
            review.effects.extend(written::foreign_range(self.problems, range));
        }
        for advertisement in self.world.advertisements() {
            review.subjects.push((Kind::Advertisement, advertisement.source.identity.key.clone()));
            review.effects.extend(written::advertisement(self.problems, advertisement, self.crds));
        }
    }

    fn review_service(&self, key: &ServiceKey, review: &mut Review) {
        review.subjects.push((Kind::Service, key.clone()));
        if let Some(service) = self.world.service(key) {
            review.effects.extend(service::effects(self.grounds(), service));
        }
        for status in self.world.announcers(key) {
            review.subjects.push((Kind::L2Status, status.identity.key.clone()));
            let left_over = self.is_left_over(status);
            review.effects.extend(left_over.then(|| Effect::DeleteL2Status(status.identity.key.clone())));
        }
    }

    /// A ServiceL2Status whose Node is gone has nobody else to remove it.
    fn is_left_over(&self, status: &L2Status) -> bool {
        let node = status.node.as_ref().filter(|_| self.world.knows(&[Kind::Node]));
        node.is_some_and(|node| self.world.node(node).is_none())
    }
}
