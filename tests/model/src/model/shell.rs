//! The shell around the product's machine, turn by turn, and the API server's side of its requests.

use std::time::Duration;

use kube::core::Status;
use patina::reconcile::Effect;
use patina::time::WallTime;
use patina::world::Kind;
use patina_controller::machine::{WriteError, Written};
use patina_daemon::outlook::WatchState;
use patina_daemon::watch::Event;

use super::Model;
use crate::laws::Violation;
use crate::node::{OF_A_TERM, WATCHED, times, wall};
use crate::plant::Fault;
use crate::request::{Happening, Request, Sender, Signal, Write};

/// How late a loop that was woken turns, at most.
const MOMENT: Duration = Duration::from_millis(2);
/// The API server takes nothing now.
const UNAVAILABLE: u16 = 503;
const TOO_MANY: u16 = 429;
const BROKEN: u16 = 500;
/// Every so many writes one gets lost, where that is planted.
const LOST: u64 = 5;

impl Model<'_> {
    /// A controller starts.
    pub(super) fn start(&mut self, number: u8) {
        let (history, now) = (self.history, self.now);
        let Some(node) = self.node(number) else { return };
        node.start(history, now);
        let who = Sender { node: number, life: node.life };
        let pause = node.luck.span(Duration::ZERO, Duration::from_millis(300));
        WATCHED.into_iter().for_each(|kind| self.open(who, kind));
        self.after(pause, who, Signal::Campaign);
    }

    pub(super) fn turn_after_a_moment(&mut self, who: Sender) {
        let pause = self.node(who.node).map_or(MOMENT, |node| node.luck.span(Duration::ZERO, MOMENT));
        self.turn_soon(who, pause);
    }

    /// The loop turns after the pause, unless it turns before that anyway.
    pub(super) fn turn_soon(&mut self, who: Sender, pause: Duration) {
        let at = self.now + pause;
        let Some(running) = self.running(who).filter(|running| running.wake.is_none_or(|wake| wake > at))
        else {
            return;
        };
        running.wake = Some(at);
        self.after(pause, who, Signal::Turn);
    }

    /// One turn, as the product's driver makes it: begin or end a term, decide, hand out effects, wait.
    pub(super) fn turn(&mut self, who: Sender) -> Result<(), Violation> {
        let (now, plant) = (self.now, self.plant);
        let Some(running) = self.running(who).filter(|running| running.wake.is_some_and(|wake| wake <= now))
        else {
            return Ok(());
        };
        running.wake = None;
        let local = running.local(now);
        let term = running.role.term(local);
        let for_ever = plant.is(Fault::LeadsForEver) && running.term.is_some();
        if term != running.term && !for_ever {
            running.term = term;
            if !plant.is(Fault::KeepsItsOutbox) {
                running.state.follow();
            }
            self.turn_to_services(who, term.is_some())?;
        }
        let now_there = self.node(who.node).map_or(WallTime::default(), |node| WallTime(node.wall(now).0));
        let Some(running) = self.running(who) else { return Ok(()) };
        running.state.decide(now_there);
        self.hand_out(who);
        self.ask(who)?;
        self.wait(who);
        Ok(())
    }

    /// Services and PoolStates are watched as long as a term lasts.
    fn turn_to_services(&mut self, who: Sender, leads: bool) -> Result<(), Violation> {
        if !leads {
            OF_A_TERM.into_iter().for_each(|kind| self.end_watch(who, kind));
            self.say(|| format!("c{} follows", who.node));
            return Ok(());
        }
        self.terms += 1;
        let (now, number) = (self.now, self.terms);
        if let Some(running) = self.running(who) {
            running.number = number;
        }
        self.open(who, Kind::Service);
        self.open_pool_states(who);
        self.say(|| format!("c{} leads: term {number}", who.node));
        let others = self.nodes.iter().enumerate().filter(|(at, _)| *at != usize::from(who.node));
        let others = others.filter_map(|(_, node)| Some((node, node.running.as_ref()?)));
        let leading = others.filter(|(node, _)| now >= node.stalled_until);
        self.laws.one_leads(leading.filter(|(_, other)| other.role.leads(other.local(now))).count(), now)
    }

    /// With MetalLB's own definitions there are none.
    fn open_pool_states(&mut self, who: Sender) {
        if !self.history.metallb_schemas {
            return self.open(who, Kind::PoolState);
        }
        if let Some(running) = self.running(who) {
            running.state.handle_event(Event::State(Kind::PoolState, WatchState::NotInstalled));
        }
    }

    fn hand_out(&mut self, who: Sender) {
        let now = self.now;
        loop {
            let id = self.writes;
            let Some(node) = self.node(who.node) else { return };
            let wall = node.wall(now);
            let Some(running) = node.running.as_mut() else { return };
            let local = running.local(now);
            let Some(effect) = running.state.poll_effect(local) else { return };
            let heard = running.heard_of_services();
            let deadline = running.clock.global(local + times().patience());
            running.under_way.insert(id, effect.clone());
            let write = Write { id, effect, term: running.number, heard, wall };
            self.writes += 1;
            self.agenda.enter(deadline, Happening::Reaches(who, Signal::GivenUp(id)));
            self.say(|| format!("c{} sends #{id} {}", who.node, told(&write.effect)));
            self.send(who, Request::Write(who, Box::new(write)));
        }
    }

    fn wait(&mut self, who: Sender) {
        let now = self.now;
        let Some(running) = self.running(who) else { return };
        let local = running.local(now);
        let end = match running.role {
            patina_controller::machine::Role::Leading { until, .. } if local < until => Some(until),
            _ => None,
        };
        let timeout = running.state.poll_timeout(local);
        let Some(wake) = timeout.into_iter().chain(end).min() else { return };
        let pause = running.clock.global(wake).saturating_sub(now).max(Duration::from_micros(1));
        self.turn_soon(who, pause);
    }

    /// A write has ended, or is not waited for any longer.
    pub(super) fn ended(&mut self, who: Sender, id: u64, result: Option<Result<Written, u16>>) {
        let now = self.now;
        if self.plant.is(Fault::LosesEnds) && id.is_multiple_of(LOST) {
            return;
        }
        let Some(running) = self.running(who) else { return };
        let Some(effect) = running.under_way.remove(&id) else { return };
        let result = result.map_or(Err(WriteError::Late), |result| result.map_err(refused));
        let local = running.local(now);
        running.state.handle_end(&effect, result, local);
        self.turn_after_a_moment(who);
    }

    /// A request arrives at the API server.
    pub(super) fn arrive(&mut self, request: Request) -> Result<(), Violation> {
        match request {
            Request::ReadLease(who, attempt) => {
                let lease = self.server.lease();
                self.answer(who, Signal::LeaseRead(attempt, lease));
            }
            Request::WriteLease(who, attempt, found, claim) => {
                let won = self.server.claim(found.as_deref(), &claim);
                self.answer(who, Signal::LeaseWritten(attempt, won));
            }
            Request::Write(who, write) => return self.carry_out(who, &write),
            Request::Call(who, id, asked) => self.asked(who, id, &asked),
        }
        Ok(())
    }

    /// Carries a write out, or fails to, or carries it out and fails to say so.
    fn carry_out(&mut self, who: Sender, write: &Write) -> Result<(), Violation> {
        (self.last_activity, self.flying) = (self.now, self.flying - 1);
        let calm = self.quiet.is_some_and(|quiet| quiet.is_calm()) && !self.is_pardoned(&write.effect);
        self.laws.nobody_writes(&write.effect, calm, self.now)?;
        let mood = if self.now < self.unwell_until { self.moods.below(5) } else { 4 };
        let refusal = match mood {
            0 | 1 => Some(UNAVAILABLE),
            2 => Some(TOO_MANY),
            _ => None,
        };
        let result = match refusal {
            Some(code) => Err(code),
            None => self.store(write)?,
        };
        let told = if mood == 3 { Err(BROKEN) } else { result };
        self.say(|| format!("#{} ends: {result:?}, told {told:?}", write.id));
        self.answer(who, Signal::Ended(write.id, told));
        Ok(())
    }

    fn store(&mut self, write: &Write) -> Result<Result<Written, u16>, Violation> {
        let before = self.server.service(&write.effect.key().object).cloned();
        let version = self.server.version();
        let result = self.server.write(&write.effect, write.wall);
        if self.server.version() != version {
            self.laws.written(write, before.as_ref(), (&self.truth, &self.server), self.now)?;
            self.broadcast();
        }
        Ok(result)
    }

    /// The true time in seconds since 1970.
    pub(super) fn wall(&self) -> patina::config::Timestamp {
        wall(self.now)
    }
}

fn refused(code: u16) -> WriteError {
    WriteError::Refused(kube::Error::Api(Box::new(Status::failure("", "").with_code(code))))
}

fn told(effect: &Effect) -> String {
    match effect {
        Effect::ServiceStatus(write) => {
            let reasons: Vec<_> =
                write.conditions.iter().map(|condition| condition.message.as_ref()).collect();
            format!(
                "{} = {:?} over {} ({})",
                write.subject.key,
                write.ingress,
                write.version,
                reasons.join(" | ")
            )
        }
        Effect::PoolAnnotation { subject, pools } => format!("{} from {pools:?}", subject.key),
        Effect::Status(write) => format!("{} {:?}", write.subject.key, write.counters),
        Effect::PoolState(write) => format!("{} remembers {:?}", write.pool.key, write.released),
        Effect::L2Status(_) | Effect::DeleteL2Status(_) | Effect::Notice(_) => format!("{effect:?}"),
    }
}
