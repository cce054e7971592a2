//! The loop's own lateness: told to peers, cause of grace for them, and of doubt about oneself.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Hot, Leaving};
use crate::membership::member::State;
use crate::time::Instant;

/// So many doubts …
const DOUBTS: usize = 3;
/// … within this span are a reason to hold nothing.
const DOUBTS_WITHIN: Duration = Duration::from_secs(10);

/// A wake-up that is late by this part of a beat is counted.
const LATE: u32 = 10;

#[derive(Debug)]
pub(super) struct Stalls {
    /// When the loop should have been woken, at the latest.
    expected: Option<Instant>,
    /// The turn that was looked at already.
    turn: Instant,
    doubts: VecDeque<Instant>,
}

impl Stalls {
    pub(super) fn new(now: Instant) -> Self {
        Self { expected: None, turn: now, doubts: VecDeque::new() }
    }

    /// Notes when the loop wants to be woken. A deadline that lies in the past means at once.
    pub(super) fn expect(&mut self, deadline: Option<Instant>, now: Instant) {
        self.expected = deadline.map(|at| at.max(now));
        self.turn = now;
    }

    fn lateness(&mut self, now: Instant) -> Duration {
        if now == self.turn {
            return Duration::ZERO;
        }
        self.turn = now;
        self.expected.map_or(Duration::ZERO, |expected| now.since(expected))
    }

    fn note_doubt(&mut self, now: Instant) {
        self.doubts.push_back(now);
        if self.doubts.len() > DOUBTS {
            self.doubts.pop_front();
        }
    }

    /// Whether this node stalls too often to hold anything.
    pub(super) fn unwell(&self, now: Instant) -> bool {
        self.doubts.iter().filter(|at| now.since(**at) < DOUBTS_WITHIN).count() >= DOUBTS
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let first = *self.doubts.front()?;
        let until = first + DOUBTS_WITHIN;
        (self.doubts.len() >= DOUBTS && until > self.turn).then_some(until)
    }
}

impl Hot {
    /// The first thing in every turn, before any frame is read: has this loop been asleep?
    pub(super) fn wake(&mut self, now: Instant) {
        let late = self.stalls.lateness(now);
        if late.is_zero() || self.leaving == Leaving::Left {
            return;
        }
        let noticed = self.settings.profile.timing().beat / LATE;
        self.counters.late += u64::from(late >= noticed);
        let mut doubted = false;
        for link in self.links.values_mut().filter(|link| link.facts.carrier) {
            link.membership.note_lateness(late, now);
            link.membership.grant_grace(late, now);
            let silent = now.since(link.membership.last_beat());
            let patience = link.membership.timing.doubt_after(link.membership.interval());
            if silent > patience {
                doubted |= link.membership.state() != State::Starting;
                link.doubt(&mut self.reports, now);
            }
        }
        if doubted {
            self.stalls.note_doubt(now);
        }
    }
}
