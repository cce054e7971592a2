//! Effects between being wanted and standing in the API server: what is on its way is not sent again, what failed is
//! tried again after a growing pause.
//!
//! Each pass hands in the *whole* difference between what should stand and what the world shows. An effect stays in
//! the difference until its echo has come back through the watch; until then it is remembered as written.
//!
//! ```text
//!            want                 poll                  written
//!   (none) ───────► Ready ─────────────────► Sent ────────────────► Written ─┐
//!                    ▲ ▲                      │ failed                │       │ no longer wanted
//!                    │ └──── pause is over ── Pausing ◄───────────────┘       ▼
//!                    └───────────── another effect is wanted              (none)
//!                                                   no echo for a while
//! ```
//!
//! One object is written by one effect at a time. Statuses go first; annotations wait until no status is left to send.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use patina::reconcile::{Effect, EffectKey, Part};
use patina::time::Instant;

/// Effects under way at once: more only queue up in the API server.
const IN_FLIGHT: usize = 16;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A written effect that is still wanted after this time has been undone by somebody.
const ECHO: Duration = Duration::from_secs(10);

/// How an effect ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It stands.
    Written,
    /// It stands as far as the kind's schema lets it; writing it again would change nothing.
    Pruned,
    /// The object is gone, or another one has its name.
    Gone,
    /// It does not stand; trying again may help.
    Failed,
}

/// The machine. See the module's documentation.
#[derive(Debug, Default)]
pub struct Outbox {
    entries: BTreeMap<EffectKey, Entry>,
    /// Keys of effects that may be ready, in the order in which they became so; looked up again before they are sent.
    statuses: VecDeque<EffectKey>,
    rest: VecDeque<EffectKey>,
    /// Ends of pauses; looked up again when they are over.
    deadlines: BTreeSet<(Instant, EffectKey)>,
    under_way: usize,
}

#[derive(Debug)]
struct Entry {
    effect: Effect,
    state: State,
    failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    /// On its way. `Stale`: another effect is wanted by now, and is sent as soon as this one has ended.
    Sent,
    Stale,
    /// On its way, and not wanted any more.
    Unwanted,
    Pausing(Instant),
    Written(Instant),
    /// Nothing more to be done until another effect is wanted.
    Settled,
}

/// Whether an effect that is wanted has become ready by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    ReadyNow,
    AsBefore,
}

impl Outbox {
    /// Takes the whole difference. What is no longer in it has arrived, or is no longer meant.
    pub fn want(&mut self, effects: impl IntoIterator<Item = Effect>) {
        let mut wanted: BTreeMap<_, _> = effects.into_iter().map(|effect| (effect.key(), effect)).collect();
        let mut ready = Vec::new();
        self.entries.retain(|key, entry| match wanted.remove(key) {
            Some(effect) => {
                if entry.want(effect) == Wanted::ReadyNow {
                    ready.push(key.clone());
                }
                true
            }
            None => entry.unwant(),
        });
        for (key, effect) in wanted {
            ready.push(key.clone());
            self.entries.insert(key, Entry { effect, state: State::Ready, failures: 0 });
        }
        ready.into_iter().for_each(|key| self.queue(key));
    }

    /// The next effect to send, if one more may be under way.
    pub fn poll(&mut self, now: Instant) -> Option<Effect> {
        self.end_pauses(now);
        if self.under_way >= IN_FLIGHT {
            return None;
        }
        let key = self.next_status().or_else(|| self.next_of_the_rest())?;
        let entry = self.entries.get_mut(&key)?;
        entry.state = State::Sent;
        self.under_way += 1;
        Some(entry.effect.clone())
    }

    /// Takes the end of an effect.
    pub fn handle_result(&mut self, key: &EffectKey, outcome: Outcome, now: Instant) {
        let Some(entry) = self.entries.get_mut(key).filter(|entry| entry.is_sent()) else { return };
        self.under_way -= 1;
        match entry.end(outcome, now) {
            State::Ready => self.queue(key.clone()),
            State::Pausing(until) | State::Written(until) => {
                self.deadlines.insert((until, key.clone()));
            }
            State::Unwanted => {
                self.entries.remove(key);
            }
            State::Sent | State::Stale | State::Settled => {}
        }
    }

    /// When [`Self::poll`] is to be called again although nothing has happened.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(until, _)| *until)
    }

    /// Forgets everything that is not on its way: somebody else writes from now on.
    pub fn clear(&mut self) {
        self.want([]);
    }

    fn queue(&mut self, key: EffectKey) {
        match key.part {
            Part::Status => self.statuses.push_back(key),
            Part::Annotation | Part::Notice(_) => self.rest.push_back(key),
        }
    }

    fn end_pauses(&mut self, now: Instant) {
        while let Some((until, key)) = self.deadlines.first().filter(|(until, _)| *until <= now).cloned() {
            self.deadlines.remove(&(until, key.clone()));
            let over = |entry: &&mut Entry| entry.deadline() == Some(until);
            if let Some(entry) = self.entries.get_mut(&key).filter(over) {
                entry.state = State::Ready;
                self.queue(key);
            }
        }
    }

    fn next_status(&mut self) -> Option<EffectKey> {
        let mut statuses = std::mem::take(&mut self.statuses);
        let next = self.first_ready(&mut statuses);
        self.statuses = statuses;
        next
    }

    fn next_of_the_rest(&mut self) -> Option<EffectKey> {
        let mut rest = std::mem::take(&mut self.rest);
        let next = self.first_ready(&mut rest);
        self.rest = rest;
        next
    }

    /// Takes the first key that is still ready. Those whose object is being written go to the end.
    fn first_ready(&self, queue: &mut VecDeque<EffectKey>) -> Option<EffectKey> {
        for _ in 0..queue.len() {
            let key = queue.pop_front()?;
            if self.entries.get(&key).is_none_or(|entry| entry.state != State::Ready) {
                continue;
            }
            if !self.is_busy(&key) {
                return Some(key);
            }
            queue.push_back(key);
        }
        None
    }

    /// Whether some part of the object is on its way.
    fn is_busy(&self, key: &EffectKey) -> bool {
        let first = EffectKey { part: Part::Status, ..key.clone() };
        let same = |other: &EffectKey| other.kind == key.kind && other.object == key.object;
        let mut parts = self.entries.range(first..).take_while(|(other, _)| same(other));
        parts.any(|(_, entry)| entry.is_sent())
    }
}

impl Entry {
    fn want(&mut self, effect: Effect) -> Wanted {
        let same = self.effect == effect;
        self.effect = effect;
        let (state, wanted) = match self.state {
            State::Unwanted if same => (State::Sent, Wanted::AsBefore),
            state if same => (state, Wanted::AsBefore),
            State::Ready => (State::Ready, Wanted::AsBefore),
            State::Sent | State::Stale | State::Unwanted => (State::Stale, Wanted::AsBefore),
            State::Pausing(_) | State::Written(_) | State::Settled => (State::Ready, Wanted::ReadyNow),
        };
        self.state = state;
        wanted
    }

    /// Whether it is still to be remembered.
    fn unwant(&mut self) -> bool {
        if self.is_sent() {
            self.state = State::Unwanted;
        }
        self.is_sent()
    }

    fn end(&mut self, outcome: Outcome, now: Instant) -> State {
        let failures = std::mem::take(&mut self.failures);
        self.state = match (self.state, outcome) {
            (State::Unwanted, _) => State::Unwanted,
            (State::Stale, _) => State::Ready,
            (_, Outcome::Written) => State::Written(now + ECHO),
            (_, Outcome::Pruned | Outcome::Gone) => State::Settled,
            (_, Outcome::Failed) => {
                self.failures = failures + 1;
                State::Pausing(now + pause(failures))
            }
        };
        self.state
    }

    fn is_sent(&self) -> bool {
        matches!(self.state, State::Sent | State::Stale | State::Unwanted)
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Pausing(until) | State::Written(until) => Some(until),
            State::Ready | State::Sent | State::Stale | State::Unwanted | State::Settled => None,
        }
    }
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests;
