//! What IPAM endpoints are asked, and what their answers change.

use std::collections::BTreeSet;

use patina::alloc::Plan;
use patina::lending::{Call, CallError, Reply};
use patina::name::ServiceKey;
use patina::time::Instant;
use patina::world::LoanFact;

use super::State;

impl State {
    /// Takes what has changed in what is wished and used.
    pub(super) fn borrow(&mut self, plan: &Plan, changed: &BTreeSet<ServiceKey>) {
        let facts = self.lending.review(&self.world, &self.config, plan, changed);
        facts.into_iter().for_each(|fact| self.learn(fact));
    }

    /// The next call of an IPAM endpoint to carry out.
    pub fn poll_call(&mut self, now: Instant) -> Option<Call> {
        self.lending.poll_call(now)
    }

    /// Takes the end of a call.
    pub fn handle_answer(&mut self, call: &Call, answer: Result<Reply, CallError>, now: Instant) {
        self.metrics.ipam_answered(call, &answer);
        let facts = self.lending.handle_reply(call, answer, now);
        facts.into_iter().for_each(|fact| self.learn(fact));
    }

    fn learn(&mut self, fact: LoanFact) {
        self.say(&fact);
        self.touched.merge(self.world.learn(fact));
    }

    /// One line when an endpoint cannot be asked any more, and one when it can.
    fn say(&self, fact: &LoanFact) {
        let LoanFact::Failing(pools, reason, waiting) = fact else { return };
        for pool in pools.iter().filter(|pool| self.world.loans().failing(pool) != reason.as_ref()) {
            let waiting = waiting.len();
            match reason {
                Some(reason) => tracing::warn!(%pool, %reason, waiting, "an IPAM endpoint cannot be asked"),
                None => tracing::info!(%pool, waiting, "an IPAM endpoint answers again"),
            }
        }
    }
}
