//! What a received datagram does, in this order: whose is it, is it sealed, does it count, what does it say.

use super::beat::{Beat, Heard, Part, Want};
use super::bytes::Unreadable;
use super::codec;
use super::list::Stamp;
use super::member::{Incarnation, NodeId, State, Version};
use super::seal::Keyring;
use super::session::{Counts, Echo, Peer, Stale};
use super::{Change, Ignored, MAX_PEERS, Membership};
use crate::time::Instant;

/// A beat with an unknown list is followed by a question within this part of an interval.
const ASK_WITHIN: u32 = 4;
/// A beat was missed when the next is late by so many fifths.
const MISSED: u32 = 7;
/// A beat that does not count is answered by naming its sender once more.
const REMINDED: u8 = super::speech::GREETINGS - 1;

impl From<Unreadable> for Ignored {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Truncated => Self::Truncated,
            Unreadable::Version => Self::Version,
            Unreadable::Absurd => Self::Absurd,
        }
    }
}

impl From<Stale> for Ignored {
    fn from(stale: Stale) -> Self {
        match stale {
            Stale::OldIncarnation => Self::OldIncarnation,
            Stale::Replayed => Self::Replayed,
            Stale::Late => Self::Late,
        }
    }
}

impl Membership {
    /// Reads a datagram down to the beat that it is, before anything is known of its sender, in place of what `beat` says.
    ///
    /// # Errors
    /// Why it is to be ignored; what `beat` then says means nothing.
    pub fn open(&self, datagram: &[u8], keys: &Keyring, beat: &mut Beat) -> Result<(), Ignored> {
        if codec::cluster(datagram)? != self.me.cluster {
            return Err(Ignored::ForeignCluster);
        }
        let body = keys.open(datagram).map_err(|_| Ignored::Seal)?;
        Ok(codec::decode_into(beat, body)?)
    }

    /// Whether this very link has sent the beat a short while ago, in this life.
    pub fn has_just_sent(&self, beat: &Beat) -> bool {
        beat.id == self.id && beat.incarnation == self.me.incarnation && self.speech.is_recent(beat.sequence)
    }

    /// Takes a beat that arrived at `received`, and the parts of lists out of it.
    ///
    /// # Errors
    /// Why it does not count; nothing changed.
    pub fn handle_beat(&mut self, beat: &mut Beat, received: Instant, now: Instant) -> Result<(), Ignored> {
        if beat.id == self.id {
            return Err(Ignored::Own);
        }
        let echo = self.echo_in(beat, received);
        // Before the head is taken: how long silence was normal is what the sender said before.
        self.note_foreign(received);
        let counts = self.admit(beat, echo.is_some(), received)?;
        if counts == Counts::Whole {
            self.learn_echo(beat, echo);
            self.learn_heard(beat, received, now);
            self.serve(&beat.wants, now);
        }
        self.learn_lists(&mut beat.parts, beat.id, now);
        if counts == Counts::Whole && !beat.gone.is_empty() {
            self.changes.push_back(Change::Gone(std::mem::take(&mut beat.gone)));
        }
        self.review_peer(beat.id, now);
        self.note_match(beat.id, now);
        Ok(())
    }

    fn admit(&mut self, beat: &Beat, fresh: bool, received: Instant) -> Result<Counts, Ignored> {
        if !self.peers.contains_key(&beat.id) {
            self.meet(beat, received);
            return Ok(Counts::Whole);
        }
        let Some(peer) = self.peers.get_mut(&beat.id) else { return Ok(Counts::Whole) };
        let counts = peer.judge(beat, fresh, received);
        if matches!(counts, Ok(Counts::Parts) | Err(Stale::Replayed | Stale::OldIncarnation)) {
            // Told what is remembered of it, a peer that has restarted jumps above that.
            peer.greetings = peer.greetings.min(REMINDED);
        }
        let counts = counts?;
        match counts {
            Counts::Parts => peer.hear_overtaken(beat),
            Counts::Whole => self.hear(beat, fresh, received),
        }
        Ok(counts)
    }

    /// Takes the head of a beat of a known peer.
    fn hear(&mut self, beat: &Beat, fresh: bool, received: Instant) {
        let Some(peer) = self.peers.get_mut(&beat.id) else { return };
        let before = (peer.said.state, peer.alive);
        // It may have been cut off, have claimed and dropped, and never looked dead: idle, or excused by an own stall.
        let unseen = received > peer.silent_for(MISSED).min(peer.heard_at + self.timing.dead_time());
        peer.newcomer |= unseen && beat.claims != peer.announced.1;
        if peer.begins_anew(beat) {
            self.changes.extend(peer.claims.iter().map(|(address, _)| Change::Claims(address)));
        }
        if peer.hear(beat, fresh, received) {
            self.changes.push_back(Change::Candidates);
        } else if before != (beat.said.state, true) {
            if !before.1 {
                if beat.said.state == State::Doubting {
                    // It was cut off: it knows within that time whether its claims still hold.
                    peer.grant(received + peer.said.patience);
                }
                peer.newcomer = true;
            }
            self.changes.push_back(Change::Candidates);
        }
    }

    fn meet(&mut self, beat: &Beat, received: Instant) {
        if self.peers.len() >= MAX_PEERS {
            self.forget_the_stalest();
        }
        let met = Peer::new(beat, received);
        let twin = |peer: &Peer| peer.alive && peer.name == met.name;
        if met.name == self.me.name || self.peers.values().any(twin) {
            self.changes.push_back(Change::Twins(met.name.clone()));
        }
        self.peers.insert(beat.id, met);
    }

    /// The proof in a beat that its sender has lately heard this life of this node.
    fn echo_in(&mut self, beat: &Beat, received: Instant) -> Option<Echo> {
        let heard = beat.heard.iter().find(|heard| heard.id == self.id)?;
        let remembered = (heard.incarnation, heard.sequence);
        if remembered > (self.me.incarnation, self.speech.latest()) {
            // A life that this node does not remember: it restarted within a second, or its clock stepped back.
            self.me.incarnation = Incarnation(heard.incarnation.0.saturating_add(1));
            self.speech.restart(received);
            return None;
        }
        let recent = heard.incarnation == self.me.incarnation && self.speech.is_recent(heard.sequence);
        recent.then_some(Echo { at: received, claims: heard.claims })
    }

    fn learn_echo(&mut self, beat: &Beat, echo: Option<Echo>) {
        let turns = self.watch.alive / self.in_rotation();
        let Some(peer) = self.peers.get_mut(&beat.id) else { return };
        let Some(echo) = echo else { return };
        let turn = peer.said.interval * u32::try_from(turns).unwrap_or(u32::MAX);
        self.echoes += u64::from(peer.echo.is_none_or(|old| old.claims != echo.claims));
        // Whoever could not hear this node for a while has missed what it announced: to it this node is the newcomer.
        peer.newcomer |= peer.echo.is_some_and(|old| echo.at.since(old.at) > peer.said.patience + turn);
        peer.echo = Some(echo);
        let named = self.surroundings.named.as_ref().is_none_or(|named| named.contains(&peer.name));
        if named && peer.name != self.me.name {
            self.members.insert(peer.name.clone());
        }
    }

    fn learn_heard(&mut self, beat: &Beat, received: Instant, now: Instant) {
        let mut answer = false;
        for heard in &beat.heard {
            // Somebody asks for this node itself, or about one that this node heard later.
            answer |= if heard.id == self.id { heard.asked } else { self.learn_one(heard, received) };
        }
        if answer {
            self.speech.hasten(now);
        }
    }

    /// Takes what another says of a third. Tells whether this node knows better and is asked.
    fn learn_one(&mut self, heard: &Heard, received: Instant) -> bool {
        let Some(peer) = self.peers.get_mut(&heard.id) else { return false };
        let at = received - heard.age;
        peer.vouch(heard.incarnation, heard.sequence, heard.claims, at);
        if !peer.alive || !peer.standing {
            self.watch.look_again(received);
        }
        let fresher = peer.renewed_at > at + peer.said.interval / 2;
        if heard.asked && fresher {
            peer.echoes_due = peer.echoes_due.max(1);
        }
        heard.asked && fresher
    }

    fn learn_lists(&mut self, parts: &mut Vec<Part>, from: NodeId, now: Instant) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        for part in parts.drain(..) {
            match part {
                Part::Offers(slice) => {
                    self.changes.extend(peer.offers.take(slice).into_iter().map(Change::Offers));
                    peer.arriving.0 = peer.offers.is_arriving().then_some(now);
                }
                Part::Claims(slice) => {
                    let version = peer.claims.stamp().version;
                    for address in peer.claims.take(slice) {
                        let claim = peer.claims.get(address).filter(|claim| claim.target.is_some());
                        let handed = claim.map(|claim| Change::HandOver { address, from, claim: *claim });
                        self.changes.extend(handed.into_iter().chain([Change::Claims(address)]));
                    }
                    peer.arriving.1 = peer.claims.is_arriving().then_some(now);
                    if peer.claims.stamp().version > version {
                        peer.echoes_due = 2;
                    }
                }
            }
        }
    }

    fn serve(&mut self, wants: &[Want], now: Instant) {
        for want in wants.iter().filter(|want| want.id == self.id) {
            self.speech.wanted(want, &self.offers, &self.claims, now);
        }
    }

    /// Notes whether the lists of the peer are known, and asks for them soon if not.
    fn note_match(&mut self, id: NodeId, now: Instant) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let known = peer.offers.agrees(peer.announced.0) & peer.claims.agrees(peer.announced.1);
        if known && peer.newcomer {
            peer.newcomer = false;
            self.changes.push_back(Change::Newcomer);
        }
        if !known {
            self.speech.hasten(now + self.timing.beat / ASK_WITHIN);
        }
    }
}

impl Peer {
    /// Which lists to ask for: those that differ, unless slices of the change are on their way.
    pub(super) fn wanted(&self, now: Instant, patience: std::time::Duration) -> Option<Want> {
        let lacks = |held: Stamp, announced, arriving: Option<Instant>| -> Option<Version> {
            let waits = arriving.is_some_and(|at| now.since(at) < patience);
            (held != announced && !waits).then_some(held.version)
        };
        let offers = lacks(self.offers.stamp(), self.announced.0, self.arriving.0);
        let claims = lacks(self.claims.stamp(), self.announced.1, self.arriving.1);
        (offers.is_some() || claims.is_some()).then_some(Want { id: self.id, offers, claims })
    }
}

#[cfg(test)]
mod tests;
