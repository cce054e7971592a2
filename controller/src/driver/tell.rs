//! One info line per transition, where it is decided.

use std::collections::{BTreeMap, BTreeSet};

use patina::alloc::{Addresses, Plan, Refusal, Verdict};
use patina::config::Problem;
use patina::name::ServiceKey;
use patina::reconcile::Effect;
use patina::world::{Service, World};

use crate::apply::WriteError;
use crate::metrics::Metrics;

/// What was last said of each Service.
#[derive(Debug, Default)]
pub(super) struct Told {
    facts: BTreeMap<ServiceKey, Fact>,
    /// How many of them are refusals.
    waiting: usize,
}

/// What a Service holds, and why it does not hold what it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Fact {
    addresses: Addresses,
    refusal: Option<&'static str>,
}

impl Told {
    /// Nothing was said yet, and this is what stands in the statuses.
    pub(super) fn begin(world: &World) -> Self {
        let standing = |service: &Service| service.ingress.iter().copied().collect();
        let fact = |service| Fact { addresses: standing(service), refusal: None };
        let facts = world.services().map(|service| (service.key().clone(), fact(service))).collect();
        Self { facts, waiting: 0 }
    }

    /// Says and counts what has changed for these Services.
    pub(super) fn planned(&mut self, plan: &Plan, services: &BTreeSet<ServiceKey>, metrics: &Metrics) {
        for service in services {
            let now = fact(plan, service);
            let before = match plan.verdict(service) {
                Some(_) => self.facts.insert(service.clone(), now.clone()),
                None => self.facts.remove(service),
            };
            let before = before.unwrap_or_default();
            self.waiting += usize::from(now.refusal.is_some());
            self.waiting -= usize::from(before.refusal.is_some());
            let taken = taken(plan, service).filter(|_| before.addresses != now.addresses);
            if let Some(reason) = taken {
                metrics.address_taken(reason);
            }
            say(service, &before, &now, taken);
        }
    }

    /// How many Services wait.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }
}

/// Why an address was taken from the Service.
fn taken(plan: &Plan, service: &ServiceKey) -> Option<&'static str> {
    match plan.verdict(service)? {
        Verdict::Decided(decision) => decision.lost.as_ref().map(Refusal::word),
        Verdict::Clear => None,
    }
}

fn say(service: &ServiceKey, before: &Fact, now: &Fact, taken: Option<&'static str>) {
    let (from, to) = (&before.addresses, &now.addresses);
    match now.refusal.or(taken) {
        _ if before == now => {}
        Some(reason) if from == to => tracing::info!(%service, %to, reason, "a service waits"),
        refusal => {
            let reason = refusal.unwrap_or(if to.is_empty() { "Released" } else { "Allocated" });
            tracing::info!(%service, %from, %to, reason, "addresses of a service");
        }
    }
}

fn fact(plan: &Plan, service: &ServiceKey) -> Fact {
    let held = plan.ledger().holding(service);
    let refusal = match plan.verdict(service) {
        Some(Verdict::Decided(decision)) => decision.refusal.as_ref().map(|refusal| refusal.word()),
        Some(Verdict::Clear) | None => None,
    };
    Fact { addresses: held.map_or(Addresses::NONE, |holding| holding.addresses.clone()), refusal }
}

/// Problems that have come, and that they are over.
pub(super) fn configured(before: &[Problem], now: &[Problem]) {
    for problem in now.iter().filter(|problem| !before.contains(problem)) {
        tracing::warn!(object = %problem.object, kind = %problem.origin, reason = %problem, "configuration");
    }
    if now.is_empty() && !before.is_empty() {
        tracing::info!("configuration is in force without a problem");
    }
}

/// An effect that failed; it is tried again.
pub(super) fn failed(effect: &Effect, error: &WriteError) {
    let key = effect.key();
    tracing::debug!(object = %key.object, part = ?key.part, %error, "not written; trying again");
}
