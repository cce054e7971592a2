//! What one frame does, in this order: is it ours to read, what is it, and what follows.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use super::Hot;
use super::counters::Ignored;
use crate::addr::HardwareAddr;
use crate::announce::responder::{self, Reason, Stance, Verdict};
use crate::membership::Station;
use crate::membership::member::State;
use crate::name::LinkIndex;
use crate::time::Instant;
use crate::wire::arp::{Arp, Use};
use crate::wire::ndp::{ALL_NODES, Advertisement, Solicitation};
use crate::wire::{self, Frame, Message};

/// A link on whose segment the own beats of another link were heard holds nothing for so long.
const SHADOW: Duration = Duration::from_secs(4);

impl Hot {
    pub(super) fn receive(
        &mut self,
        index: LinkIndex,
        frame: &[u8],
        received: Instant,
        now: Instant,
    ) -> Result<(), Ignored> {
        let link = self.links.get(&index).filter(|link| link.facts.carrier).ok_or(Ignored::Link)?;
        let read = wire::read(frame)?;
        if read.ethernet.source == link.facts.hardware {
            return Err(Ignored::Own);
        }
        match read.message {
            Message::Datagram(datagram) => self.receive_beat(index, datagram.payload, received, now),
            Message::Arp(packet) => {
                self.note_foreign(index, packet.sender_hardware, received);
                if packet.usage() == Use::Request {
                    self.note_station(index, packet.sender.into(), packet.sender_hardware);
                }
                self.receive_arp(index, &packet, now)
            }
            Message::Solicitation(packet) => {
                self.note_foreign(index, read.ethernet.source, received);
                if !packet.is_duplicate_address_detection() {
                    self.note_station(index, packet.source.into(), read.ethernet.source);
                }
                self.receive_solicitation(index, &packet, read.ethernet.source, now)
            }
            Message::Advertisement(packet) => {
                self.note_foreign(index, read.ethernet.source, received);
                self.receive_advertisement(index, &packet, read.ethernet.source, now)
            }
        }
    }

    /// A frame of another station is proof of reception; one of another own link is not.
    fn note_foreign(&mut self, index: LinkIndex, source: HardwareAddr, received: Instant) {
        let own = self.links.values().any(|link| link.facts.hardware == source);
        if let Some(link) = self.links.get_mut(&index).filter(|_| !own) {
            link.membership.note_foreign(received);
        }
    }

    /// A station that asks for others can be asked itself.
    fn note_station(&mut self, index: LinkIndex, address: IpAddr, hardware: HardwareAddr) {
        if let Some(link) = self.links.get_mut(&index) {
            link.membership.note_station(Station { address, hardware });
        }
    }

    fn receive_beat(
        &mut self,
        index: LinkIndex,
        datagram: &[u8],
        received: Instant,
        now: Instant,
    ) -> Result<(), Ignored> {
        let sibling = |id| self.links.iter().find(|(_, link)| link.membership.id == id).map(|(i, _)| *i);
        let link = self.links.get(&index).ok_or(Ignored::Link)?;
        link.membership.open(datagram, &self.keys, &mut self.heard)?;
        if let Some(other) = sibling(self.heard.id) {
            // A recording of it says nothing of the segment.
            if self.links.get(&other).is_some_and(|sender| sender.membership.has_just_sent(&self.heard)) {
                self.note_sibling(index, other, self.heard.said.state, now);
            }
            return Err(Ignored::Own);
        }
        self.known.insert(self.heard.hardware);
        let link = self.links.get_mut(&index).ok_or(Ignored::Link)?;
        link.membership.handle_beat(&mut self.heard, received, now)?;
        self.incarnation = self.incarnation.max(link.membership.me.incarnation);
        Ok(())
    }

    /// The beats of one of this node's links were heard on another: one segment, and the lower index is used, once it
    /// can answer for what the other answers for.
    fn note_sibling(&mut self, heard_on: LinkIndex, sent_on: LinkIndex, state: State, now: Instant) {
        let Some(link) = self.links.get_mut(&heard_on).filter(|_| sent_on < heard_on) else { return };
        if state != State::Active && !link.holds_nothing() {
            return;
        }
        if link.shadowed_until.replace(now + SHADOW).is_none() {
            link.ownership.give_way(&mut link.membership);
            self.apply_offers(now);
        }
    }

    /// A link is used again once the other's beats no longer arrive on it, or the other has lost its carrier.
    pub(super) fn end_shadows(&mut self, now: Instant) {
        let mut ended = false;
        let mut lower_carrier = false;
        for link in self.links.values_mut() {
            if link.shadowed_until.is_some_and(|until| until <= now || !lower_carrier) {
                link.shadowed_until = None;
                ended = true;
            }
            lower_carrier |= link.facts.carrier;
        }
        if ended {
            self.apply_offers(now);
        }
    }

    fn receive_arp(&mut self, index: LinkIndex, packet: &Arp, now: Instant) -> Result<(), Ignored> {
        if packet.usage() == Use::Probe {
            self.note_use(index, packet.target.into(), packet.sender_hardware, false, now);
        } else {
            self.note_use(index, packet.sender.into(), packet.sender_hardware, true, now);
        }
        let verdict = responder::arp(packet, self.stance(index, packet.target.into()));
        self.answer(index, packet.target.into(), verdict, |hardware, _| {
            packet.reply(hardware).frame(packet.sender_hardware)
        })
    }

    fn receive_solicitation(
        &mut self,
        index: LinkIndex,
        packet: &Solicitation,
        source: HardwareAddr,
        now: Instant,
    ) -> Result<(), Ignored> {
        if packet.is_duplicate_address_detection() {
            self.note_use(index, packet.target.into(), source, false, now);
        }
        let verdict = responder::solicitation(packet, self.stance(index, packet.target.into()));
        // An asker without an address is told through the group of all nodes (RFC 4861 §7.2.4).
        let station = match verdict {
            Verdict::Defend => HardwareAddr::multicast_v6(ALL_NODES),
            Verdict::Answer | Verdict::Ignore(_) => packet.source_hardware.unwrap_or(source),
        };
        self.answer(index, packet.target.into(), verdict, |hardware, link_local| {
            let from = link_local.unwrap_or(packet.target);
            packet.answer(from, hardware).frame(hardware, station)
        })
    }

    fn receive_advertisement(
        &mut self,
        index: LinkIndex,
        packet: &Advertisement,
        source: HardwareAddr,
        now: Instant,
    ) -> Result<(), Ignored> {
        let station = packet.target_hardware.unwrap_or(source);
        self.note_use(index, packet.target.into(), station, true, now);
        Err(Reason::NoQuestion.into())
    }

    fn stance(&self, index: LinkIndex, address: IpAddr) -> Stance {
        match self.links.get(&index) {
            Some(link) if !link.ownership.owns(address) => Stance::Bystander,
            Some(link) if link.membership.state() == State::Doubting => Stance::Doubter,
            Some(_) => Stance::Owner,
            None => Stance::Bystander,
        }
    }

    fn answer(
        &mut self,
        index: LinkIndex,
        address: IpAddr,
        verdict: Verdict,
        frame: impl FnOnce(HardwareAddr, Option<Ipv6Addr>) -> Frame,
    ) -> Result<(), Ignored> {
        match verdict {
            Verdict::Ignore(reason) => return Err(reason.into()),
            Verdict::Answer => self.counters.answers += 1,
            Verdict::Defend => self.counters.defences += 1,
        }
        let link = self.links.get_mut(&index).ok_or(Ignored::Link)?;
        let frame = frame(link.facts.hardware, link.facts.source_v6);
        if let Some(traffic) = link.traffic.get_mut(&address) {
            traffic.requests += 1;
            traffic.responses += 1;
        }
        self.transmits.push(index, |frames| frames.extend_from_slice(&frame));
        Ok(())
    }

    /// Somebody says that the address is its own, or asks whether it may have it.
    fn note_use(
        &mut self,
        index: LinkIndex,
        address: IpAddr,
        station: HardwareAddr,
        claims: bool,
        now: Instant,
    ) {
        let member = self.known.contains(&station);
        let Some(link) = self.links.get_mut(&index) else { return };
        if !link.ownership.concerns(address) || link.membership.state() == State::Doubting {
            return;
        }
        let membership = &mut link.membership;
        match (member, claims) {
            (true, true) => link.ownership.handle_gratuitous(address),
            (true, false) => {}
            (false, _) if link.ownership.handle_stranger(address, claims, membership, now) => {
                link.strangers.insert(address, station);
            }
            (false, _) => {}
        }
    }
}
