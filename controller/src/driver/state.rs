//! What the loop owns, and what it does with it. No waiting and no clock in here.

mod lending;

use std::collections::BTreeSet;

use patina::alloc::{Plan, Policy, plan, replan};
use patina::config::{Config, Problem};
use patina::lending::Lending;
use patina::name::ServiceKey;
use patina::reconcile::{Controller, CrdFlavor, Effect, Notice, Reading, Review};
use patina::time::{Instant, WallTime};
use patina::world::{Kind, Touched, World};
use patina_daemon::outlook::Outlook;
use patina_daemon::watch::Event;

use super::place::place;
use super::tell::{self, Told};
use super::term::KINDS_OF_A_TERM;
use crate::apply::{WriteError, Written};
use crate::metrics::Metrics;
use crate::outbox::{Outbox, Outcome};

/// Kinds that the controller watches all the time; Services and PoolStates are watched while it leads.
pub const KINDS: [Kind; 7] = [
    Kind::Namespace,
    Kind::Node,
    Kind::Pool,
    Kind::Advertisement,
    Kind::L2Status,
    Kind::ForeignRange,
    Kind::ServiceCidr,
];

/// Kinds without which nothing is decided: a Service whose pool is not known yet would lose its address, and one might get
/// the address of a node.
const NEEDED: [Kind; 4] = [Kind::Namespace, Kind::Node, Kind::Pool, Kind::Advertisement];

/// Kinds that a cluster may lack: they are waited for until it is known whether it has them, so that no address of somebody
/// else's is given out, and none of a pool that has not said what it overlaps with.
const NEEDED_IF_THERE: [Kind; 2] = [Kind::ForeignRange, Kind::ServiceCidr];

/// Everything known and decided.
pub struct State {
    policy: Policy,
    metrics: Metrics,
    outlook: Outlook,
    world: World,
    touched: Touched,
    config: Config,
    problems: Vec<Problem>,
    /// What is said of the configuration; `None` while somebody else leads.
    reading: Option<Reading>,
    crds: CrdFlavor,
    /// What was decided since leadership came; `None` while somebody else leads.
    plan: Option<Plan>,
    outbox: Outbox,
    lending: Lending,
    told: Told,
}

impl State {
    /// Nothing is known yet.
    pub fn new(policy: Policy, metrics: Metrics) -> Self {
        Self {
            policy,
            metrics,
            outlook: Outlook::new(KINDS),
            world: World::default(),
            touched: Touched::default(),
            config: Config::default(),
            problems: Vec::new(),
            reading: None,
            crds: CrdFlavor::default(),
            plan: None,
            outbox: Outbox::default(),
            lending: Lending::default(),
            told: Told::default(),
        }
    }

    /// Whether everything was read that decisions need, but for the Services: who follows could lead at once.
    pub fn is_ready(&self) -> bool {
        self.world.knows(&NEEDED) && NEEDED_IF_THERE.into_iter().all(|kind| self.knows_or_lacks(kind))
    }

    /// Takes what a watch says.
    pub fn handle_event(&mut self, event: Event) {
        match event {
            Event::Change(change) => {
                self.metrics.client.updates.add(1);
                self.touched.merge(self.world.change(change));
            }
            Event::State(kind, state) => self.outlook.note(kind, state).iter().for_each(|line| line.log()),
        }
    }

    /// Takes the end of an effect.
    pub fn handle_end(&mut self, effect: &Effect, result: Result<Written, WriteError>, now: Instant) {
        let outcome = match &result {
            Ok(Written::Whole) => Outcome::Done,
            Ok(Written::Gone) => Outcome::Gone,
            Ok(Written::WithoutConditions) => {
                self.notice_foreign_crds();
                Outcome::Done
            }
            Err(error) => {
                self.metrics.client.update_errors.add(1);
                tell::failed(effect, error);
                error.outcome()
            }
        };
        self.outbox.end(effect, outcome, now);
    }

    /// What is due on pools and advertisements is another thing from now on.
    fn notice_foreign_crds(&mut self) {
        if self.crds == CrdFlavor::MetalLb {
            return;
        }
        tracing::info!(
            "the cluster has MetalLB's own definitions: pools and advertisements show no conditions"
        );
        self.crds = CrdFlavor::MetalLb;
        self.touched.statuses.insert(Kind::Pool);
    }

    /// Decides, if something was touched and the Services are known. The answer is what people are to be told.
    /// `now` dates what is let go of.
    pub fn decide(&mut self, now: WallTime) -> Vec<Notice> {
        if !self.is_ready() || !self.world.knows(&[Kind::Service]) || !self.remembers() {
            return Vec::new();
        }
        let touched = std::mem::take(&mut self.touched);
        match self.plan.take() {
            None => self.begin(now),
            Some(last) if touched.is_empty() => {
                self.plan = Some(last);
                Vec::new()
            }
            Some(last) => self.go_on(last, &touched, now),
        }
    }

    /// Whether it was read what is remembered, or that cannot be read: then this process remembers for itself.
    fn remembers(&self) -> bool {
        self.knows_or_lacks(Kind::PoolState)
    }

    /// Whether these objects were read, or cannot be: the definition or the right to it is missing.
    fn knows_or_lacks(&self, kind: Kind) -> bool {
        self.world.knows(&[kind]) || self.outlook.is_closed(kind)
    }

    /// A term has ended: somebody else may decide, and nothing that was decided here is worth anything from now on.
    pub fn follow(&mut self) {
        self.plan = None;
        self.reading = None;
        self.outbox.clear();
        self.lending.follow();
        self.world.forget_loans();
        for kind in KINDS_OF_A_TERM {
            self.world.forget(kind);
            self.outlook.forget(kind);
        }
    }

    /// Leadership has come: everything is read from what stands in the statuses.
    fn begin(&mut self, now: WallTime) -> Vec<Notice> {
        self.rebuild_config();
        if !self.world.knows(&[Kind::PoolState]) {
            tracing::info!("no PoolStates: addresses that are let go of are remembered by this process only");
        }
        let plan = plan(&self.world, &self.config, &self.policy, &Plan::default(), now);
        self.told = Told::begin(&self.world);
        let all = self.world.services().map(|s| s.key().clone()).collect();
        self.told.planned(&plan, &all, &self.metrics);
        self.hand_out(plan, &all, |controller| controller.review_all())
    }

    fn go_on(&mut self, last: Plan, touched: &Touched, now: WallTime) -> Vec<Notice> {
        if touched.config() {
            self.rebuild_config();
        }
        let (plan, changed) = replan(&self.world, &self.config, &self.policy, last, touched, now);
        self.told.planned(&plan, &changed, &self.metrics);
        self.hand_out(plan, &changed, |controller| controller.review(touched, &changed))
    }

    fn rebuild_config(&mut self) {
        let (config, problems) = Config::build(&self.world.written(), &self.config);
        tell::configured(&self.problems, &problems);
        self.metrics.configured(&problems);
        self.config = config;
        self.reading = Some(Reading::of(&problems));
        self.problems = problems;
    }

    fn hand_out(
        &mut self,
        plan: Plan,
        changed: &BTreeSet<ServiceKey>,
        review: impl FnOnce(&Controller<'_>) -> Review,
    ) -> Vec<Notice> {
        self.metrics.show(&self.config, &plan, self.told.waiting());
        let controller = Controller {
            world: &self.world,
            config: &self.config,
            problems: &self.problems,
            plan: &plan,
            crds: self.crds,
        };
        let notices = self.outbox.review(review(&controller), |effect| place(&self.world, effect));
        self.borrow(&plan, changed);
        self.plan = Some(plan);
        notices
    }

    /// The next effect to carry out.
    pub fn poll_effect(&mut self, now: Instant) -> Option<Effect> {
        self.outbox.poll(now)
    }

    /// Whether Services still wait to be given addresses: everything else stays behind.
    pub fn gives_addresses(&self) -> bool {
        self.outbox.gives_addresses()
    }

    /// What is to be said of the configuration.
    pub(crate) const fn reading(&self) -> Option<&Reading> {
        self.reading.as_ref()
    }

    /// When the loop has something to do although nothing has happened.
    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let again = (self.plan.is_some() && !self.touched.is_empty()).then_some(now);
        let calls = self.lending.poll_timeout();
        self.outbox.poll_timeout(now).into_iter().chain(calls).chain(again).min()
    }
}
