//! The short way when only a few Services have changed: no address is freed, or nobody waits for one, so nobody else is
//! concerned.

use std::collections::BTreeSet;

use super::planner::Seat;
use super::{Decision, Plan, Policy, Verdict, plan};
use crate::config::Config;
use crate::name::ServiceKey;
use crate::time::WallTime;
use crate::world::{Kind, Service, Touched, World};

/// As [`plan`], when only what is `touched` has changed since `last`; and the Services whose verdict may have changed.
///
/// Services that have come, and statuses that have arrived, are decided one by one; so are Services that have gone, unless
/// somebody waits for what they held, and Services whose address others could share who wait. Everything else is planned anew: a change that moves an address or alters the terms
/// of sharing may concern anybody.
pub fn replan(
    world: &World,
    config: &Config,
    policy: &Policy,
    mut last: Plan,
    touched: &Touched,
    now: WallTime,
) -> (Plan, BTreeSet<ServiceKey>) {
    last.ledger.date(now);
    if touched.statuses.contains(&Kind::PoolState) {
        last.ledger.read(world, config);
    }
    let distant = |kind: &Kind| match kind {
        Kind::Service
        | Kind::L2Status
        | Kind::EndpointSlice
        | Kind::Node
        | Kind::PoolState
        | Kind::ForeignRange
        | Kind::ServiceCidr
        | Kind::Link => true,
        Kind::Namespace | Kind::Pool | Kind::Advertisement => false,
    };
    let short = (!touched.occupied && touched.kinds.iter().all(distant))
        .then(|| steps(world, config, policy, &mut last, touched));
    let Some(steps) = short.flatten() else {
        let plan = plan(world, config, policy, &last, now);
        let changed = plan.changed_since(&last);
        return (plan, changed);
    };
    let mut leaving = last.leaving_of(&touched.services);
    for step in steps {
        last.take(step, policy);
    }
    leaving.extend(last.leaving_of(&touched.services));
    let mut changed = last.holders_of(leaving);
    changed.extend(touched.services.iter().cloned());
    (last, changed)
}

/// What a touched Service needs, when it concerns nobody else.
enum Step<'a> {
    /// It is gone.
    Forget(ServiceKey),
    /// It gets nothing.
    Close(&'a Service, Option<Verdict>),
    /// It keeps what it holds.
    Keep(Seat<'a>, Box<Decision>),
    /// It holds nothing yet.
    Serve(Seat<'a>),
}

impl Step<'_> {
    fn frees(&self, last: &Plan) -> bool {
        let leaves = match self {
            Self::Forget(key) => key,
            Self::Close(service, _) => service.key(),
            Self::Keep(..) | Self::Serve(_) => return false,
        };
        last.ledger.holding(leaves).is_some()
    }

    /// Others who wait may share what it gets.
    fn may_be_joined(&self) -> bool {
        matches!(self, Self::Serve(seat) if seat.search.may_be_joined())
    }

    /// It was decided while everybody still held what he held.
    fn waits(&self) -> bool {
        matches!(self, Self::Keep(_, decision) if decision.waits())
    }
}

/// One step for each touched Service, first those that leave, then the oldest; `None` if they need more than a step each.
fn steps<'a>(
    world: &'a World,
    config: &'a Config,
    policy: &Policy,
    last: &mut Plan,
    touched: &Touched,
) -> Option<Vec<Step<'a>>> {
    let (known, gone): (Vec<_>, Vec<_>) =
        touched.services.iter().partition(|key| world.service(key).is_some());
    let mut steps: Vec<_> = gone.into_iter().cloned().map(Step::Forget).collect();
    let mut by_age: Vec<&Service> = known.into_iter().filter_map(|key| world.service(key)).collect();
    by_age.sort_unstable_by(|a, b| a.identity.age().cmp(&b.identity.age()));
    for service in by_age {
        steps.push(step(world, config, policy, last, service)?);
    }
    steps.sort_by_key(|step| matches!(step, Step::Keep(..) | Step::Serve(_)));
    let frees = steps.iter().any(|step| step.frees(last) || step.may_be_joined());
    let concerned = frees && (last.verdicts.anybody_waits() || steps.iter().any(Step::waits));
    (!concerned).then_some(steps)
}

fn step<'a>(
    world: &'a World,
    config: &'a Config,
    policy: &Policy,
    last: &mut Plan,
    service: &'a Service,
) -> Option<Step<'a>> {
    let holds = last.ledger.holding(service.key()).is_some();
    let mut seat = match Seat::of(world, config, policy, last, service) {
        Ok(seat) => seat,
        Err(verdict) => return Some(Step::Close(service, verdict)),
    };
    if !holds {
        return seat.candidates.iter().all(|c| c.is_empty()).then_some(Step::Serve(seat));
    }
    let kept = if seat.unchanged { seat.search.adopt(&seat.candidates, &last.ledger) } else { return None };
    let decision = seat.search.settle(&kept, policy.strictness, &mut last.ledger);
    let same = last.ledger.holding(service.key()) == seat.holding(&decision).as_ref();
    same.then(|| Step::Keep(seat, Box::new(decision)))
}

impl Plan {
    fn take(&mut self, step: Step<'_>, policy: &Policy) {
        match step {
            Step::Forget(key) => {
                self.ledger.release(&key);
                self.verdicts.remove(&key);
                self.forget(|known| *known != key);
            }
            Step::Close(service, verdict) => {
                let before = self.decided(service);
                self.ledger.release(service.key());
                self.close(service, before, verdict);
            }
            Step::Keep(seat, decision) => {
                self.decide(&seat, &decision);
            }
            Step::Serve(mut seat) => {
                let decision = seat.search.settle(&Default::default(), policy.strictness, &mut self.ledger);
                self.decide(&seat, &decision);
            }
        }
    }
}
