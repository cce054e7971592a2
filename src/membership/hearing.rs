//! Whether this node hears: proof of reception, and what follows when there is none.
//!
//! Any frame of another station is proof. After one and a half silent beats this node asks for one: it asks the stations
//! that last spoke to somebody here whether they are there, as any host may, and their answer is a frame.
//!
//! An owner that still hears nothing for a dead-time doubts itself: others may hear it and wait for it, but it answers
//! nobody. In doubt its beats do not renew its claims, and whoever hears takes over. After total silence nobody's silence
//! means anything for one and a half beats more: an owner that lives is heard within them.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use super::Membership;
use super::member::State;
use crate::addr::HardwareAddr;
use crate::time::Instant;

/// Who lives is heard within so many half beats.
const HEARD_WITHIN: u32 = 3;
/// No speaker's patience is shorter: a shorter silence need not be compared with anybody's.
const BORNE_BY_ALL: Duration = Duration::from_millis(50);
/// So many stations are remembered, the latest ones.
const REMEMBERED: usize = 4;
/// So many times in a row stations are asked in vain, once a beat …
const IN_VAIN: u32 = 10;
/// … and from then on this often.
const PAUSE: Duration = Duration::from_secs(1);

/// Somebody on the segment who can be asked for a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Station {
    /// Its own address.
    pub address: IpAddr,
    /// Where.
    pub hardware: HardwareAddr,
}

#[derive(Debug, Default)]
pub(super) struct Hearing {
    foreign_at: Option<Instant>,
    deaf_until: Instant,
    hold_until: Instant,
    /// Who spoke here, the latest last.
    stations: VecDeque<Station>,
    asked_at: Option<Instant>,
    in_vain: u32,
    questions: VecDeque<Station>,
}

impl Hearing {
    /// When stations are asked, unless a frame arrives before.
    fn ask_at(&self, beat: Duration) -> Option<Instant> {
        let silent = self.foreign_at? + beat * HEARD_WITHIN / 2;
        let pause = if self.in_vain < IN_VAIN { beat } else { PAUSE };
        (!self.stations.is_empty()).then(|| self.asked_at.map_or(silent, |at| silent.max(at + pause)))
    }
}

impl Membership {
    /// When a frame of another station last arrived.
    pub fn foreign_at(&self) -> Option<Instant> {
        self.hearing.foreign_at
    }

    /// A frame of another station has arrived: this node receives.
    pub fn note_foreign(&mut self, received: Instant) {
        let silence = self.hearing.foreign_at.map(|at| received.since(at));
        let telling = silence.is_none_or(|silence| silence > BORNE_BY_ALL && silence > self.silence_borne());
        let hearing = &mut self.hearing;
        if telling {
            hearing.deaf_until = received + self.timing.beat * HEARD_WITHIN / 2;
        }
        hearing.foreign_at = hearing.foreign_at.max(Some(received));
        hearing.in_vain = 0;
    }

    /// A station spoke for itself: it can be asked for a sign of life.
    pub fn note_station(&mut self, station: Station) {
        if self.offers.get(station.address).is_some() || self.hearing.stations.back() == Some(&station) {
            return;
        }
        let stations = &mut self.hearing.stations;
        stations.retain(|known| known.address != station.address);
        stations.push_back(station);
        if stations.len() > REMEMBERED {
            stations.pop_front();
        }
    }

    /// The next station to ask.
    pub fn poll_question(&mut self) -> Option<Station> {
        self.hearing.questions.pop_front()
    }

    /// Silence that nobody need explain: the shortest patience among those who were alive when it began.
    fn silence_borne(&self) -> Duration {
        let began = self.hearing.foreign_at.unwrap_or_default();
        let alive = self.peers.values().filter(|peer| peer.heard_at + peer.said.patience >= began);
        alive.map(|peer| peer.said.patience).min().unwrap_or(self.timing.dead_time())
    }

    /// Until when this node may still be missing beats that it could not hear.
    pub(super) fn deaf_until(&self) -> Instant {
        self.hearing.deaf_until
    }

    /// Until when nothing is taken, after total silence or a stall.
    pub fn hold_until(&self) -> Instant {
        self.hearing.deaf_until.max(self.hearing.hold_until)
    }

    /// Nothing is taken before that; turns in line count from there.
    pub(super) fn hold_off_until(&mut self, until: Instant) {
        self.hearing.hold_until = self.hearing.hold_until.max(until);
    }

    /// Whether a frame of another station has arrived within the last dead-time.
    pub fn receiving(&self, now: Instant) -> bool {
        self.hearing.foreign_at.is_some_and(|at| now.since(at) <= self.timing.dead_time())
    }

    /// Whether what others did of late may have gone unheard, where there are others.
    pub(super) fn may_have_missed(&self, now: Instant) -> bool {
        !self.members.is_empty() && (!self.receiving(now) || now < self.hearing.deaf_until)
    }

    /// Whether this is an owner that has heard nothing for so long that it doubts itself.
    pub(super) fn is_deaf(&self, now: Instant) -> bool {
        let silent = self.hearing.foreign_at.is_some_and(|at| now.since(at) >= self.timing.dead_time());
        silent && self.deaf_at().is_some_and(|at| at <= now)
    }

    /// When to look whether it is one: exactly, once a dead-time has passed.
    pub(super) fn deaf_deadline(&self) -> Option<Instant> {
        let soonest = self.hearing.foreign_at? + self.timing.dead_time();
        if soonest > self.speech.last_turn { Some(soonest) } else { self.deaf_at() }
    }

    fn deaf_at(&self) -> Option<Instant> {
        let owner = self.state == State::Active && !self.claims.is_empty() && !self.members.is_empty();
        let borne = self.timing.dead_time().max(self.silence_borne());
        self.hearing.foreign_at.filter(|_| owner).map(|at| at + borne)
    }

    /// Asks for proof of reception when it is time.
    pub(super) fn ask_for_proof(&mut self, now: Instant) {
        if self.proof_deadline().is_none_or(|at| now < at) {
            return;
        }
        let hearing = &mut self.hearing;
        hearing.asked_at = Some(now);
        hearing.in_vain = hearing.in_vain.saturating_add(1);
        hearing.questions.extend(&hearing.stations);
    }

    /// When to ask for it: only who offers something here has a use for it, and only where there are others.
    pub(super) fn proof_deadline(&self) -> Option<Instant> {
        let useful = !self.alone() && !self.offers.is_empty() && self.state != State::Starting;
        self.hearing.ask_at(self.timing.beat).filter(|_| useful)
    }

    /// The link has lost its carrier.
    pub(super) fn forget_hearing(&mut self) {
        self.hearing = Hearing::default();
    }
}
