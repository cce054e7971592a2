//! The condition `patina.dev/Allocated`: what a Service holds, or why it does not get what it asks for.

use super::grounds::condition;
use crate::alloc::{Allocation, Decision};
use crate::api::conditions::ConditionType;
use crate::world::{Condition, Service};

/// The reason of `patina.dev/Allocated` when there is nothing to complain of.
const ALLOCATED: &str = "Allocated";
/// What stands before the reason of a move.
const MOVED: &str = "; moved: ";

/// The condition `patina.dev/Allocated`.
pub(super) fn allocated(service: &Service, decision: &Decision) -> Condition {
    let (holds, reason, message) = match (&decision.allocation, &decision.refusal) {
        (Some(allocation), None) => {
            let missing = decision.missing.as_ref();
            let missing = missing.map(|m| format!("; {}: {}", lacking(allocation), m.line()));
            let doubt = decision.doubt.as_ref().map(|doubt| format!("; kept, although {}", doubt.line()));
            let message = allocation.to_string() + &missing.unwrap_or_default() + &doubt.unwrap_or_default();
            let moved = moved(service, decision, &message);
            (true, ALLOCATED, message + &moved)
        }
        (Some(allocation), Some(refusal)) => {
            (false, refusal.word(), format!("{}; keeps {allocation}", refusal.line()))
        }
        (None, Some(refusal)) => (false, refusal.word(), refusal.line()),
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

/// What is missing beside what is given.
const fn lacking(allocation: &Allocation) -> &'static str {
    if allocation.addresses.is_dual() { "no further address" } else { "no second address" }
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
