//! What is to be said of one Service, before it is put into words.

use patina::alloc::{
    Addresses, Decision, Keeping, KeptEnd, KeptFor, NotOurs, PassedOver, Plan, Policy, PoolWish, Refusal,
    Step, Trace, Unlent, Verdict, explain,
};
use patina::api::conditions::ConditionType;
use patina::config::{Config, Problem};
use patina::time::WallTime;
use patina::world::{Service, World};
use serde_json::{Value, json};

use crate::output;

/// All that is to be said of one Service.
pub(super) struct Answer<'a> {
    pub(super) service: &'a Service,
    pub(super) matter: Matter,
    /// What is wrong with what the operator wrote.
    pub(super) problems: &'a [Problem],
}

/// Whether anything is decided on it.
pub(super) enum Matter {
    NotOurs(NotOurs),
    Decided { decision: Box<Decision>, trace: Box<Trace> },
}

impl<'a> Answer<'a> {
    pub(super) fn find(
        service: &'a Service,
        world: &World,
        config: &Config,
        problems: &'a [Problem],
        policy: &Policy,
        now: WallTime,
    ) -> Self {
        let matter = match NotOurs::of(service, &policy.class) {
            Some(not_ours) => Matter::NotOurs(not_ours),
            None => {
                let (plan, trace) = explain(world, config, policy, &Plan::default(), service.key(), now);
                Matter::Decided { decision: decision(&plan, service), trace: Box::new(trace) }
            }
        };
        Self { service, matter, problems }
    }

    /// Whether the Service has what it asks for.
    pub(super) fn is_as_wished(&self) -> bool {
        match &self.matter {
            Matter::NotOurs(_) => false,
            Matter::Decided { decision, .. } => decision.refusal.is_none() && decision.missing.is_none(),
        }
    }

    /// What its status shows, if that is not what is decided.
    pub(super) fn shows_otherwise(&self) -> Option<Addresses> {
        let Matter::Decided { decision, .. } = &self.matter else { return None };
        let shown: Addresses = self.service.ingress.iter().copied().collect();
        (shown != decision.addresses()).then_some(shown)
    }

    /// What the controller said last of a Service that waits for an IPAM endpoint: nobody else hears the answer.
    pub(super) fn heard(&self) -> Option<&str> {
        let Matter::Decided { decision, .. } = &self.matter else { return None };
        let pending = |refusal: &Refusal| matches!(refusal, Refusal::Unlent(_, Unlent::Pending));
        if !decision.refusal.iter().chain(&decision.missing).any(pending) {
            return None;
        }
        self.service.condition(ConditionType::Allocated.as_str()).map(|condition| condition.message.as_ref())
    }

    /// What its condition says of the nodes that announce it.
    pub(super) fn announced(&self) -> Option<&str> {
        self.service.condition(ConditionType::Announced.as_str()).map(|condition| condition.message.as_ref())
    }

    /// As JSON.
    pub(super) fn document(&self) -> Value {
        let mut document = json!({
            "namespace": self.service.key().namespace,
            "name": self.service.key().name,
            "asWished": self.is_as_wished(),
            "shown": self.service.ingress,
            "announced": self.announced(),
            "heard": self.heard(),
            "problems": self.problems.iter().map(|p| format!("{} {}: {p}", p.origin, p.object.key.name)).collect::<Vec<_>>(),
        });
        match &self.matter {
            Matter::NotOurs(not_ours) => {
                document["reason"] = not_ours.to_string().into();
                document["message"] = not_ours.reason().line(&not_ours.sentence()).into();
            }
            Matter::Decided { decision, trace } => {
                let why = decision.refusal.as_ref().or(decision.missing.as_ref());
                document["decided"] = output::held(decision);
                document["reason"] = why.map(|refusal| refusal.word()).into();
                document["message"] = why.map(|refusal| refusal.line()).into();
                document["asksFor"] = asked(trace);
                document["kept"] = trace.kept.iter().map(kept).collect();
                document["steps"] = trace.steps.iter().map(step).collect();
                document["others"] =
                    trace.others.iter().map(|(pool, passed)| other(pool.as_str(), passed)).collect();
            }
        }
        document
    }
}

fn decision(plan: &Plan, service: &Service) -> Box<Decision> {
    match plan.verdict(service.key()) {
        Some(Verdict::Decided(decision)) => decision.clone(),
        Some(Verdict::Clear) | None => Box::default(),
    }
}

fn asked(trace: &Trace) -> Value {
    let Some(demand) = &trace.demand else { return Value::Null };
    let requested = demand.requested.as_ref().ok().cloned().flatten().unwrap_or_default();
    let pool = demand.pool.as_ref().ok().and_then(Option::as_ref);
    json!({
        "families": demand.families.to_string(),
        "addresses": requested.iter().collect::<Vec<_>>(),
        "perFamily": demand.per_family.as_ref().ok(),
        "pool": pool.map(PoolWish::annotation),
    })
}

fn kept(kept: &KeptFor) -> Value {
    let until = match kept.by {
        Keeping::Reservation => None,
        Keeping::CoolDown { until } => Some(until.to_string()),
    };
    let barred = match &kept.end {
        KeptEnd::Barred(refusal) => Some(refusal.word()),
        KeptEnd::Held | KeptEnd::Left => None,
    };
    json!({
        "address": kept.address,
        "pool": kept.pool.as_str(),
        "by": kept.by.word(),
        "until": until,
        "held": kept.end == KeptEnd::Held,
        "reason": barred,
        "message": kept.to_string(),
    })
}

fn step(step: &Step) -> Value {
    let found = step.found().map(|found| found.addresses.iter().collect::<Vec<_>>());
    let (what, reason, message) = match step {
        Step::Keep { kept: refused, .. } | Step::Request { found: refused, .. } => {
            let what = if matches!(step, Step::Keep { .. }) { "keep" } else { "request" };
            let refused = refused.as_ref().err();
            (what, refused.map(|r| r.word()), refused.map(|r| r.line()))
        }
        Step::Search { found, .. } => {
            let passed = found.as_ref().err();
            ("search", passed.map(|p| p.word()), passed.map(|p| p.reason().line(&p.sentence())))
        }
    };
    let asked = match step {
        Step::Keep { addresses, .. } | Step::Request { addresses, .. } => addresses.to_string(),
        Step::Search { families, .. } => families.to_string(),
    };
    let pools: Vec<_> = step.pools().map(|pool| pool.as_str()).collect();
    let pool = (!pools.is_empty()).then(|| pools.join(","));
    json!({ "step": what, "for": asked, "pool": pool, "found": found, "reason": reason, "message": message })
}

fn other(pool: &str, passed: &PassedOver) -> Value {
    let message = passed.reason().line(&passed.sentence());
    json!({ "pool": pool, "reason": passed.word(), "message": message })
}
