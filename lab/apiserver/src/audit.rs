//! Who asked for what, counted: proof that an idle cluster is left in peace.

use std::collections::BTreeMap;

use crate::call::{Call, Verb};

/// One kind of request by one client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditKey {
    /// `User-Agent` as the client sent it.
    pub agent: String,
    /// What was asked.
    pub verb: Verb,
    /// `plural` or `plural.group`, with `/subresource` where there is one.
    pub resource: String,
}

/// Counts of all requests since the server was made. Refused requests count too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    counts: BTreeMap<AuditKey, u64>,
}

impl Audit {
    pub(crate) fn count(&mut self, call: &Call) {
        let target = &call.target;
        let mut resource = target.plural.clone();
        for part in [&target.group].into_iter().filter(|group| !group.is_empty()) {
            resource = format!("{resource}.{part}");
        }
        if let Some(subresource) = &target.subresource {
            resource = format!("{resource}/{subresource}");
        }
        let key = AuditKey { agent: call.agent.clone(), verb: call.verb, resource };
        *self.counts.entry(key).or_default() += 1;
    }

    /// Every count.
    pub fn iter(&self) -> impl Iterator<Item = (&AuditKey, u64)> {
        self.counts.iter().map(|(key, count)| (key, *count))
    }

    /// Requests that change something, by clients whose name begins with `agent`.
    #[must_use]
    pub fn writes(&self, agent: &str) -> u64 {
        self.sum(|key| key.verb.writes() && key.agent.starts_with(agent))
    }

    /// Requests that match.
    pub fn sum(&self, mut matches: impl FnMut(&AuditKey) -> bool) -> u64 {
        self.iter().filter(|(key, _)| matches(key)).map(|(_, count)| count).sum()
    }
}
