//! One link: its segment's members, who owns what on it, and what is said on it.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use super::counters::{Counters, Traffic};
use super::{LinkFacts, Report};
use crate::addr::HardwareAddr;
use crate::announce::announcer::{Announcer, Form};
use crate::membership::member::{NodeId, State};
use crate::membership::seal::Keyring;
use crate::membership::{Change, Membership, Station};
use crate::name::LinkIndex;
use crate::ownership::{FailBack, Output, Ownership, Terms};
use crate::time::Instant;
use crate::wire::arp::Arp;
use crate::wire::ipv4udp::Datagram;
use crate::wire::ndp::{ALL_NODES, Advertisement, Solicitation, solicited_node};
use crate::wire::{Frame, Spool};

/// One link. Everything in it but the facts belongs to the segment behind it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) facts: LinkFacts,
    pub(super) membership: Membership,
    pub(super) ownership: Ownership,
    pub(super) announcer: Announcer,
    /// Links of peers that have lost their carrier, as the peers say here.
    pub(super) gone: Vec<NodeId>,
    /// Another link of this node, of a lower index, is on the same segment: until then this one holds nothing.
    pub(super) shadowed_until: Option<Instant>,
    /// Strangers seen since the last turn, by the address that they use.
    pub(super) strangers: BTreeMap<IpAddr, HardwareAddr>,
    /// Frames for each address that is answered for.
    pub(super) traffic: BTreeMap<IpAddr, Traffic>,
    probes: Vec<IpAddr>,
    state: State,
    /// The datagram that is being sealed.
    sealed: Vec<u8>,
}

impl Link {
    pub(super) fn new(facts: LinkFacts, membership: Membership, seed: u64) -> Self {
        Self {
            facts,
            membership,
            ownership: Ownership::new(),
            announcer: Announcer::new(seed),
            gone: Vec::new(),
            shadowed_until: None,
            strangers: BTreeMap::new(),
            traffic: BTreeMap::new(),
            probes: Vec::new(),
            state: State::Starting,
            sealed: Vec::new(),
        }
    }

    pub(super) fn holds_nothing(&self) -> bool {
        self.ownership.owned().next().is_none()
    }

    pub(super) fn set_offers(&mut self, offers: BTreeMap<IpAddr, Terms>, now: Instant) {
        let offers = if self.shadowed_until.is_some() { BTreeMap::new() } else { offers };
        self.ownership.set_offers(offers, &mut self.membership, now);
    }

    /// Everything but sending: who is alive, then who owns what.
    pub(super) fn turn(
        &mut self,
        unwell: bool,
        policy: FailBack,
        reports: &mut VecDeque<Report>,
        now: Instant,
    ) {
        if !self.facts.carrier {
            return;
        }
        self.ownership.set_unwell(unwell);
        self.ownership.set_fail_back(policy);
        self.membership.handle_timeout(now);
        self.decide(reports, now);
        let idle = self.ownership.is_idle() && self.membership.state() == State::Active;
        self.membership.set_idle(idle, now);
    }

    /// Carries what membership found out into ownership, and what ownership decided into the announcer.
    pub(super) fn decide(&mut self, reports: &mut VecDeque<Report>, now: Instant) {
        self.follow_state(reports, now);
        while let Some(change) = self.membership.poll_change() {
            self.follow_change(change, reports, now);
        }
        self.ownership.handle_timeout(&mut self.membership, now);
        self.follow_outputs(reports, now);
    }

    fn follow_state(&mut self, reports: &mut VecDeque<Report>, now: Instant) {
        let state = self.membership.state();
        let before = std::mem::replace(&mut self.state, state);
        if before == state {
            return;
        }
        self.ownership.handle_state(state);
        if before == State::Doubting || state == State::Doubting {
            // Somebody may have claimed, answered and dropped meanwhile: clients have to hear of the owner again …
            if state == State::Active {
                self.ownership.owned().for_each(|address| self.announcer.start(address, now));
            }
            // … but who resumes says nothing unasked before its beat has been heard.
            self.announcer.hold(now + self.membership.timing.beat);
            let doubting = state == State::Doubting;
            reports.push_back(Report::Doubt { link: self.facts.index, doubting, at: now });
        }
    }

    fn follow_change(&mut self, change: Change, reports: &mut VecDeque<Report>, now: Instant) {
        self.ownership.handle_change(&change);
        let link = self.facts.index;
        match change {
            Change::Claims(_) | Change::HandOver { .. } | Change::Offers(_) | Change::Candidates => {}
            Change::Peer { name: node, alive } => {
                reports.push_back(Report::Peer { node, link, alive, at: now });
            }
            Change::Twins(node) => reports.push_back(Report::Twins { node, link, at: now }),
            Change::Gone(ids) => self.gone.extend(ids),
            Change::Newcomer => {
                self.ownership.owned().for_each(|address| self.announcer.start(address, now));
            }
        }
    }

    fn follow_outputs(&mut self, reports: &mut VecDeque<Report>, now: Instant) {
        let link = self.facts.index;
        while let Some(output) = self.ownership.poll_output() {
            match output {
                Output::Took { address, cause, took } => {
                    self.announcer.start(address, now);
                    self.traffic.insert(address, Traffic::default());
                    reports.push_back(Report::Took { address, link, cause, took, at: now });
                }
                Output::Dropped { address, cause } => {
                    self.announcer.stop(address);
                    self.traffic.remove(&address);
                    reports.push_back(Report::Dropped { address, link, cause, at: now });
                }
                Output::Assert(address) => self.announcer.start(address, now),
                Output::Probe(address) => self.probes.push(address),
                Output::Conflict(address) => {
                    let stranger = self.strangers.get(&address).copied().unwrap_or_default();
                    reports.push_back(Report::Conflict { address, link, stranger, at: now });
                }
            }
        }
        self.strangers.clear();
    }

    /// The loop stalled: nothing is answered or announced until it is known what happened meanwhile.
    pub(super) fn doubt(&mut self, reports: &mut VecDeque<Report>, now: Instant) {
        self.membership.doubt(now);
        self.probes.clear();
        self.follow_state(reports, now);
    }

    /// The link has lost its carrier.
    pub(super) fn lose_carrier(&mut self, reports: &mut VecDeque<Report>, now: Instant) {
        self.ownership.lose_carrier(&mut self.membership);
        self.membership.lose_carrier(now);
        self.shadowed_until = None;
        self.decide(reports, now);
    }

    /// Sends what is due: beats first, then probes, then what is announced.
    pub(super) fn speak(
        &mut self,
        keys: &Keyring,
        transmits: &mut Spool<LinkIndex>,
        counters: &mut Counters,
        now: Instant,
    ) {
        if !self.facts.carrier {
            return;
        }
        self.membership.speak(now);
        self.seal_beats(keys, transmits, counters);
        for address in self.probes.drain(..) {
            let frame = probe(self.facts.hardware, address);
            transmits.push(self.facts.index, |frames| frames.extend_from_slice(&frame));
            counters.probes += 1;
        }
        while let Some(station) = self.membership.poll_question() {
            let frame = question(&self.facts, station);
            transmits.push(self.facts.index, |frames| frames.extend_from_slice(&frame));
            counters.probes += 1;
        }
        if self.membership.state() == State::Doubting {
            return;
        }
        self.announce(transmits, counters, now);
    }

    fn seal_beats(&mut self, keys: &Keyring, transmits: &mut Spool<LinkIndex>, counters: &mut Counters) {
        let (facts, sealed) = (&self.facts, &mut self.sealed);
        let source = facts.source_v4.unwrap_or(Ipv4Addr::UNSPECIFIED);
        while let Some(datagram) = self.membership.poll_datagram() {
            sealed.clear();
            sealed.extend_from_slice(datagram);
            keys.seal(sealed);
            let datagram = Datagram { source, payload: sealed };
            transmits.push(facts.index, |frames| datagram.write(facts.hardware, frames));
            counters.beats += 1;
        }
    }

    fn announce(&mut self, transmits: &mut Spool<LinkIndex>, counters: &mut Counters, now: Instant) {
        while let Some((address, form)) = self.announcer.poll_emission(now) {
            let frame = self.announcement(address, form);
            transmits.push(self.facts.index, |frames| frames.extend_from_slice(&frame));
            counters.gratuitous += 1;
            if let Some(traffic) = self.traffic.get_mut(&address) {
                traffic.gratuitous += 1;
            }
        }
    }

    fn announcement(&self, address: IpAddr, form: Form) -> Frame {
        let hardware = self.facts.hardware;
        match (address, form) {
            (IpAddr::V4(address), Form::First) => Arp::gratuitous_request(hardware, address).broadcast(),
            (IpAddr::V4(address), Form::Reply) => Arp::gratuitous_reply(hardware, address).broadcast(),
            (IpAddr::V6(address), Form::First | Form::Reply) => {
                let source = self.facts.source_v6.unwrap_or(address);
                let station = HardwareAddr::multicast_v6(ALL_NODES);
                Advertisement::unsolicited(source, address, hardware).frame(hardware, station)
            }
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        if !self.facts.carrier {
            return None;
        }
        let announces = if self.state == State::Doubting { None } else { self.announcer.poll_timeout() };
        let rest = [self.ownership.poll_timeout(), announces, self.shadowed_until];
        rest.into_iter().flatten().chain([self.membership.poll_timeout()]).min()
    }
}

fn probe(hardware: HardwareAddr, address: IpAddr) -> Frame {
    match address {
        IpAddr::V4(address) => Arp::probe(hardware, address).broadcast(),
        IpAddr::V6(address) => {
            Solicitation::probe(address).frame(hardware, HardwareAddr::multicast_v6(solicited_node(address)))
        }
    }
}

/// Asks a station whether it is there, in a form that changes nobody's cache.
fn question(facts: &LinkFacts, station: Station) -> Frame {
    match (station.address, facts.source_v6) {
        (IpAddr::V4(address), _) => Arp::probe(facts.hardware, address).frame(station.hardware),
        (IpAddr::V6(address), Some(source)) => Solicitation::reachability(source, facts.hardware, address)
            .frame(facts.hardware, station.hardware),
        (IpAddr::V6(_), None) => probe(facts.hardware, station.address),
    }
}
