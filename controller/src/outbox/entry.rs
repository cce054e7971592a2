//! One effect on its way.

use std::time::Duration;

use patina::reconcile::Effect;
use patina::time::Instant;

use super::ECHO;
use super::lines::Place;
use super::pause::pause;

/// How an effect ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It stands.
    Done,
    /// There is nothing left that it could stand on: it is forgotten.
    Gone,
    /// The object has changed since it was decided on: it is to be seen and decided on again.
    Outdated,
    /// The server does not take it.
    Refused,
    /// The server takes nothing now.
    Unwell {
        /// How long it asks to be left alone.
        wait: Option<Duration>,
    },
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) effect: Effect,
    pub(super) place: Place,
    pub(super) state: State,
    failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    /// On its way since then.
    Sent(Instant),
    /// On its way, while another effect is due by now.
    Stale(Instant),
    /// On its way, and not due any more.
    NotDue(Instant),
    /// It failed and waits.
    Pausing(Instant, Fault),
    Written(Instant),
    /// It waits to see what has become of its object.
    Outdated(Instant),
    /// A notice that was given out.
    Settled,
}

/// Whose fault a pause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Its,
    TheServers,
}

/// Whether an effect that is due is to be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Now,
    /// It waits already, or is on its way.
    AsBefore,
}

impl Entry {
    pub(super) fn new(effect: Effect, place: Place) -> Self {
        let state = if matches!(effect, Effect::Notice(_)) { State::Settled } else { State::Ready };
        Self { effect, place, state, failures: 0 }
    }

    /// This effect is due.
    pub(super) fn due(&mut self, effect: Effect, place: Place) -> Due {
        let same = self.effect.writes_the_same(&effect);
        let seen_anew = self.effect != effect;
        (self.effect, self.place) = (effect, place);
        let (state, due) = match self.state {
            State::NotDue(sent) if same => (State::Sent(sent), Due::AsBefore),
            State::Outdated(_) if seen_anew => (State::Ready, Due::Now),
            state if same => (state, Due::AsBefore),
            State::Ready => (State::Ready, Due::AsBefore),
            State::Sent(sent) | State::Stale(sent) | State::NotDue(sent) => {
                (State::Stale(sent), Due::AsBefore)
            }
            State::Pausing(..) | State::Written(_) | State::Outdated(_) => (State::Ready, Due::Now),
            State::Settled => (State::Settled, Due::Now),
        };
        self.state = state;
        if !same {
            self.failures = 0;
        }
        due
    }

    /// Nothing is due here. Whether it is to be remembered all the same.
    pub(super) fn not_due(&mut self) -> bool {
        if let Some(sent) = self.under_way_since() {
            self.state = State::NotDue(sent);
        }
        self.under_way_since().is_some()
    }

    /// What was `sent` has ended.
    pub(super) fn end(&mut self, sent: &Effect, outcome: Outcome, chance: u64, now: Instant) -> State {
        let failures = std::mem::take(&mut self.failures);
        self.state = match (self.state, outcome) {
            (State::NotDue(since), _) => State::NotDue(since),
            (State::Stale(_), _) => State::Ready,
            (State::Sent(since), Outcome::Gone) => State::NotDue(since),
            (_, Outcome::Done | Outcome::Gone) => State::Written(now + ECHO),
            (_, Outcome::Outdated) if *sent != self.effect => State::Ready,
            (_, Outcome::Outdated) => State::Outdated(now + ECHO),
            (_, Outcome::Refused) => self.pausing(failures, Fault::Its, chance, now),
            (_, Outcome::Unwell { .. }) => self.pausing(failures, Fault::TheServers, chance, now),
        };
        self.state
    }

    fn pausing(&mut self, failures: u32, fault: Fault, chance: u64, now: Instant) -> State {
        self.failures = failures.saturating_add(1);
        State::Pausing(now + pause(failures, chance), fault)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.state == State::Ready
    }

    pub(super) fn under_way_since(&self) -> Option<Instant> {
        match self.state {
            State::Sent(since) | State::Stale(since) | State::NotDue(since) => Some(since),
            State::Ready | State::Pausing(..) | State::Written(_) | State::Outdated(_) | State::Settled => {
                None
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Pausing(until, _) | State::Written(until) | State::Outdated(until) => Some(until),
            State::Ready | State::Sent(_) | State::Stale(_) | State::NotDue(_) | State::Settled => None,
        }
    }

    /// Whether it waits for nothing but the server's health.
    pub(super) fn waits_for_the_server(&self) -> bool {
        matches!(self.state, State::Pausing(_, Fault::TheServers))
    }
}
