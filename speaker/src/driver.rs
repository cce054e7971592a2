//! The loop that owns the world of this node: take what arrived · learn it · if something changed, decide · tell.

mod told;

use std::collections::BTreeSet;
use std::time::Duration;

use patina::announce::groups;
use patina::config::{Config, Objects};
use patina::election::{Eligibility, Scope, eligibility};
use patina::hot::{Control, Report};
use patina::reconcile::{Effect, Held, LeftBehind, Reading, Writer};
use patina::world::{Change, Kind, Touched, World};
use patina_daemon::admin::Readiness;
use patina_daemon::configuration::Configuration;
use patina_daemon::fatal::Fatal;
use patina_daemon::notice::Notices;
use patina_daemon::outlook::Outlook;
use patina_daemon::watch::Event;
use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, watch};

use crate::metrics::Metrics;
use crate::net::{LinkState, Net};
use crate::publish::Publisher;
use crate::report;
use crate::snapshot::Keeper;
use told::Told;

/// Kinds that a speaker watches.
pub(crate) const KINDS: [Kind; 6] =
    [Kind::Service, Kind::EndpointSlice, Kind::Node, Kind::Pool, Kind::Advertisement, Kind::L2Status];
/// Longest wait for the packet thread to hand everything over.
const LEAVE_BOUND: Duration = Duration::from_secs(5);
/// Longest wait for the last status to be written.
const FAREWELL_BOUND: Duration = Duration::from_secs(1);
/// Changes that are learned before the next decision, so that a list of thousands is decided on once.
const BATCH: usize = 1024;

/// Where decisions go.
pub(crate) struct Outlets {
    /// Links, packet thread, groups.
    pub(crate) net: Net,
    /// Status objects.
    pub(crate) publisher: Publisher,
    /// Events.
    pub(crate) notices: Notices,
    /// Whether the configuration could be read.
    pub(crate) configuration: Configuration,
    /// Numbers.
    pub(crate) metrics: Metrics,
    /// For /readyz.
    pub(crate) ready: watch::Sender<Readiness>,
    /// What outlives the process.
    pub(crate) snapshot: Keeper,
}

/// Owner of everything that this node knows.
pub(crate) struct Driver {
    scope: Scope,
    writer: Writer,
    outlets: Outlets,
    world: World,
    config: Config,
    outlook: Outlook,
    /// Kinds that have not been listed yet; nothing is decided before, unless a snapshot stands in.
    awaited: BTreeSet<Kind>,
    eligible: Vec<Eligibility>,
    held: Held,
    left_behind: LeftBehind,
    told: Told,
}

/// What woke the loop.
#[expect(clippy::large_enum_variant, reason = "one value at a time, on the loop's own stack")]
enum Wake {
    Report(Option<Report>),
    Links,
    Event(Option<Event>),
    End,
}

impl Driver {
    pub(crate) fn new(scope: Scope, writer: Writer, outlets: Outlets) -> Self {
        let left_behind = LeftBehind::seen_by(writer.node.clone());
        let mut driver = Self {
            scope,
            writer,
            outlets,
            world: World::default(),
            config: Config::default(),
            outlook: Outlook::new(KINDS),
            awaited: BTreeSet::from(KINDS),
            eligible: Vec::new(),
            held: Held::new(),
            left_behind,
            told: Told::default(),
        };
        driver.restore();
        driver
    }

    /// Runs until the process is told to end, and everything is handed over.
    pub(crate) async fn run(
        mut self,
        mut events: mpsc::Receiver<Event>,
        mut ends: (Signal, Signal),
    ) -> Result<(), Fatal> {
        self.look_at_links();
        loop {
            let wake = tokio::select! {
                biased;
                report = self.outlets.net.reports.recv() => Wake::Report(report),
                Ok(()) = self.outlets.net.links.changed() => Wake::Links,
                _ = ends.0.recv() => Wake::End,
                _ = ends.1.recv() => Wake::End,
                event = events.recv() => Wake::Event(event),
            };
            match wake {
                Wake::Report(Some(report)) => self.hear(&report),
                Wake::Links => self.look_at_links(),
                Wake::Event(Some(event)) => self.learn_all(event, &mut events),
                Wake::End => return self.leave().await,
                Wake::Report(None) | Wake::Event(None) => {
                    return Err(Fatal::crash(anyhow::anyhow!("a part of the speaker has ended")));
                }
            }
        }
    }

    fn restore(&mut self) {
        let Some(objects) = self.outlets.snapshot.read() else { return };
        tracing::info!(
            objects = objects.len(),
            "goes on with the last known world until the API server answers"
        );
        for object in objects {
            let _ = self.world.apply(object);
        }
        self.awaited.clear();
        self.build_config();
        self.decide();
    }

    fn learn_all(&mut self, first: Event, events: &mut mpsc::Receiver<Event>) {
        let mut touched = self.learn(first);
        for _ in 0..BATCH {
            let Ok(event) = events.try_recv() else { break };
            touched.merge(self.learn(event));
        }
        self.act_on(&touched);
    }

    fn learn(&mut self, event: Event) -> Touched {
        match event {
            Event::State(kind, state) => {
                self.outlook.note(kind, state).iter().for_each(|line| line.log());
                Touched::default()
            }
            Event::Change(change) => {
                self.outlets.metrics.client.updates.add(1);
                if let Change::Reset(kind, _) = &change {
                    self.awaited.remove(kind);
                }
                self.world.change(change.without_conditions())
            }
        }
    }

    fn act_on(&mut self, touched: &Touched) {
        if !self.awaited.is_empty() {
            return;
        }
        if touched.config() || *self.outlets.ready.borrow() == Readiness::Starting {
            self.build_config();
        }
        self.outlets.ready.send_replace(Readiness::Ready);
        self.decide();
        self.outlets.snapshot.keep(&self.world, touched);
    }

    fn build_config(&mut self) {
        let pools = self.world.pools().map(|p| &p.source).collect();
        let advertisements = self.world.advertisements().map(|a| &a.source).collect();
        let (config, problems) =
            Config::build(&Objects { pools, advertisements, ..Objects::default() }, &self.config);
        self.config = config;
        self.outlets.metrics.client.config_loaded.set(1);
        self.outlets.metrics.client.config_stale.set(problems.iter().any(|p| p.kind.rejects()).into());
        self.outlets.configuration.says(Some(&Reading::of(&problems)));
    }

    fn look_at_links(&mut self) {
        let states = self.outlets.net.links.borrow_and_update().clone();
        let facts = states.iter().filter_map(LinkState::facts).collect();
        if let Some(control) = self.told.links(facts) {
            self.outlets.net.controls.send(control);
        }
        let touched = self.world.set_links(states.iter().filter_map(LinkState::world).collect());
        if !touched.is_empty() && self.awaited.is_empty() {
            self.decide();
        }
    }

    /// From the world to everybody who is to know: whole sets, and only if they differ from what was said last.
    fn decide(&mut self) {
        let eligible = eligibility(&self.world, &self.config, &self.scope);
        for effect in self.writer.failed(&self.world, &self.eligible, &eligible) {
            self.carry_out(effect);
        }
        self.told.exclusions(&eligible);
        self.eligible = eligible;
        let controls = [self.told.nodes(&self.world), self.told.offers(&self.eligible)];
        for control in controls.into_iter().flatten() {
            self.outlets.net.controls.send(control);
        }
        let offered = self.told.offered().map(|offer| (offer.address, offer.link));
        self.outlets.net.groups.send_if_modified(|groups| {
            let wanted = groups::wanted(offered);
            let changed = *groups != wanted;
            *groups = wanted;
            changed
        });
        self.publish();
    }

    fn hear(&mut self, report: &Report) {
        report::log(report, &self.world);
        self.outlets.metrics.count(report);
        match *report {
            Report::Took { address, link, cause, .. } => {
                self.held.insert((address, link));
                let effects = self.writer.assigned(&self.world, &self.eligible, (address, link), cause);
                effects.into_iter().for_each(|effect| self.carry_out(effect));
                self.left_behind.took(address, &self.eligible);
            }
            Report::Dropped { address, link, .. } => {
                self.held.remove(&(address, link));
            }
            Report::Peer { ref node, link, alive, .. } => self.left_behind.heard(node, link, alive),
            Report::Conflict { .. } | Report::Twins { .. } | Report::Doubt { .. } | Report::Left => {}
        }
        self.publish();
    }

    fn publish(&mut self) {
        let mut wanted = self.writer.l2statuses(&self.world, &self.eligible, &self.held);
        wanted.extend(self.left_behind.due(&self.world, &self.eligible, &self.held));
        self.outlets.publisher.want(wanted);
        self.outlets.metrics.announced(&self.eligible, &self.held);
    }

    fn carry_out(&self, effect: Effect) {
        if let Effect::Notice(notice) = effect {
            self.outlets.notices.send(notice);
        }
    }

    /// Hands everything over, with a bound: a process that is told to end, ends.
    async fn leave(mut self) -> Result<(), Fatal> {
        self.outlets.ready.send_replace(Readiness::Leaving);
        tracing::info!("told to end: handing over");
        self.outlets.net.controls.send(Control::Leave);
        let left = async {
            while let Some(report) = self.outlets.net.reports.recv().await {
                self.hear(&report);
                if report == Report::Left {
                    break;
                }
            }
        };
        if tokio::time::timeout(LEAVE_BOUND, left).await.is_err() {
            tracing::warn!(bound = ?LEAVE_BOUND, "not everything was handed over in time");
        }
        self.held.clear();
        self.publish();
        if tokio::time::timeout(FAREWELL_BOUND, self.outlets.publisher.settled()).await.is_err() {
            tracing::warn!(bound = ?FAREWELL_BOUND, "the last status was not written in time");
        }
        Ok(())
    }
}
