//! Who is next: what gives addresses before what is said about them, and among equals the oldest object.

use std::collections::BTreeSet;

use patina::config::Timestamp;
use patina::reconcile::EffectKey;

/// How soon an effect is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// A Service gets or loses an address, or is remembered to have lost one; before that, a pool says that others use its
    /// addresses.
    Address,
    /// What is said about objects.
    Status,
    /// Marks for others.
    Annotation,
}

/// Where an effect stands in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) lane: Lane,
    /// When its object was created.
    pub(crate) created: Timestamp,
}

/// Keys of effects that may be ready. A key may stand at two places, or stand for an effect that is not ready any more.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeSet<(Place, EffectKey)>);

/// Whether an effect can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Now,
    /// Another effect on its object is under way.
    Later,
    /// It does not wait to be sent.
    Never,
}

impl Lines {
    pub(super) fn push(&mut self, place: Place, key: EffectKey) {
        self.0.insert((place, key));
    }

    /// Whether an effect of this lane may wait.
    pub(super) fn has(&self, lane: Lane) -> bool {
        self.0.first().is_some_and(|(place, _)| place.lane <= lane)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first key whose turn it is.
    pub(super) fn pop(&mut self, turn: impl Fn(&EffectKey) -> Turn) -> Option<EffectKey> {
        let mut passed = Vec::new();
        let mut found = None;
        while let Some((place, key)) = self.0.pop_first() {
            match turn(&key) {
                Turn::Now => {
                    found = Some(key);
                    break;
                }
                Turn::Later => passed.push((place, key)),
                Turn::Never => {}
            }
        }
        self.0.extend(passed);
        found
    }
}
