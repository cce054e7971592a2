//! Quiet points: everything is mended, nobody does anything, and after a bounded time every law must hold.
//!
//! ```text
//!   Settling ── nothing was written for a while ──► laws ── every object is touched, or the leader dies ──► Calm ──► go on
//! ```

use std::time::Duration;

use patina::api::conditions::ConditionStatus;
use patina::reconcile::{Effect, ServiceWrite};
use patina::world::{Kind, Service};

use super::Model;
use crate::laws::{Settled, Violation};
use crate::request::Happening;
use crate::step::Mood;

/// How long all may take to settle: a Lease that runs out, the longest pause after failures, an echo that is waited for.
const BOUND: Duration = Duration::from_secs(120);
/// The same where endpoints lend addresses: what a call of an earlier term has left there is found by the next list.
const BOUND_OF_LOANS: Duration = Duration::from_secs(600);
/// After so long nobody who was refused asks an endpoint for the first time since it has changed: longer than the longest
/// pause.
const SETTLED_LOANS: Duration = Duration::from_secs(45);
/// After so long without a write, while somebody leads, nothing is on its way any more: longer than an echo is waited for, by the slowest clock.
const SETTLED: Duration = Duration::from_secs(16);
/// How long nobody writes after everything was touched, or since the next leader decides.
const CALM: Duration = Duration::from_secs(4);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(500);

/// A quiet point that runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quiet {
    since: Duration,
    stage: Stage,
    succession: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Settling,
    /// Since then.
    Calm(Duration),
}

impl Quiet {
    /// A quiet point; `succession`: the leader dies in it.
    pub(super) fn begin(now: Duration, succession: bool) -> Self {
        Self { since: now, stage: Stage::Settling, succession }
    }

    /// Whether nobody may write.
    pub(super) fn is_calm(self) -> bool {
        self.stage != Stage::Settling
    }
}

impl Model<'_> {
    /// Everything is mended.
    pub(super) fn quieten(&mut self, quiet: Quiet) {
        self.unwell_until = self.now;
        self.endpoints.iter_mut().for_each(|endpoint| endpoint.mood = Mood::Sound);
        for number in 0..self.history.controllers {
            self.heal(number);
            self.restart(number);
        }
        self.quiet = Some(quiet);
        self.agenda.enter(self.now + LOOK, Happening::Look);
    }

    /// Goes on when all is settled.
    pub(super) fn look(&mut self) -> Result<(), Violation> {
        let Some(quiet) = self.quiet else { return Ok(()) };
        let now = self.now;
        let bound = if self.borrows() { BOUND_OF_LOANS } else { BOUND };
        let (begun, pause) = match quiet.stage {
            Stage::Settling if self.asks_again() => (quiet.since, SETTLED_LOANS),
            Stage::Settling => (quiet.since, SETTLED),
            Stage::Calm(since) => (since, CALM),
        };
        let calm = quiet.is_calm();
        if self.leader().is_none() || self.writes_are_under_way() || !calm && !self.knows_what_is_lent() {
            self.last_activity = now;
        }
        if now < begun.max(self.last_activity) + pause {
            self.laws.converges(now < begun + bound, now)?;
            self.agenda.enter(now + LOOK, Happening::Look);
            return Ok(());
        }
        self.settled(quiet)
    }

    /// What may be written although nothing has happened. Where schemas have no place for conditions, a new leader finds
    /// that out by writing one. Why somebody waits may be put in other words: what a rejected pool said while it was right
    /// went with the leader before, and taking a free address concerns nobody but says more to who waits for two.
    pub(super) fn is_pardoned(&self, effect: &Effect) -> bool {
        match effect {
            Effect::Status(_) => {
                self.quiet.is_some_and(|quiet| quiet.succession) && self.history.metallb_schemas
            }
            Effect::ServiceStatus(write) => {
                let standing = self.server.service(&write.subject.key);
                standing.is_some_and(|service| {
                    *service.ingress == *write.ingress && is_other_words(service, write)
                })
            }
            _ => false,
        }
    }

    fn settled(&mut self, quiet: Quiet) -> Result<(), Violation> {
        if quiet.is_calm() {
            self.quiet = None;
            self.enter_next();
            return Ok(());
        }
        self.say(|| "settled".to_owned());
        let state = Settled { truth: &self.truth, server: &self.server, endpoints: &self.endpoints };
        self.laws.judge(&state, self.terms, self.now)?;
        self.endpoints.iter_mut().for_each(|endpoint| endpoint.troubled = false);
        if quiet.succession {
            if let Some(number) = self.leader() {
                self.crash(number);
                self.start(number);
            }
        } else {
            self.server.touch();
            self.broadcast();
        }
        self.quiet = Some(Quiet { stage: Stage::Calm(self.now), ..quiet });
        self.agenda.enter(self.now + LOOK, Happening::Look);
        Ok(())
    }

    fn restart(&mut self, number: u8) {
        if self.node(number).is_some_and(|node| node.running.is_none()) {
            self.start(number);
        }
    }

    /// Who leads and has read everything.
    fn leader(&self) -> Option<u8> {
        let decides = |node: &crate::node::Node| node.running.as_ref().is_some_and(|r| r.decides(self.now));
        (0..).zip(&self.nodes).find(|(_, node)| decides(node)).map(|(number, _)| number)
    }

    /// Whether somebody leads who knows every address that is written down as let go of.
    pub(super) fn leader_has_read(&self) -> bool {
        let leader = self.leader().and_then(|number| self.nodes.get(usize::from(number))?.running.as_ref());
        let watch = leader.and_then(|running| running.watches.get(&Kind::PoolState));
        watch.is_some_and(|watch| watch.heard >= self.server.remembered_at())
    }

    fn writes_are_under_way(&self) -> bool {
        self.flying > 0
            || self
                .nodes
                .iter()
                .any(|node| node.running.as_ref().is_some_and(|running| !running.under_way.is_empty()))
    }
}

/// Whether nothing but the words of conditions that do not hold would change.
fn is_other_words(service: &Service, write: &ServiceWrite) -> bool {
    let standing = |kind: &str| service.condition(kind).map(|condition| condition.status);
    let fails = |status| status == ConditionStatus::False;
    write.conditions.iter().all(|wanted| standing(&wanted.kind) == Some(wanted.status))
        && write.conditions.iter().any(|wanted| fails(wanted.status))
}
