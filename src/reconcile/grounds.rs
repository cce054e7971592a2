//! What the controller's effects rest on, and how a condition goes on from the one that stands.

use crate::alloc::Plan;
use crate::api::conditions::{ConditionStatus, ConditionType};
use crate::config::Config;
use crate::world::{Condition, World};

/// What is known and decided, as far as writing needs it.
#[derive(Clone, Copy)]
pub(super) struct Grounds<'a> {
    pub(super) world: &'a World,
    pub(super) config: &'a Config,
    pub(super) plan: &'a Plan,
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
