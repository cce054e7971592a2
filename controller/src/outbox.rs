//! Effects between being due and standing in the API server: what is on its way is not sent again, what failed is tried
//! again after a growing pause, and one object is written by one effect at a time. The oldest object comes first, also
//! after a failure.
//!
//! A review hands in everything that is due on the objects it looked at. An effect stays due until its echo has come
//! back through the watch; until then it is remembered as written.
//!
//! ```text
//!           due                   poll                  written
//!  (none) ───────► Ready ───────────────────► Sent ────────────────► Written ─┐
//!                  ▲ ▲ ▲                      │   │ failed             │       │ no longer due
//!                  │ │ └── pause is over ── Pausing ◄──────────────────┘       ▼
//!                  │ └──── another effect is due  │   no echo for a while    (none)
//!                  └────── its object was seen anew ◄─ Outdated ◄─ decided on an older version
//! ```

mod entry;
mod lines;
mod pace;
mod pause;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use patina::name::ObjectKey;
use patina::reconcile::{Effect, EffectKey, Notice, Review};
use patina::time::Instant;
use patina::world::Kind;

pub(crate) use entry::Outcome;
use entry::{Due, Entry, State};
pub(crate) use lines::{Lane, Place};
use lines::{Lines, Turn};
use pace::{News, Pace};

/// A written effect that is still due after this time has been undone by somebody; one that was refused because its object
/// had changed, and whose object has not been seen changed, is tried again then.
const ECHO: Duration = Duration::from_secs(10);

type Object = (Kind, ObjectKey);

/// The machine. See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    entries: BTreeMap<Object, BTreeMap<EffectKey, Entry>>,
    lines: Lines,
    /// Ends of pauses; looked up again when they are over.
    deadlines: BTreeSet<(Instant, EffectKey)>,
    pace: Pace,
    /// Effects that have ended: what makes the pause of one differ from that of the next.
    ended: u64,
}

impl Outbox {
    /// Takes what is due on the objects that were looked at. What was due on them and is not any more has arrived, or is
    /// no longer meant. The answer is what people are to be told now: notices are given out once.
    pub(crate) fn review(&mut self, review: Review, place: impl Fn(&Effect) -> Place) -> Vec<Notice> {
        let mut due: BTreeMap<Object, BTreeMap<EffectKey, Effect>> =
            review.subjects.into_iter().map(|object| (object, BTreeMap::new())).collect();
        for effect in review.effects {
            let key = effect.key();
            due.entry(object(&key)).or_default().insert(key, effect);
        }
        let mut notices = Vec::new();
        for (object, effects) in due {
            self.review_object(object, effects, &place, &mut notices);
        }
        notices
    }

    fn review_object(
        &mut self,
        object: Object,
        mut due: BTreeMap<EffectKey, Effect>,
        place: impl Fn(&Effect) -> Place,
        notices: &mut Vec<Notice>,
    ) {
        let mut entries = self.entries.remove(&object).unwrap_or_default();
        entries.retain(|key, entry| match due.remove(key) {
            Some(effect) => {
                let place = place(&effect);
                if entry.due(effect, place) == Due::Now {
                    hand_out(&entry.effect, place, key, &mut self.lines, notices);
                }
                true
            }
            None => entry.not_due(),
        });
        for (key, effect) in due {
            let place = place(&effect);
            hand_out(&effect, place, &key, &mut self.lines, notices);
            entries.insert(key, Entry::new(effect, place));
        }
        if !entries.is_empty() {
            self.entries.insert(object, entries);
        }
    }

    /// The next effect to send, if one more may be under way.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Effect> {
        self.end_pauses(now);
        if !self.pace.admits(now) {
            return None;
        }
        let entries = &self.entries;
        let key = self.lines.pop(|key| turn(entries.get(&object(key)), key))?;
        let entry = self.entry(&key)?;
        entry.state = State::Sent(now);
        let effect = entry.effect.clone();
        self.pace.begin();
        Some(effect)
    }

    /// Takes the end of an effect that [`Self::poll`] gave.
    pub(crate) fn end(&mut self, effect: &Effect, outcome: Outcome, now: Instant) {
        let key = effect.key();
        self.ended += 1;
        let chance = self.ended;
        let Some(entry) = self.entry(&key) else { return };
        let Some(sent) = entry.under_way_since() else { return };
        let (state, place) = (entry.end(effect, outcome, chance, now), entry.place);
        match state {
            State::Ready => self.lines.push(place, key),
            State::Pausing(until, _) | State::Written(until) | State::Outdated(until) => {
                self.deadlines.insert((until, key));
            }
            State::NotDue(_) => self.forget(&key),
            State::Sent(_) | State::Stale(_) | State::Settled => {}
        }
        if self.pace.end(outcome, sent, now) == News::Well {
            self.end_waiting_for_the_server();
        }
    }

    /// Whether Services still wait to be given addresses.
    pub(crate) fn gives_addresses(&self) -> bool {
        self.lines.has(Lane::Address)
    }

    /// When [`Self::poll`] is to be called although nothing has happened.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let silence = self.pace.silence(now).filter(|_| !self.lines.is_empty());
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
            self.end_pause(&key, |entry| entry.deadline() == Some(until));
        }
    }

    /// The server is well: whoever waited for that need not wait for the end of a pause.
    fn end_waiting_for_the_server(&mut self) {
        let pausing: Vec<_> = self.deadlines.iter().map(|(_, key)| key.clone()).collect();
        for key in pausing {
            self.end_pause(&key, Entry::waits_for_the_server);
        }
    }

    fn end_pause(&mut self, key: &EffectKey, over: impl Fn(&Entry) -> bool) {
        if let Some(entry) = self.entry(key).filter(|entry| over(entry)) {
            entry.state = State::Ready;
            let place = entry.place;
            self.lines.push(place, key.clone());
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

/// A notice is given out at once, everything else stands in line.
fn hand_out(effect: &Effect, place: Place, key: &EffectKey, lines: &mut Lines, notices: &mut Vec<Notice>) {
    if let Effect::Notice(notice) = effect {
        notices.push(notice.clone());
    } else {
        lines.push(place, key.clone());
    }
}

fn turn(of_object: Option<&BTreeMap<EffectKey, Entry>>, key: &EffectKey) -> Turn {
    let Some(entries) = of_object.filter(|all| all.get(key).is_some_and(Entry::is_ready)) else {
        return Turn::Never;
    };
    let taken = entries.values().any(|entry| entry.under_way_since().is_some());
    if taken { Turn::Later } else { Turn::Now }
}

fn object(key: &EffectKey) -> Object {
    (key.kind, key.object.clone())
}

#[cfg(test)]
mod tests;
