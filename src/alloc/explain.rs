//! Asking the planner how a decision came about.
//!
//! The planner itself writes down what it does for the Service that somebody asks about, so that the explanation cannot
//! differ from the decision; here is added what is to be said of pools that it left alone.

use std::collections::BTreeSet;

use super::planner::{self, Planned};
use super::search::Search;
use super::{PassedOver, Plan, Policy, Step, Trace, Verdict};
use crate::config::{Config, Pool, PoolState};
use crate::name::{PoolName, ServiceKey};
use crate::time::WallTime;
use crate::world::World;

/// Plans as [`super::plan`] does, and tells how the decision on one Service came about.
pub fn explain(
    world: &World,
    config: &Config,
    policy: &Policy,
    last: &Plan,
    service: &ServiceKey,
    now: WallTime,
) -> (Plan, Trace) {
    let Planned { plan, watched } = planner::run(world, config, policy, last, Some(service), now);
    let trace = match watched {
        Some(search) => trace(search, config, &plan),
        None => Trace { others: others(config, |_| PassedOver::NotLookedAt), ..Trace::default() },
    };
    (plan, trace)
}

fn trace(mut search: Search<'_>, config: &Config, plan: &Plan) -> Trace {
    let steps = search.log.take().unwrap_or_default().steps();
    let told: BTreeSet<_> = steps.iter().flat_map(Step::pools).cloned().collect();
    let mut others = others(config, |pool| untried(&search, pool, &steps));
    others.retain(|(pool, _)| !told.contains(pool));
    let held = match plan.verdict(search.key()) {
        Some(Verdict::Decided(decision)) => decision.allocation.as_ref(),
        Some(Verdict::Clear) | None => None,
    };
    let kept = search.kept_for(held, plan.ledger());
    Trace { demand: Some(search.demand), kept, steps, others }
}

fn others(config: &Config, why: impl Fn(&Pool) -> PassedOver) -> Vec<(PoolName, PassedOver)> {
    let reason = |pool: &Pool| if pool.state == PoolState::Invalid { PassedOver::Invalid } else { why(pool) };
    config.pools().map(|pool| (pool.name.clone(), reason(pool))).collect()
}

/// Why nothing was tried with a pool.
fn untried(search: &Search<'_>, pool: &Pool, steps: &[Step]) -> PassedOver {
    if let Some(passed) = search.barred(pool) {
        return passed;
    }
    let Ok(asked) = &search.demand.pool else { return PassedOver::NotLookedAt };
    if let Some(asked) = asked.as_ref().filter(|asked| !asked.names(&pool.name)) {
        return PassedOver::NotRequested(asked.clone());
    }
    if search.demand.requested != Ok(None) || search.demand.per_family.is_err() {
        return PassedOver::NotLookedAt;
    }
    if asked.is_none() && !pool.auto_assign {
        return PassedOver::NotAutoAssigned;
    }
    let served = steps.iter().any(|step| step.found().is_some());
    if served { PassedOver::NotNeeded } else { PassedOver::NotLookedAt }
}
