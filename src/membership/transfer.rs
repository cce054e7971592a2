//! How lists travel: a small change rides in the next three beats, a large one goes out in datagrams of its own.
//!
//! Datagrams of slices are paced, so that no queue overflows.

use std::collections::VecDeque;
use std::time::Duration;

use super::beat::{Part, Want};
use super::list::{Entry, Published, Slice};
use super::member::Version;
use super::offers::{Claim, Weight};
use crate::time::Instant;

/// A change of one list that takes no more bytes rides in beats.
pub(super) const RIDING_BYTES: usize = 240;
/// Beats that repeat a change of a list.
const REPEATS: u8 = 3;
/// Slices sent in one go …
const GO: usize = 8;
/// … and the pause after it.
const PAUSE: Duration = Duration::from_millis(4);
/// Somebody who asks for what was just sent to all waits this long for it to arrive.
const ASKED_AGAIN: Duration = Duration::from_millis(50);

/// Versions of both lists.
type Versions = (Version, Version);

#[derive(Debug)]
pub(super) struct Transfers {
    queue: VecDeque<Part>,
    not_before: Instant,
    /// The versions that the latest beats spoke of, oldest first.
    spoken: VecDeque<Versions>,
    offers: Sent,
    claims: Sent,
}

/// The last transfer of a list that was asked for: from which version, to which, and when the queue last held it.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    base: Version,
    to: Version,
    at: Option<Instant>,
    /// The last version that was put in the queue unasked, since it was too much to ride in a beat.
    queued: Version,
}

impl Sent {
    fn covers(&self, base: Version, to: Version) -> bool {
        self.to == to && self.base <= base
    }
}

impl Transfers {
    pub(super) fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            not_before: Instant::ZERO,
            spoken: VecDeque::new(),
            offers: Sent::default(),
            claims: Sent::default(),
        }
    }

    /// When the next slices go out.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.queue.is_empty()).then_some(self.not_before)
    }

    /// Something else has just gone out.
    pub(super) fn postpone(&mut self, now: Instant) {
        self.not_before = self.not_before.max(now + PAUSE);
    }

    /// The slices that may go out now.
    pub(super) fn poll(&mut self, now: Instant) -> Vec<Part> {
        if self.queue.is_empty() || now < self.not_before {
            return Vec::new();
        }
        self.not_before = now + PAUSE;
        for sent in [&mut self.offers, &mut self.claims] {
            sent.at = sent.at.map(|_| now);
        }
        let count = self.queue.len().min(GO);
        self.queue.drain(..count).collect()
    }

    /// What changed within the last three beats: to ride in the next one, or put in the queue if it is much.
    pub(super) fn repeat(
        &mut self,
        offers: &Published<Weight>,
        claims: &Published<Claim>,
        riding: &mut Vec<Part>,
    ) {
        let now = (offers.stamp().version, claims.stamp().version);
        let (base_offers, base_claims) = self.spoken.front().copied().unwrap_or((Version(1), Version(1)));
        self.spoken.push_back(now);
        if self.spoken.len() > usize::from(REPEATS) {
            self.spoken.pop_front();
        }
        ride(claims, base_claims, &mut self.claims, riding, &mut self.queue, Part::Claims);
        ride(offers, base_offers, &mut self.offers, riding, &mut self.queue, Part::Offers);
    }

    /// Somebody asks for all that changed after the versions it holds.
    pub(super) fn wanted(
        &mut self,
        want: &Want,
        offers: &Published<Weight>,
        claims: &Published<Claim>,
        now: Instant,
    ) {
        if let Some(base) = want.claims {
            send(claims, base, &mut self.claims, &mut self.queue, Part::Claims, now);
        }
        if let Some(base) = want.offers {
            send(offers, base, &mut self.offers, &mut self.queue, Part::Offers, now);
        }
    }
}

fn ride<E: Entry>(
    list: &Published<E>,
    base: Version,
    sent: &mut Sent,
    riding: &mut Vec<Part>,
    queue: &mut VecDeque<Part>,
    part: fn(Slice) -> Part,
) {
    let to = list.stamp().version;
    if base == to || sent.queued == to {
        return;
    }
    let slices = list.slices(base);
    let little = slices.len() == 1 && slices.iter().all(|slice| slice.bytes.len() <= RIDING_BYTES);
    let parts = slices.into_iter().map(part);
    if little {
        riding.extend(parts);
    } else {
        sent.queued = to;
        queue.extend(parts);
    }
}

fn send<E: Entry>(
    list: &Published<E>,
    base: Version,
    sent: &mut Sent,
    queue: &mut VecDeque<Part>,
    part: fn(Slice) -> Part,
    now: Instant,
) {
    let to = list.stamp().version;
    let on_its_way = !queue.is_empty() || sent.at.is_some_and(|at| now.since(at) < ASKED_AGAIN);
    if base == to || on_its_way && sent.covers(base, to) {
        return;
    }
    *sent = Sent { base, to, at: Some(now), ..*sent };
    queue.extend(list.slices(base).into_iter().map(part));
}
