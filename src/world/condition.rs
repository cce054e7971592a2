//! Conditions in an object's status.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition as ApiCondition;
use serde::{Deserialize, Serialize};

use crate::api::conditions::ConditionStatus;
use crate::config::Timestamp;

/// What our condition types begin with; conditions of others are not kept.
pub const DOMAIN: &str = "patina.dev/";

/// One condition of ours, as it stands or as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// `type`, as in `patina.dev/Allocated`.
    pub kind: Arc<str>,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word from a closed list.
    pub reason: Arc<str>,
    /// The sentence for people.
    pub message: Arc<str>,
    /// `lastTransitionTime`. `None` in a wanted condition: the executor stamps the time of writing.
    pub since: Option<Timestamp>,
    /// `observedGeneration`, 0 when it is not told.
    pub generation: i64,
}

impl Condition {
    /// Whether both say the same; when it began to be true is not compared.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.status == other.status
            && self.reason == other.reason
            && self.message == other.message
    }

    /// This wanted condition, with the time kept from the `standing` one if the status has not changed.
    pub fn continuing(mut self, standing: Option<&Self>) -> Self {
        self.since = standing.filter(|s| s.status == self.status).and_then(|s| s.since);
        self
    }

    /// Those of ours among `conditions`.
    pub fn ours(conditions: Option<&Vec<ApiCondition>>) -> Box<[Self]> {
        let all = conditions.into_iter().flatten();
        all.filter(|c| c.type_.starts_with(DOMAIN)).map(Self::from).collect()
    }
}

impl From<&ApiCondition> for Condition {
    fn from(condition: &ApiCondition) -> Self {
        Self {
            kind: condition.type_.as_str().into(),
            status: match condition.status.as_str() {
                "True" => ConditionStatus::True,
                "False" => ConditionStatus::False,
                _ => ConditionStatus::Unknown,
            },
            reason: condition.reason.as_str().into(),
            message: condition.message.as_str().into(),
            since: Some(Timestamp::from(&condition.last_transition_time)),
            generation: condition.observed_generation.unwrap_or_default(),
        }
    }
}
