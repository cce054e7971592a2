//! What would become of every Service if the operator's objects were others.
//!
//! Decides nothing: it plans as the controller does, once with what stands and once, from there, with the change, and
//! compares. Which node announces an address is decided by the speakers; here is told only whether the advertisements that
//! are about it are the same.
//!
//! *Assumptions*: the controller has decided on what stands. What it remembers of objects that were right once is not
//! known here: what stands is read as after a restart.

mod what_if;

use std::collections::{BTreeMap, BTreeSet};

use super::{Decision, Plan, Policy, Refusal, Verdict, plan};
use crate::config::{Advertisement, Config, Problem};
use crate::name::ServiceKey;
use crate::time::WallTime;
use crate::world::World;

pub use what_if::what_if;

/// What becomes of a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It holds an address and gets none.
    Lost,
    /// An address that it holds goes, and it holds another one.
    Moved,
    /// It holds no address and gets none.
    Waiting,
    /// It holds no address and gets one.
    Served,
    /// It keeps every address that it holds.
    Kept,
}

/// What becomes of the announcing of what a Service keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Announcing {
    /// The same advertisements are about it.
    Same,
    /// Others are: another node may announce it.
    OtherRules,
    /// No advertisement was about it, and one is.
    Begins,
    /// No advertisement is about it any more: nobody answers for its address.
    Ends,
}

/// What becomes of one Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prospect {
    /// In one word.
    pub fate: Fate,
    /// Whether anybody answers for its address.
    pub announcing: Announcing,
    /// What is decided on what stands.
    pub now: Decision,
    /// What would be decided.
    pub then: Decision,
}

/// What would become of every Service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forecast {
    /// By Service.
    pub prospects: BTreeMap<ServiceKey, Prospect>,
    /// What would be wrong with the operator's objects and is not wrong with what stands.
    pub problems: Vec<Problem>,
}

/// Compares what stands with what would stand.
pub fn forecast(standing: &World, changed: &World, policy: &Policy, now: WallTime) -> Forecast {
    let (config, known) = Config::build(&standing.written(), &Config::default());
    let decided = plan(standing, &config, policy, &Plan::default(), now);
    let before = Side { world: standing, config: &config, plan: &decided };
    let (config, mut problems) = Config::build(&changed.written(), &config);
    let decided = plan(changed, &config, policy, &decided, now);
    let then = Side { world: changed, config: &config, plan: &decided };
    problems.retain(|problem| !known.contains(problem));
    let keys: BTreeSet<_> = before.services().chain(then.services()).collect();
    let prospect = |key: &ServiceKey| (key.clone(), Prospect::of(before, then, key));
    Forecast { prospects: keys.into_iter().map(prospect).collect(), problems }
}

impl Forecast {
    /// Whether a Service that holds an address is disturbed, or something of the change would be rejected.
    pub fn disturbs(&self) -> bool {
        self.prospects.values().any(Prospect::is_disturbed) || self.problems.iter().any(|p| p.kind.rejects())
    }

    /// How many Services have this fate.
    pub fn count(&self, fate: Fate) -> usize {
        self.prospects.values().filter(|prospect| prospect.fate == fate).count()
    }
}

impl Prospect {
    fn of(now: Side<'_>, then: Side<'_>, service: &ServiceKey) -> Self {
        let (before, after) = (now.decision(service), then.decision(service));
        let fate = Fate::of(&before, &after);
        let announcing = Announcing::of(&now.rules(service, &before), &then.rules(service, &after), fate);
        Self { fate, announcing, now: before, then: after }
    }

    /// Whether somebody who uses its address now may notice.
    pub const fn is_disturbed(&self) -> bool {
        let moves = matches!(self.fate, Fate::Lost | Fate::Moved);
        moves || matches!(self.announcing, Announcing::Ends | Announcing::OtherRules)
    }

    /// Why it does not keep what it holds; `None` if it does, or if it goes for something that it asks for.
    pub fn taken(&self) -> Option<&Refusal> {
        self.then.lost.as_ref().filter(|_| matches!(self.fate, Fate::Lost | Fate::Moved))
    }

    /// Why it does not get what it asks for.
    pub fn refused(&self) -> Option<&Refusal> {
        self.then.refusal.as_ref().or(self.then.missing.as_ref())
    }
}

impl Fate {
    fn of(now: &Decision, then: &Decision) -> Self {
        let (held, holds) = (now.addresses(), then.addresses());
        let stays = held.iter().all(|address| holds.contains(address));
        match (held.is_empty(), holds.is_empty()) {
            (true, true) => Self::Waiting,
            (true, false) => Self::Served,
            (false, true) => Self::Lost,
            (false, false) if stays => Self::Kept,
            (false, false) => Self::Moved,
        }
    }

    /// The one word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Moved => "moved",
            Self::Waiting => "waiting",
            Self::Served => "served",
            Self::Kept => "kept",
        }
    }
}

impl Announcing {
    /// The one word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::OtherRules => "other-rules",
            Self::Begins => "begins",
            Self::Ends => "ends",
        }
    }

    fn of(now: &[&Advertisement], then: &[&Advertisement], fate: Fate) -> Self {
        let same = now.len() == then.len() && now.iter().zip(then).all(|(a, b)| a.says_the_same(b));
        match (now.is_empty(), then.is_empty()) {
            _ if fate != Fate::Kept || same => Self::Same,
            (true, _) => Self::Begins,
            (false, true) => Self::Ends,
            (false, false) => Self::OtherRules,
        }
    }
}

/// What stands, or what would.
#[derive(Clone, Copy)]
struct Side<'a> {
    world: &'a World,
    config: &'a Config,
    plan: &'a Plan,
}

impl<'a> Side<'a> {
    /// Services that are ours.
    fn services(self) -> impl Iterator<Item = &'a ServiceKey> {
        let ours = |(key, verdict): (&'a ServiceKey, &'a Verdict)| match verdict {
            Verdict::Decided(_) => Some(key),
            Verdict::Clear => None,
        };
        self.plan.verdicts().filter_map(ours)
    }

    fn decision(self, service: &ServiceKey) -> Decision {
        match self.plan.verdict(service) {
            Some(Verdict::Decided(decision)) => (**decision).clone(),
            Some(Verdict::Clear) | None => Decision::default(),
        }
    }

    /// Advertisements that are about what the Service holds.
    fn rules(self, service: &ServiceKey, decision: &Decision) -> Vec<&'a Advertisement> {
        let Some(allocation) = &decision.allocation else { return Vec::new() };
        let Some(service) = self.world.service(service) else { return Vec::new() };
        let rules = allocation.pools.names().flat_map(|pool| self.config.rules(pool, &service.labels));
        rules.map(|rule| (&rule.identity.key, rule)).collect::<BTreeMap<_, _>>().into_values().collect()
    }
}
