//! The same in words.

use patina::alloc::{Decision, Demand, PassedOver, Step, Trace};
use patina::name::PoolName;

use super::answer::{Answer, Matter};

/// All of it.
pub(super) fn of(answer: &Answer<'_>) -> String {
    let mut lines = match &answer.matter {
        Matter::NotOurs(not_ours) => {
            let line = not_ours.reason().line(&not_ours.sentence());
            vec![format!("Service {} is not served: {line}", answer.service.key())]
        }
        Matter::Decided { decision, trace } => decided(answer, decision, trace),
    };
    if !answer.problems.is_empty() {
        lines.push("Wrong in what is written:".to_owned());
        let problem = |p: &patina::config::Problem| format!("  {} {}: {p}", p.origin, p.object.key.name);
        lines.extend(answer.problems.iter().map(problem));
    }
    lines.join("\n")
}

fn decided(answer: &Answer<'_>, decision: &Decision, trace: &Trace) -> Vec<String> {
    let mut lines = vec![format!("Service {} {}", answer.service.key(), outcome(decision))];
    if let Some(doubt) = &decision.doubt {
        lines.push(format!("It keeps its addresses, although {}.", doubt.line()));
    }
    lines.extend(trace.demand.as_ref().map(asks));
    lines.extend(trace.kept.iter().map(|kept| format!("Kept: {kept}.")));
    if let Some(shown) = answer.shows_otherwise() {
        lines.push(format!("Its status shows {shown}: the controller has not written this decision yet."));
    }
    if let Some(heard) = answer.heard() {
        lines
            .push(format!("What an IPAM endpoint answers the controller alone hears; it said last: {heard}"));
    }
    if !trace.steps.is_empty() {
        lines.push("What was tried, in this order:".to_owned());
        lines.extend(trace.steps.iter().enumerate().map(|(i, step)| format!("  {}. {}", i + 1, tried(step))));
    }
    if !trace.others.is_empty() {
        lines.push("Not tried:".to_owned());
        lines.extend(trace.others.iter().map(|(pool, passed)| format!("  {}", over(pool, passed))));
    }
    lines.extend(answer.announced().map(|announced| format!("Announced: {announced}")));
    lines
}

/// What is decided, and why it is not more.
fn outcome(decision: &Decision) -> String {
    let lacking = decision.allocation.as_ref().is_some_and(|held| held.addresses.is_dual());
    let lacking = if lacking { "no further address" } else { "no second address" };
    match (&decision.allocation, &decision.refusal, &decision.missing) {
        (Some(held), None, None) => format!("has {held}."),
        (Some(held), None, Some(missing)) => {
            format!("has {held}, and {lacking}: {}.", missing.line())
        }
        (Some(held), Some(refusal), _) => {
            format!("keeps {held} and asks for something else: {}.", refusal.line())
        }
        (None, Some(refusal), _) => format!("gets no address: {}.", refusal.line()),
        (None, None, _) => "is not decided.".to_owned(),
    }
}

fn asks(demand: &Demand) -> String {
    let unreadable =
        [demand.requested.as_ref().err(), demand.per_family.as_ref().err(), demand.pool.as_ref().err()];
    if let Some(unreadable) = unreadable.into_iter().flatten().next() {
        return format!("What it asks for cannot be read: {}.", unreadable.sentence());
    }
    let (addresses, pool) = (demand.requested.iter().flatten().next(), demand.pool.iter().flatten().next());
    let many = demand.per_family.as_ref().ok().filter(|count| **count > 1);
    let many = many.map(|count| format!(", {count} addresses of each family,")).unwrap_or_default();
    let from = match (addresses, pool) {
        (Some(addresses), Some(pool)) => format!("{addresses} in {pool}"),
        (Some(addresses), None) => addresses.to_string(),
        (None, Some(pool)) => format!("{}{many} from {pool}", demand.families),
        (None, None) => format!("{}{many} from any pool that is for it", demand.families),
    };
    format!("It asks for {from}.")
}

fn tried(step: &Step) -> String {
    match step {
        Step::Keep { addresses, kept: Ok(found) } => {
            format!("keep {addresses}: yes, it is in {}", found.pools)
        }
        Step::Keep { addresses, kept: Err(refusal) } => format!("keep {addresses}: {}", refusal.line()),
        Step::Request { addresses, found: Ok(found) } => {
            format!("take {addresses}: yes, it is in {}", found.pools)
        }
        Step::Request { addresses, found: Err(refusal) } => format!("take {addresses}: {}", refusal.line()),
        Step::Search { pool, families, found: Ok(found) } => {
            format!("pool {pool}, for {families}: gives {}", found.addresses)
        }
        Step::Search { pool, families, found: Err(passed) } => {
            format!("pool {pool}, for {families}: {}", passed.reason().line(&passed.sentence()))
        }
    }
}

fn over(pool: &PoolName, passed: &PassedOver) -> String {
    match passed {
        PassedOver::NotNeeded => format!("pool {pool}: {passed}: {}", passed.sentence()),
        PassedOver::Invalid
        | PassedOver::Closed
        | PassedOver::NotRequested(_)
        | PassedOver::NotAutoAssigned
        | PassedOver::NoSuchFamily(_)
        | PassedOver::Exhausted(_)
        | PassedOver::TooFew(_)
        | PassedOver::NotTogether(_)
        | PassedOver::Cooling { .. }
        | PassedOver::AllReserved(_)
        | PassedOver::NotLookedAt
        | PassedOver::Unlent(_) => format!("pool {pool}: {}", passed.reason().line(&passed.sentence())),
    }
}
