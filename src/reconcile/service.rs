//! What is due on one Service.

use std::net::IpAddr;

use super::announced::announced;
use super::{Effect, ServiceWrite, Subject, notice};
use crate::alloc::{Decision, Plan, Verdict};
use crate::api::conditions::{ConditionStatus, ConditionType};
use crate::config::Config;
use crate::name::PoolName;
use crate::world::{Condition, Kind, Service, World};

/// What is known and decided, as far as writing needs it.
#[derive(Clone, Copy)]
pub(super) struct Grounds<'a> {
    pub(super) world: &'a World,
    pub(super) config: &'a Config,
    pub(super) plan: &'a Plan,
}

/// The reason of `patina.dev/Allocated` when there is nothing to complain of.
const ALLOCATED: &str = "Allocated";
/// What stands before the reason of a move.
const MOVED: &str = "; moved: ";

/// Effects on one Service. Without a verdict it is none of our business.
pub(super) fn effects(grounds: Grounds<'_>, service: &Service) -> Vec<Effect> {
    match grounds.plan.verdict(service.key()) {
        None => Vec::new(),
        Some(Verdict::Clear) => write(service, Vec::new(), Vec::new(), None),
        Some(Verdict::Decided(decision)) => {
            let conditions = vec![allocated(service, decision), announced(grounds, service, decision)];
            let ingress = decision.addresses().iter().collect();
            let pool = decision.allocation.as_ref().map(|a| &a.pool);
            let mut effects = write(service, ingress, conditions, pool);
            effects.extend(notice::of_service(service, decision).into_iter().map(Effect::Notice));
            effects
        }
    }
}

/// Writes of status and annotation, as far as they differ from what stands.
fn write(
    service: &Service,
    ingress: Vec<IpAddr>,
    conditions: Vec<Condition>,
    pool: Option<&PoolName>,
) -> Vec<Effect> {
    let subject = Subject::of(Kind::Service, &service.identity);
    let moves = *ingress != *service.ingress || service.foreign_ingress && service.load_balancer;
    let standing = &service.conditions;
    let says_the_same = |wanted: &Condition| standing.iter().any(|c| c.says_the_same(wanted));
    let explains = conditions.len() != standing.len() || !conditions.iter().all(says_the_same);
    let mut effects = Vec::new();
    if moves || explains {
        let (subject, version) = (subject.clone(), service.identity.version.clone());
        effects.push(Effect::ServiceStatus(ServiceWrite { subject, version, ingress, conditions }));
    }
    if pool.map(PoolName::as_str) != service.annotations.allocated_from.as_deref() {
        effects.push(Effect::PoolAnnotation { subject, pool: pool.cloned() });
    }
    effects
}

/// The condition `patina.dev/Allocated`.
pub(super) fn allocated(service: &Service, decision: &Decision) -> Condition {
    let (holds, reason, message) = match (&decision.allocation, &decision.refusal) {
        (Some(allocation), None) => {
            let missing = decision.missing.as_ref();
            let missing = missing.map(|m| format!("; no second address: {m}: {}", m.sentence()));
            let message = format!("{} from pool {}", allocation.addresses, allocation.pool);
            let message = message + &missing.unwrap_or_default();
            let moved = moved(service, decision, &message);
            (true, ALLOCATED, message + &moved)
        }
        (Some(allocation), Some(refusal)) => {
            let kept = format!("keeps {} from pool {}", allocation.addresses, allocation.pool);
            (false, refusal.word(), format!("{refusal}: {}; {kept}", refusal.sentence()))
        }
        (None, Some(refusal)) => (false, refusal.word(), format!("{refusal}: {}", refusal.sentence())),
        (None, None) => (false, "Undecided", "nothing is decided yet".to_owned()),
    };
    condition(
        ConditionType::Allocated,
        holds,
        reason,
        &message,
        &service.conditions,
        service.identity.generation,
    )
}

/// Why the Service holds other addresses than before, told as long as it holds these: the standing condition, which
/// goes on after `message`, is its own memory.
fn moved(service: &Service, decision: &Decision, message: &str) -> String {
    if let Some(lost) = &decision.lost {
        return format!("{MOVED}{lost}: {}", lost.sentence());
    }
    let standing = service.condition(ConditionType::Allocated.as_str());
    let rest = standing.and_then(|condition| condition.message.strip_prefix(message));
    rest.filter(|rest| rest.starts_with(MOVED)).unwrap_or_default().to_owned()
}

/// A wanted condition that goes on from the standing one of its type.
pub(super) fn condition(
    kind: ConditionType,
    holds: bool,
    reason: &str,
    message: &str,
    standing: &[Condition],
    generation: i64,
) -> Condition {
    let status = if holds { ConditionStatus::True } else { ConditionStatus::False };
    let (reason, message) = (reason.into(), message.into());
    let wanted = Condition { kind: kind.as_str().into(), status, reason, message, since: None, generation };
    let before = standing.iter().find(|c| c.kind == wanted.kind);
    wanted.continuing(before)
}
