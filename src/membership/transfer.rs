//! How lists travel: a small change rides in the next three beats, a large one goes out in datagrams of its own.
//!
//! Datagrams of slices are paced, so that ten thousand addresses take a fifth of a second and no queue overflows.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use super::beat::{Part, Want};
use super::codec;
use super::list::{Entry, MAX_SLICES, Published, Slice};
use super::member::Version;
use super::offers::{Claim, Weight};
use super::speech::{Parts, REPEATS, Versions};
use crate::time::Instant;

/// Changes of one list that ride in a beat.
const RIDING: usize = 6;
/// Bytes of entries in one datagram: with head, name and seal it stays below 1,500.
const SLICE_BYTES: usize = 1_050;
/// Slices sent in one go …
const GO: usize = 8;
/// … and the pause after it.
const PAUSE: Duration = Duration::from_millis(4);
/// Somebody who asks for what was just sent to all waits this long for it to arrive.
const ASKED_AGAIN: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Transfers {
    queue: VecDeque<Part>,
    not_before: Instant,
    /// The versions that the latest beats spoke of, oldest first.
    spoken: VecDeque<Versions>,
    offers: Sent,
    claims: Sent,
}

/// The last transfer of a list that was asked for: from which version, to which, and when it was put in the queue.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    base: Version,
    to: Version,
    at: Option<Instant>,
    /// The version that unasked-for slices have reached.
    told: Version,
}

impl Sent {
    fn covers(&self, base: Version, to: Version, now: Instant) -> bool {
        let recent = self.at.is_some_and(|at| now.since(at) < ASKED_AGAIN);
        recent && self.to == to && self.base <= base
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
    pub(super) fn poll(&mut self, now: Instant) -> Parts {
        if self.queue.is_empty() || now < self.not_before {
            return Vec::new();
        }
        self.not_before = now + PAUSE;
        let count = self.queue.len().min(GO);
        self.queue.drain(..count).collect()
    }

    /// What changed within the last three beats: to ride in the next one, or put in the queue if it is much.
    pub(super) fn repeat(&mut self, offers: &Published<Weight>, claims: &Published<Claim>) -> Parts {
        let now = (offers.stamp().version, claims.stamp().version);
        let (base_offers, base_claims) = self.spoken.front().copied().unwrap_or((Version(1), Version(1)));
        self.spoken.push_back(now);
        if self.spoken.len() > usize::from(REPEATS) {
            self.spoken.pop_front();
        }
        let mut riding = Vec::new();
        ride(claims, base_claims, &mut self.claims, &mut riding, &mut self.queue, Part::Claims);
        ride(offers, base_offers, &mut self.offers, &mut riding, &mut self.queue, Part::Offers);
        riding
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
    riding: &mut Parts,
    queue: &mut VecDeque<Part>,
    part: fn(Slice<E>) -> Part,
) {
    let to = list.stamp().version;
    if base == to {
        return;
    }
    let slices = cut(list, base);
    match <[_; 1]>::try_from(slices) {
        Ok([slice]) if slice.entries.len() <= RIDING => riding.push(part(slice)),
        Ok([slice]) if sent.told < to => queue.push_back(part(slice)),
        Ok(_) => {}
        Err(slices) if sent.told < to => queue.extend(slices.into_iter().map(part)),
        Err(_) => {}
    }
    sent.told = to;
}

fn send<E: Entry>(
    list: &Published<E>,
    base: Version,
    sent: &mut Sent,
    queue: &mut VecDeque<Part>,
    part: fn(Slice<E>) -> Part,
    now: Instant,
) {
    let to = list.stamp().version;
    if sent.covers(base, to, now) || base == to {
        return;
    }
    *sent = Sent { base, to, at: Some(now), ..*sent };
    queue.extend(cut(list, base).into_iter().map(part));
}

/// What changed after `base`, cut into slices that fit a datagram. There is always at least one.
fn cut<E: Entry>(list: &Published<E>, base: Version) -> Vec<Slice<E>> {
    let (base, changes) = list.since(base);
    let mut cuts: Vec<Vec<(IpAddr, Option<E>)>> = vec![Vec::new()];
    let mut left = SLICE_BYTES;
    for (address, entry) in changes {
        let length = codec::entry_len(address);
        if length > left {
            cuts.push(Vec::new());
            left = SLICE_BYTES;
        }
        left -= length;
        if let Some(last) = cuts.last_mut() {
            last.push((address, entry));
        }
    }
    cuts.truncate(MAX_SLICES.into());
    let count = u16::try_from(cuts.len()).unwrap_or(MAX_SLICES);
    let slice = |(index, entries)| Slice { base, to: list.stamp(), index, count, entries };
    (0..count).zip(cuts).map(slice).collect()
}
