//! When this node beats, and what each beat says beyond its head.
//!
//! *Whom it names as heard*, most urgent first: those it asks about; those that others asked about; those that wait to
//! see themselves heard (a new life, a changed list of claims, a contested claim); then all others in rotation.
//!
//! *Rates*: full, or idle once a second. Slowing down is announced in three beats at the old rate, so that nobody takes
//! the longer silence for death; speeding up needs no notice.

use std::collections::VecDeque;
use std::time::Duration;

use super::beat::{Beat, Heard, Said, Want};
use super::codec;
use super::list::Published;
use super::member::{NodeId, Sequence, State};
use super::offers::{Claim, Weight};
use super::session::Peer;
use super::timing::IDLE_BEAT;
use super::transfer::Transfers;
use super::{Change, Membership};
use crate::time::Instant;
use crate::wire::Spool;

/// Peers named as heard in every beat, when nothing is urgent, unless they are many.
const HEARD_IN_ROTATION: usize = 4;
/// So many namings go round among all peers: everybody is named by somebody several times within its patience.
const NAMINGS: usize = 200;
/// Peers named as heard at most.
pub(super) const HEARD_AT_MOST: usize = 12;
/// A peer sees itself named so many times at the beginning of a life.
pub(super) const GREETINGS: u8 = 3;
/// Questions for lists in one beat.
pub(super) const WANTS_AT_MOST: usize = 6;
/// Beats at the old rate that announce a slower one.
const SLOWING_BEATS: u8 = 3;
/// Beats that repeat which links are gone.
const GONE_REPEATS: u8 = 5;
/// Datagrams whose sending times are remembered.
const REMEMBERED: usize = 256;
/// Unasked-for beats come no closer than this part of an interval.
const CLOSEST: u32 = 5;
/// How long a late wake-up is told to others.
const LATENESS_FADES: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Speech {
    pub(super) out: Spool<()>,
    /// The last beat; the next one is written in its place.
    draft: Beat,
    pub(super) last_turn: Instant,
    sequence: Sequence,
    sent: VecDeque<(Sequence, Instant)>,
    next_beat: Instant,
    last_beat: Instant,
    soon: Option<Instant>,
    urgent: bool,
    idle: bool,
    slowing: u8,
    rotation: Option<NodeId>,
    transfers: Transfers,
    gone: (Vec<NodeId>, u8),
    lateness: (Duration, Instant),
}

impl Speech {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            out: Spool::default(),
            draft: Beat::default(),
            last_turn: now,
            sequence: Sequence(0),
            sent: VecDeque::new(),
            next_beat: now,
            last_beat: now,
            soon: None,
            urgent: false,
            idle: false,
            slowing: 0,
            rotation: None,
            transfers: Transfers::new(),
            gone: (Vec::new(), 0),
            lateness: (Duration::ZERO, now),
        }
    }

    /// A beat out of turn at `at`, or a little later when one has just been sent.
    pub(super) fn hasten(&mut self, at: Instant) {
        self.soon = Some(self.soon.map_or(at, |soon| soon.min(at)));
    }

    /// The number of the next datagram.
    pub(super) fn number(&mut self, now: Instant, recent: Duration) -> Sequence {
        self.sequence = Sequence(self.sequence.0 + 1);
        self.sent.push_back((self.sequence, now));
        while self.sent.len() > REMEMBERED || self.sent.front().is_some_and(|(_, at)| now.since(*at) > recent)
        {
            self.sent.pop_front();
        }
        self.sequence
    }

    /// The number of the latest datagram.
    pub(super) fn latest(&self) -> Sequence {
        self.sequence
    }

    /// Whether the datagram of this number was sent a short while ago.
    pub(super) fn is_recent(&self, sequence: Sequence) -> bool {
        self.sent.front().is_some_and(|(oldest, _)| *oldest <= sequence) && sequence <= self.sequence
    }

    /// A new life: numbers start again.
    pub(super) fn restart(&mut self, now: Instant) {
        self.sequence = Sequence(0);
        self.sent.clear();
        self.hasten(now);
    }

    /// Somebody asks for lists.
    pub(super) fn wanted(
        &mut self,
        want: &Want,
        offers: &Published<Weight>,
        claims: &Published<Claim>,
        now: Instant,
    ) {
        self.transfers.wanted(want, offers, claims, now);
    }

    fn interval(&self, beat: Duration) -> Duration {
        if self.idle { IDLE_BEAT.max(beat) } else { beat }
    }

    fn due(&self, beat: Duration) -> Instant {
        if self.urgent {
            return Instant::ZERO;
        }
        let soon = self.soon.map(|at| at.max(self.last_beat + beat / CLOSEST));
        soon.map_or(self.next_beat, |soon| soon.min(self.next_beat))
    }
}

impl Membership {
    /// A beat at once: what was just claimed or dropped must be known.
    pub fn urge(&mut self) {
        self.speech.urgent = true;
    }

    /// Beats at the full rate, or once a second.
    pub fn set_idle(&mut self, idle: bool, now: Instant) {
        if idle == self.speech.idle {
            return;
        }
        self.speech.idle = idle;
        self.speech.slowing = if idle { SLOWING_BEATS } else { 0 };
        if !idle {
            self.speech.next_beat = self.speech.next_beat.min(now + self.timing.beat);
            self.speech.hasten(now);
        }
    }

    /// Whether this node beats once a second only.
    pub fn is_idle(&self) -> bool {
        self.speech.idle
    }

    /// Tells the peers that other links of this node have lost their carrier.
    pub fn tell_gone(&mut self, gone: Vec<NodeId>) {
        self.speech.gone = (gone, GONE_REPEATS);
        self.urge();
    }

    /// Notes how late the loop was woken.
    pub fn note_lateness(&mut self, late: Duration, now: Instant) {
        let (worst, at) = self.speech.lateness;
        if late >= worst || now.since(at) > LATENESS_FADES {
            self.speech.lateness = (late, now);
        }
    }

    /// When the latest beat went out.
    pub fn last_beat(&self) -> Instant {
        self.speech.last_beat
    }

    /// The interval that this node announces.
    pub fn interval(&self) -> Duration {
        self.speech.interval(self.timing.beat)
    }

    pub(super) fn speech_deadline(&self) -> Instant {
        let beat = self.speech.due(self.timing.beat);
        self.speech.transfers.due().map_or(beat, |slice| slice.min(beat))
    }

    /// Beats if a beat is due, and sends slices of lists at their pace.
    pub fn speak(&mut self, now: Instant) {
        self.speech.last_turn = now;
        if self.speech.due(self.timing.beat) <= now {
            self.beat(now);
            // Slices overtaking the beat would make it look replayed, and with it the claims that ride in it.
            self.speech.transfers.postpone(now);
            // The fifth beat may have been all that was missing.
            self.settle(now);
        }
        for part in self.speech.transfers.poll(now) {
            let mut beat = self.head(now);
            beat.parts.push(part);
            self.send(beat);
        }
    }

    fn send(&mut self, beat: Beat) {
        self.speech.out.push((), |bytes| codec::encode_into(&beat, bytes));
        self.speech.draft = beat;
    }

    fn beat(&mut self, now: Instant) {
        if self.speech.next_beat <= now {
            self.advance_beat(now);
        }
        let mut beat = self.head(now);
        self.speech.transfers.repeat(&self.offers, &self.claims, &mut beat.parts);
        self.name_heard(&mut beat.heard, now);
        self.name_wants(&mut beat.wants, now);
        self.name_gone(&mut beat.gone);
        (self.speech.soon, self.speech.urgent, self.speech.last_beat) = (None, false, now);
        self.send(beat);
    }

    fn advance_beat(&mut self, now: Instant) {
        self.settling.beats = self.settling.beats.saturating_add(1);
        let slowing = self.speech.slowing > 0;
        let interval = if slowing { self.timing.beat } else { self.interval() };
        self.speech.slowing = self.speech.slowing.saturating_sub(1);
        let next = self.speech.next_beat + interval;
        self.speech.next_beat = if next > now { next } else { now + interval };
    }

    /// The head of the next datagram.
    fn head(&mut self, now: Instant) -> Beat {
        let (lateness, at) = self.speech.lateness;
        let interval = self.interval();
        let mut beat = std::mem::take(&mut self.speech.draft).emptied();
        beat.name.push_str(self.me.name.as_str());
        Beat {
            cluster: self.me.cluster,
            id: self.id,
            hardware: self.me.hardware,
            incarnation: self.me.incarnation,
            sequence: self.next_sequence(now),
            said: Said {
                state: self.state(),
                ready: self.state() == State::Starting && self.is_ready(now),
                receiving: self.receiving(now),
                interval,
                patience: self.timing.patience(interval),
                lateness: if now.since(at) > LATENESS_FADES { Duration::ZERO } else { lateness },
            },
            sent: now.since(Instant::ZERO),
            offers: self.offers.stamp(),
            claims: self.claims.stamp(),
            ..beat
        }
    }

    fn name_gone(&mut self, named: &mut Vec<NodeId>) {
        let (gone, left) = &mut self.speech.gone;
        if *left > 0 {
            *left -= 1;
            named.extend_from_slice(gone);
        }
    }

    fn name_heard(&mut self, heard: &mut Vec<Heard>, now: Instant) {
        let urgent = |peer: &&mut Peer| Self::is_urgent(peer, now);
        for peer in self.peers.values_mut().filter(urgent).take(HEARD_AT_MOST) {
            peer.greetings = peer.greetings.saturating_add(1);
            peer.echoes_due = peer.echoes_due.saturating_sub(1);
            heard.push(peer.as_heard(now));
        }
        self.rotate(heard, now);
    }

    fn is_urgent(peer: &Peer, now: Instant) -> bool {
        let waits = peer.suspected_at.is_some() || peer.echoes_due > 0 || now < peer.contested_until;
        peer.alive && waits || peer.greetings < GREETINGS
    }

    /// How many peers each beat names in rotation: the more there are, the fewer, so that beats stay short.
    pub(super) fn in_rotation(&self) -> usize {
        (NAMINGS / self.watch.alive.max(1)).clamp(1, HEARD_IN_ROTATION)
    }

    /// Fills up with the peers that come next in rotation.
    fn rotate(&mut self, heard: &mut Vec<Heard>, now: Instant) {
        let start = self.speech.rotation;
        let after = self.peers.values().filter(|peer| Some(peer.id) > start);
        let before = self.peers.values().filter(|peer| Some(peer.id) <= start);
        for peer in after.chain(before).filter(|peer| peer.alive) {
            if heard.len() >= self.in_rotation() {
                break;
            }
            if heard.iter().all(|named| named.id != peer.id) {
                heard.push(peer.as_heard(now));
                self.speech.rotation = Some(peer.id);
            }
        }
    }

    fn name_wants(&self, wants: &mut Vec<Want>, now: Instant) {
        let patience = self.timing.beat / 2;
        let alive = self.peers.values().filter(|peer| peer.alive);
        wants.extend(alive.filter_map(|peer| peer.wanted(now, patience)).take(WANTS_AT_MOST));
    }

    /// All that is offered from now on.
    pub fn offer(&mut self, wanted: &std::collections::BTreeMap<std::net::IpAddr, Weight>) {
        let gone: Vec<_> = self.offers.iter().map(|(a, _)| a).filter(|a| !wanted.contains_key(a)).collect();
        for address in gone {
            self.offers.remove(address);
            self.changes.push_back(Change::Offers(address));
        }
        for (address, weight) in wanted {
            if self.offers.get(*address) != Some(weight) {
                self.offers.set(*address, *weight);
                self.changes.push_back(Change::Offers(*address));
            }
        }
    }
}

impl Peer {
    fn as_heard(&self, now: Instant) -> Heard {
        Heard {
            id: self.id,
            asked: self.alive && self.suspected_at.is_some(),
            age: now.since(self.renewed_at),
            incarnation: self.incarnation,
            sequence: self.latest(),
            claims: self.claims.stamp().version,
        }
    }
}
