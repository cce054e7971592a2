//! The segment: every frame reaches every other node after a tenth of a millisecond.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::super::*;
use crate::addr::HardwareAddr;
use crate::membership::timing::Profile;
use crate::name::NodeName;
use crate::wire::arp::Use;
use crate::wire::{self, Message};

pub(super) const MILLI: Duration = Duration::from_millis(1);
const TRANSIT: Duration = Duration::from_micros(100);
const LINK: LinkIndex = LinkIndex(2);

pub(super) struct Lan {
    pub(super) now: Instant,
    names: Vec<&'static str>,
    nodes: BTreeMap<&'static str, Hot>,
    queues: BTreeMap<&'static str, Vec<(Instant, Vec<u8>)>>,
    frozen: BTreeSet<&'static str>,
    isolated: BTreeSet<&'static str>,
    reports: BTreeMap<&'static str, Vec<Report>>,
    answers: Vec<&'static str>,
    gratuitous: BTreeMap<IpAddr, &'static str>,
    lives: u64,
    profile: Profile,
}

impl Lan {
    pub(super) fn new(names: &[&'static str]) -> Self {
        Self::with_profile(names, Profile::Default)
    }

    /// Each node starts a third of a millisecond after the one before it.
    pub(super) fn with_profile(names: &[&'static str], profile: Profile) -> Self {
        let mut lan = Self {
            profile,
            now: Instant::ZERO + Duration::from_secs(1000),
            names: names.to_vec(),
            nodes: BTreeMap::new(),
            queues: BTreeMap::new(),
            frozen: BTreeSet::new(),
            isolated: BTreeSet::new(),
            reports: BTreeMap::new(),
            answers: Vec::new(),
            gratuitous: BTreeMap::new(),
            lives: 0,
        };
        for name in names {
            lan.run(MILLI / 3);
            lan.revive(name);
        }
        lan
    }

    fn hardware(&self, name: &str) -> HardwareAddr {
        let index = self.names.iter().position(|n| *n == name).unwrap();
        HardwareAddr([2, 0, 0, 0, 0, u8::try_from(index + 1).unwrap()])
    }

    pub(super) fn revive(&mut self, name: &'static str) {
        self.lives += 1;
        let settings =
            Settings::new(NodeName::from(name), 1000 + self.lives, Some(b"key".to_vec()), self.lives);
        let settings = Settings { profile: self.profile, ..settings };
        let mut hot = Hot::new(settings, self.now);
        let facts = LinkFacts {
            index: LINK,
            name: "eth0".into(),
            hardware: self.hardware(name),
            carrier: true,
            source_v4: Some(Ipv4Addr::new(10, 0, 0, 100)),
            source_v6: None,
        };
        hot.handle_control(Control::Links(vec![facts]), self.now);
        let nodes = self.names.iter().map(|n| (NodeName::from(*n), NodeFacts { ready: true })).collect();
        hot.handle_control(Control::Nodes(nodes), self.now);
        self.nodes.insert(name, hot);
        self.queues.insert(name, Vec::new());
    }

    fn offer(&mut self, addresses: &[IpAddr], fresh: bool) {
        let offer = |address: &IpAddr| Offer { address: *address, link: LINK, weight: 0, fresh };
        let offers: Vec<Offer> = addresses.iter().map(offer).collect();
        for hot in self.nodes.values_mut() {
            hot.handle_control(Control::Offers(offers.clone()), self.now);
        }
    }

    pub(super) fn offer_all(&mut self, addresses: &[IpAddr]) {
        self.offer(addresses, false);
    }

    pub(super) fn offer_fresh(&mut self, addresses: &[IpAddr]) {
        self.offer(addresses, true);
    }

    pub(super) fn kill(&mut self, name: &str) {
        self.nodes.remove(name);
        self.queues.remove(name);
    }

    pub(super) fn freeze(&mut self, name: &'static str) {
        self.frozen.insert(name);
    }

    pub(super) fn thaw(&mut self, name: &str) {
        self.frozen.remove(name);
    }

    pub(super) fn isolate(&mut self, name: &'static str) {
        self.isolated.insert(name);
    }

    pub(super) fn heal(&mut self) {
        self.isolated.clear();
    }

    pub(super) fn node(&self, name: &str) -> &Hot {
        &self.nodes[name]
    }

    pub(super) fn control(&mut self, name: &str, control: Control) {
        self.nodes.get_mut(name).unwrap().handle_control(control, self.now);
    }

    pub(super) fn reports(&self, name: &str) -> &[Report] {
        self.reports.get(name).map_or(&[], Vec::as_slice)
    }

    /// Who has answered requests so far, in order.
    pub(super) fn answers(&self) -> &[&'static str] {
        &self.answers
    }

    /// Whose gratuitous frame for the address was the last.
    pub(super) fn last_gratuitous(&self, address: IpAddr) -> Option<&'static str> {
        self.gratuitous.get(&address).copied()
    }

    /// Who would answer a request now.
    pub(super) fn owners(&self, address: IpAddr) -> Vec<&'static str> {
        let owns = |hot: &Hot| {
            let snapshot = hot.snapshot(self.now);
            let link = &snapshot.links[0];
            link.state != crate::membership::member::State::Doubting
                && link.addresses.iter().any(|a| a.address == address && a.role == "owner")
        };
        let awake = self.nodes.iter().filter(|(name, _)| !self.frozen.contains(*name));
        awake.filter(|(_, hot)| owns(hot)).map(|(name, _)| *name).collect()
    }

    /// A frame of a station that is no node.
    pub(super) fn inject(&mut self, frame: &[u8]) {
        for queue in self.queues.values_mut() {
            queue.push((self.now + TRANSIT, frame.to_vec()));
        }
    }

    pub(super) fn run_until(&mut self, done: impl Fn(&Self) -> bool, bound: Duration) {
        let end = self.now + bound;
        while !done(self) {
            assert!(self.now < end, "not within {bound:?}");
            self.run(MILLI);
        }
    }

    pub(super) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        let mut turns = 0;
        while let Some(next) = self.next().filter(|next| *next <= end) {
            turns = if next > self.now { 0 } else { turns + 1 };
            assert!(turns < 1000, "the machines do not come to rest at {}", self.now);
            self.now = self.now.max(next);
            self.turn();
        }
        self.now = end;
    }

    fn next(&self) -> Option<Instant> {
        let awake = |name: &&&'static str| !self.frozen.contains(**name);
        let timers =
            self.nodes.iter().filter(|(name, _)| awake(name)).filter_map(|(_, hot)| hot.poll_timeout());
        let frames =
            self.queues.iter().filter(|(name, _)| awake(name)).filter_map(|(_, q)| Some(q.first()?.0));
        timers.chain(frames).min()
    }

    fn turn(&mut self) {
        for name in self.names.clone() {
            if self.frozen.contains(name) || !self.nodes.contains_key(name) {
                continue;
            }
            let (due, later) =
                self.queues.remove(name).unwrap().into_iter().partition(|(at, _)| *at <= self.now);
            self.queues.insert(name, later);
            self.turn_node(name, due);
        }
    }

    fn turn_node(&mut self, name: &'static str, due: Vec<(Instant, Vec<u8>)>) {
        let now = self.now;
        let hot = self.nodes.get_mut(name).unwrap();
        for (at, frame) in due {
            hot.handle_frame(LINK, &frame, at, now);
        }
        hot.handle_timeout(now);
        let mut sent = Vec::new();
        while let Some(transmit) = hot.poll_transmit() {
            sent.push(transmit.frame.to_vec());
        }
        let reports = std::iter::from_fn(|| hot.poll_report());
        self.reports.entry(name).or_default().extend(reports);
        for frame in sent {
            self.note(name, &frame);
            self.spread(name, &frame);
        }
    }

    fn note(&mut self, name: &'static str, frame: &[u8]) {
        let Ok(wire::Received { message: Message::Arp(arp), .. }) = wire::read(frame) else { return };
        match arp.usage() {
            Use::Reply => self.answers.push(name),
            Use::GratuitousRequest | Use::GratuitousReply => {
                self.gratuitous.insert(arp.sender.into(), name);
            }
            Use::Probe | Use::Request => {}
        }
    }

    fn spread(&mut self, from: &str, frame: &[u8]) {
        let at = self.now + TRANSIT;
        for (name, queue) in &mut self.queues {
            let cut = self.isolated.contains(name) || self.isolated.contains(from);
            if *name != from && !cut {
                queue.push((at, frame.to_vec()));
            }
        }
    }
}
