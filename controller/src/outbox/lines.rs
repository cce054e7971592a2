//! Who is next: one line for each lane, first come, first served.

use std::collections::VecDeque;

use patina::reconcile::EffectKey;

/// How soon an effect is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A Service gets or loses an address.
    Address,
    /// What is said about objects.
    Status,
    /// What had to pause.
    Again,
    /// Marks for others.
    Annotation,
}

/// Keys of effects that may be ready. A key may stand here twice, or stand for an effect that is not ready any more.
#[derive(Debug, Default)]
pub(super) struct Lines([VecDeque<EffectKey>; 4]);

impl Lines {
    pub(super) fn push(&mut self, lane: Lane, key: EffectKey) {
        self.0[lane as usize].push_back(key);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(VecDeque::is_empty)
    }

    /// The first key that is `ready`. Those that are not `free` yet go to the end of their line.
    pub(super) fn pop(
        &mut self,
        ready: impl Fn(&EffectKey) -> bool,
        free: impl Fn(&EffectKey) -> bool,
    ) -> Option<EffectKey> {
        self.0.iter_mut().find_map(|line| first(line, &ready, &free))
    }
}

fn first(
    line: &mut VecDeque<EffectKey>,
    ready: impl Fn(&EffectKey) -> bool,
    free: impl Fn(&EffectKey) -> bool,
) -> Option<EffectKey> {
    for _ in 0..line.len() {
        let key = line.pop_front()?;
        if !ready(&key) {
            continue;
        }
        if free(&key) {
            return Some(key);
        }
        line.push_back(key);
    }
    None
}
