//! What is on its way: an effect is sent once, and again only if it failed or if somebody has undone it.
//!
//! ```text
//!   wanted ─► admit ─► executor ─► done ──► the World shows it: forgotten
//!                │        └──────► failed: forgotten, wanted again when the driver looks again
//!                └─ the same is on its way: nothing
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Effect, EffectKey, Part, Review};
use crate::name::ObjectKey;
use crate::world::{Kind, World};

/// Effects that have been sent and that the World does not show yet.
#[derive(Clone, Debug, Default)]
pub struct Outbox(BTreeMap<(Kind, ObjectKey), BTreeMap<Part, Sent>>);

#[derive(Clone, Debug)]
struct Sent {
    effect: Effect,
    /// The version of the object that the World showed.
    version: Option<Arc<str>>,
    done: bool,
}

/// How an effect ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The API server has accepted it.
    Done,
    /// It has not; the driver looks at the object again after a pause.
    Failed,
}

impl Outbox {
    /// Those effects of a review that are to be sent now. What was sent for its subjects and is not wanted any more has
    /// arrived, and is forgotten.
    pub fn admit(&mut self, world: &World, review: Review) -> Vec<Effect> {
        let mut wanted: BTreeMap<_, BTreeMap<Part, Effect>> =
            review.subjects.into_iter().map(|subject| (subject, BTreeMap::new())).collect();
        for effect in review.effects {
            let EffectKey { kind, object, part } = effect.key();
            wanted.entry((kind, object)).or_default().insert(part, effect);
        }
        wanted.into_iter().flat_map(|(subject, parts)| self.admit_one(world, subject, parts)).collect()
    }

    /// Whether an effect that was admitted is still meant: it was neither replaced nor forgotten since.
    pub fn holds(&self, effect: &Effect) -> bool {
        let EffectKey { kind, object, part } = effect.key();
        let sent = self.0.get(&(kind, object)).and_then(|parts| parts.get(&part));
        sent.is_some_and(|sent| sent.effect == *effect)
    }

    /// Tells how an effect ended.
    pub fn finish(&mut self, effect: &Effect, outcome: Outcome) {
        let EffectKey { kind, object, part } = effect.key();
        let Some(parts) = self.0.get_mut(&(kind, object.clone())) else { return };
        match outcome {
            Outcome::Done => {
                if let Some(sent) = parts.get_mut(&part).filter(|sent| sent.effect == *effect) {
                    sent.done = true;
                }
            }
            Outcome::Failed => {
                parts.remove(&part);
            }
        }
        if parts.is_empty() {
            self.0.remove(&(kind, object));
        }
    }

    fn admit_one(
        &mut self,
        world: &World,
        subject: (Kind, ObjectKey),
        wanted: BTreeMap<Part, Effect>,
    ) -> Vec<Effect> {
        let version = world.version(subject.0, &subject.1).map(Arc::from);
        let mut before = self.0.remove(&subject).unwrap_or_default();
        let mut now = Vec::new();
        let mut parts = BTreeMap::new();
        for (part, effect) in wanted {
            let sent = before.remove(&part).filter(|sent| sent.covers(&effect, version.as_ref()));
            let sent = sent.unwrap_or_else(|| {
                now.push(effect.clone());
                Sent { done: matches!(part, Part::Notice(_)), effect, version: version.clone() }
            });
            parts.insert(part, sent);
        }
        if !parts.is_empty() {
            self.0.insert(subject, parts);
        }
        now
    }
}

impl Sent {
    /// Whether sending `effect` would say nothing new. A notice is said once; a write is repeated when it is done and a
    /// newer version of the object still lacks it.
    fn covers(&self, effect: &Effect, version: Option<&Arc<str>>) -> bool {
        let undone = self.done && self.version.as_ref() != version;
        self.effect == *effect && (matches!(effect, Effect::Notice(_)) || !undone)
    }
}
