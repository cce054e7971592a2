//! What is due on what the operator wrote: counters of pools, and whether an object is in force.

use super::grounds::{Grounds, condition};
use super::{CrdFlavor, Effect, StatusWrite, Subject, notice};
use crate::addr::Family;
use crate::api::conditions::{AcceptedReason, ConditionType};
use crate::config::{ForeignSource, Identity, Origin, PoolState, Problem, ProblemKind};
use crate::name::PoolName;
use crate::world::{Advertisement, Condition, Kind, Pool, PoolCounters};

/// Effects on one pool.
pub(super) fn pool(grounds: Grounds<'_>, problems: &[Problem], pool: &Pool, crds: CrdFlavor) -> Vec<Effect> {
    let report = Report::of(Origin::Pool, &pool.source.identity, problems, &pool.conditions, crds);
    let counters = counters(grounds, &PoolName::new(pool.source.identity.key.name.clone()));
    report.effects(Kind::Pool, Some(counters), pool.counters != Some(counters))
}

/// Effects on one advertisement.
pub(super) fn advertisement(problems: &[Problem], written: &Advertisement, crds: CrdFlavor) -> Vec<Effect> {
    let identity = &written.source.identity;
    let report = Report::of(Origin::Advertisement, identity, problems, &written.conditions, crds);
    report.effects(Kind::Advertisement, None, false)
}

/// Effects on one ForeignRange, which has no status: what is wrong with it is told each time, and heard once.
pub(super) fn foreign_range(problems: &[Problem], range: &ForeignSource) -> Vec<Effect> {
    let of_it = |p: &&Problem| p.origin == Origin::ForeignRange && p.object.key == range.identity.key;
    let notice = |p| Effect::Notice(notice::of_problem(p, Kind::ForeignRange));
    problems.iter().filter(of_it).map(notice).collect()
}

/// What is to be said of an object.
struct Report<'a> {
    object: &'a Identity,
    problems: Vec<&'a Problem>,
    /// Empty where the schema has no place for conditions.
    conditions: Vec<Condition>,
    /// The object says all this already.
    told: bool,
}

impl<'a> Report<'a> {
    fn of(
        origin: Origin,
        object: &'a Identity,
        problems: &'a [Problem],
        standing: &[Condition],
        crds: CrdFlavor,
    ) -> Self {
        let problems: Vec<_> =
            problems.iter().filter(|p| p.origin == origin && p.object.key == object.key).collect();
        match crds {
            CrdFlavor::MetalLb => Self { object, problems, conditions: Vec::new(), told: false },
            CrdFlavor::Ours => {
                let accepted = accepted(object, &problems, standing);
                let told = standing.iter().any(|c| c.says_the_same(&accepted));
                Self { object, problems, conditions: vec![accepted], told }
            }
        }
    }

    fn effects(self, kind: Kind, counters: Option<PoolCounters>, counted: bool) -> Vec<Effect> {
        let subject = Subject::of(kind, self.object);
        let mut effects = Vec::new();
        if counted || !self.told && !self.conditions.is_empty() {
            effects.push(Effect::Status(StatusWrite { subject, counters, conditions: self.conditions }));
        }
        if !self.told {
            effects.extend(self.problems.iter().map(|p| Effect::Notice(notice::of_problem(p, kind))));
        }
        effects
    }
}

/// The condition `patina.dev/Accepted`: a problem that rejects the object weighs more than one that does not.
fn accepted(object: &Identity, problems: &[&Problem], standing: &[Condition]) -> Condition {
    let rejected = problems.iter().any(|p| p.kind.rejects());
    let reason = match problems {
        _ if rejected => AcceptedReason::Invalid,
        _ if problems
            .iter()
            .any(|p| matches!(p.kind, ProblemKind::OverlappedBy { .. } | ProblemKind::Occupied { .. })) =>
        {
            AcceptedReason::Overlapped
        }
        [.., problem] if problem.kind == ProblemKind::NotYetSupported => AcceptedReason::NotYetSupported,
        _ => AcceptedReason::Accepted,
    };
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let message = if told.is_empty() { "in force".to_owned() } else { told.join("; ") };
    let (kind, generation) = (ConditionType::Accepted, object.generation);
    condition(kind, !rejected, &reason.to_string(), &message, standing, generation)
}

/// A rejected pool gives nobody an address, so it has none available, whatever it last said while it was right.
fn counters(grounds: Grounds<'_>, name: &PoolName) -> PoolCounters {
    let usage = grounds.plan.ledger().usage(name);
    let pool = grounds.config.pool(name).filter(|pool| pool.state == PoolState::Sound);
    let capacity = |family| pool.map_or(0, |pool| pool.ranges.count(family));
    let left_out = |family| {
        let gaps = pool.into_iter().flat_map(|pool| pool.ranges.gaps().ranges());
        let of_family = gaps.filter(|gap| gap.family() == family);
        of_family.map(|gap| grounds.plan.ledger().held_in(name, gap)).sum::<u64>()
    };
    let free = |family, held: u64| {
        let usable = held.saturating_sub(left_out(family));
        clamp(capacity(family).saturating_sub(usable.into()))
    };
    PoolCounters {
        assigned_v4: clamp(usage.v4.into()),
        assigned_v6: clamp(usage.v6.into()),
        available_v4: free(Family::V4, usage.v4),
        available_v6: free(Family::V6, usage.v6),
    }
}

fn clamp(count: u128) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
