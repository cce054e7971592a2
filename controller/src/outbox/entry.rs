//! One effect on its way.

use std::time::Duration;

use patina::reconcile::Effect;
use patina::time::Instant;

use super::ECHO;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How an effect ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It stands, or there is nothing left that it could stand on.
    Done,
    /// It does not stand; trying again may help.
    Failed,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) effect: Effect,
    pub(super) state: State,
    failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    Sent,
    /// On its way, while another effect is due by now.
    Stale,
    /// On its way, and not due any more.
    NotDue,
    Pausing(Instant),
    Written(Instant),
    /// A notice that was given out.
    Settled,
}

/// Whether an effect that is due is to be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Now,
    /// It waits already, or is on its way.
    AsBefore,
}

impl Entry {
    pub(super) fn new(effect: Effect) -> Self {
        let state = if matches!(effect, Effect::Notice(_)) { State::Settled } else { State::Ready };
        Self { effect, state, failures: 0 }
    }

    /// This effect is due.
    pub(super) fn due(&mut self, effect: Effect) -> Due {
        let same = self.effect == effect;
        self.effect = effect;
        let (state, due) = match self.state {
            State::NotDue if same => (State::Sent, Due::AsBefore),
            state if same => (state, Due::AsBefore),
            State::Ready => (State::Ready, Due::AsBefore),
            State::Sent | State::Stale | State::NotDue => (State::Stale, Due::AsBefore),
            State::Pausing(_) | State::Written(_) | State::Settled => (State::Ready, Due::Now),
        };
        self.state = state;
        if !same {
            self.failures = 0;
        }
        due
    }

    /// Nothing is due here. Whether it is to be remembered all the same.
    pub(super) fn not_due(&mut self) -> bool {
        if self.is_under_way() {
            self.state = State::NotDue;
        }
        self.is_under_way()
    }

    pub(super) fn end(&mut self, outcome: Outcome, now: Instant) -> State {
        let failures = std::mem::take(&mut self.failures);
        self.state = match (self.state, outcome) {
            (State::NotDue, _) => State::NotDue,
            (State::Stale, _) => State::Ready,
            (_, Outcome::Done) => State::Written(now + ECHO),
            (_, Outcome::Failed) => {
                self.failures = failures.saturating_add(1);
                State::Pausing(now + pause(failures))
            }
        };
        self.state
    }

    pub(super) fn is_ready(&self) -> bool {
        self.state == State::Ready
    }

    pub(super) fn is_under_way(&self) -> bool {
        matches!(self.state, State::Sent | State::Stale | State::NotDue)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Pausing(until) | State::Written(until) => Some(until),
            State::Ready | State::Sent | State::Stale | State::NotDue | State::Settled => None,
        }
    }
}

pub(super) fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_PAUSE)
}
