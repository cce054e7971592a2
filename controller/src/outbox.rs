//! Effects between being due and standing in the API server: what is on its way is not sent again, what failed is tried
//! again after a growing pause, and one object is written by one effect at a time.
//!
//! A review hands in everything that is due on the objects it looked at. An effect stays due until its echo has come
//! back through the watch; until then it is remembered as written.
//!
//! ```text
//!           due                   poll                  written
//!  (none) ───────► Ready ───────────────────► Sent ────────────────► Written ─┐
//!                   ▲ ▲                        │ failed               │       │ no longer due
//!                   │ └──── pause is over ── Pausing ◄────────────────┘       ▼
//!                   └────────── another effect is due                      (none)
//!                                                  no echo for a while
//! ```

mod entry;
mod lines;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use patina::name::ObjectKey;
use patina::reconcile::{Effect, EffectKey, Notice, Review};
use patina::time::Instant;
use patina::world::Kind;

pub(crate) use entry::Outcome;
use entry::{Due, Entry, State, pause};
pub(crate) use lines::Lane;
use lines::Lines;

/// Effects under way at once: more would only queue up in the API server.
const UNDER_WAY: u32 = 16;
/// A written effect that is still due after this time has been undone by somebody.
const ECHO: Duration = Duration::from_secs(10);

type Object = (Kind, ObjectKey);

/// The machine. See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    entries: BTreeMap<Object, BTreeMap<EffectKey, Entry>>,
    lines: Lines,
    /// Ends of pauses; looked up again when they are over.
    deadlines: BTreeSet<(Instant, EffectKey)>,
    under_way: u32,
    /// Failures since the last success, of whatever object: many in a row mean that nobody answers.
    in_a_row: u32,
    silent_until: Instant,
}

impl Outbox {
    /// Takes what is due on the objects that were looked at. What was due on them and is not any more has arrived, or is
    /// no longer meant. The answer is what people are to be told now: notices are given out once.
    pub(crate) fn review(&mut self, review: Review, lane: impl Fn(&Effect) -> Lane) -> Vec<Notice> {
        let mut due: BTreeMap<Object, BTreeMap<EffectKey, Effect>> =
            review.subjects.into_iter().map(|object| (object, BTreeMap::new())).collect();
        for effect in review.effects {
            let key = effect.key();
            due.entry(object(&key)).or_default().insert(key, effect);
        }
        let mut notices = Vec::new();
        for (object, effects) in due {
            self.review_object(object, effects, &lane, &mut notices);
        }
        notices
    }

    fn review_object(
        &mut self,
        object: Object,
        mut due: BTreeMap<EffectKey, Effect>,
        lane: impl Fn(&Effect) -> Lane,
        notices: &mut Vec<Notice>,
    ) {
        let mut entries = self.entries.remove(&object).unwrap_or_default();
        entries.retain(|key, entry| match due.remove(key) {
            Some(effect) => {
                if entry.due(effect) == Due::Now {
                    self.lines.push(lane(&entry.effect), key.clone());
                }
                true
            }
            None => entry.not_due(),
        });
        for (key, effect) in due {
            if let Effect::Notice(notice) = &effect {
                notices.push(notice.clone());
            } else {
                self.lines.push(lane(&effect), key.clone());
            }
            entries.insert(key, Entry::new(effect));
        }
        if !entries.is_empty() {
            self.entries.insert(object, entries);
        }
    }

    /// The next effect to send, if one more may be under way.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Effect> {
        self.end_pauses(now);
        if now < self.silent_until {
            return None;
        }
        self.silent_until = Instant::ZERO;
        if self.under_way >= UNDER_WAY {
            return None;
        }
        let entries = &self.entries;
        let of_object = |key: &EffectKey| entries.get(&object(key));
        let key = self.lines.pop(
            |key| of_object(key).and_then(|all| all.get(key)).is_some_and(Entry::is_ready),
            |key| of_object(key).is_none_or(|all| !all.values().any(Entry::is_under_way)),
        )?;
        let entry = self.entry(&key)?;
        entry.state = State::Sent;
        let effect = entry.effect.clone();
        self.under_way += 1;
        Some(effect)
    }

    /// Takes the end of an effect that [`Self::poll`] gave.
    pub(crate) fn end(&mut self, effect: &Effect, lane: Lane, outcome: Outcome, now: Instant) {
        self.note_success(outcome, now);
        let key = effect.key();
        let Some(entry) = self.entry(&key).filter(|entry| entry.is_under_way()) else { return };
        let state = entry.end(outcome, now);
        self.under_way = self.under_way.saturating_sub(1);
        match state {
            State::Ready => self.lines.push(lane, key),
            State::Pausing(until) | State::Written(until) => {
                self.deadlines.insert((until, key));
            }
            State::NotDue => self.forget(&key),
            State::Sent | State::Stale | State::Settled => {}
        }
    }

    fn note_success(&mut self, outcome: Outcome, now: Instant) {
        match outcome {
            Outcome::Done => self.in_a_row = 0,
            Outcome::Failed => {
                self.in_a_row = self.in_a_row.saturating_add(1);
                let rounds = self.in_a_row / UNDER_WAY;
                self.silent_until = if rounds > 0 { now + pause(rounds - 1) } else { Instant::ZERO };
            }
        }
    }

    /// When [`Self::poll`] is to be called although nothing has happened.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let silence =
            (self.silent_until > Instant::ZERO && !self.lines.is_empty()).then_some(self.silent_until);
        self.deadlines.first().map(|(until, _)| *until).into_iter().chain(silence).min()
    }

    /// Forgets everything that is not on its way: somebody else writes from now on.
    pub(crate) fn clear(&mut self) {
        self.lines = Lines::default();
        self.deadlines.clear();
        for entries in self.entries.values_mut() {
            entries.retain(|_, entry| entry.not_due());
        }
        self.entries.retain(|_, entries| !entries.is_empty());
    }

    fn end_pauses(&mut self, now: Instant) {
        while let Some((until, key)) = self.deadlines.first().filter(|(until, _)| *until <= now).cloned() {
            self.deadlines.remove(&(until, key.clone()));
            let over = |entry: &&mut Entry| entry.deadline() == Some(until);
            if let Some(entry) = self.entry(&key).filter(over) {
                entry.state = State::Ready;
                self.lines.push(Lane::Again, key);
            }
        }
    }

    fn entry(&mut self, key: &EffectKey) -> Option<&mut Entry> {
        self.entries.get_mut(&object(key))?.get_mut(key)
    }

    fn forget(&mut self, key: &EffectKey) {
        let object = object(key);
        if let Some(entries) = self.entries.get_mut(&object) {
            entries.remove(key);
            if entries.is_empty() {
                self.entries.remove(&object);
            }
        }
    }
}

fn object(key: &EffectKey) -> Object {
    (key.kind, key.object.clone())
}

#[cfg(test)]
mod tests;
