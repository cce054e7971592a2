//! What each step does.

use super::*;

use std::collections::BTreeMap;

use patina::addr::HardwareAddr;
use patina::hot::NodeFacts;

use crate::fault::DRIVER_DELAY;
use crate::lan::LATENESS;
use crate::liar;
use crate::node::{Offered, name, secret};

impl Simulation {
    pub(super) fn step(&mut self, step: Step) {
        self.trace.say(self.now, &format!("step {step}"));
        self.oracles.step(&self.world, &step, self.now);
        match step {
            Step::Start(node) => self.start(node),
            Step::Crash(node) => self.crash(node),
            Step::Leave(node) => self.leave(node),
            Step::Freeze(node, span) => self.freeze(node, span),
            Step::FreezeAll(span) => (0..self.world.setup.nodes).for_each(|node| self.freeze(node, span)),
            Step::CarrierDown(node, link) => self.carrier(node, link, false),
            Step::CarrierUp(node, link) => self.carrier(node, link, true),
            Step::Silent(node, span) => self.silence(node, span),
            Step::Outage(span) => self.outage(span),
            Step::Partition(nodes) => self.partition(&nodes),
            Step::Isolate(node) => self.cut_node(node, true, true),
            Step::Deaf(node) => self.cut_node(node, true, false),
            Step::Mute(node) => self.cut_node(node, false, true),
            Step::Cut(a, b) => self.cut(&[(a, b), (b, a)]),
            Step::OneWay(a, b) => self.cut(&[(a, b)]),
            Step::Heal => self.heal(),
            Step::Service(number) => self.serve(number, None),
            Step::ServiceLate(number, node, span) => self.serve(number, Some((node, span))),
            Step::Unserve(number) => self.unserve(number),
            Step::Offer(node, number) => self.offer(node, number, 0),
            Step::Weight(node, number, weight) => self.offer(node, number, weight),
            Step::Withdraw(node, number) => self.withdraw(node, number),
            Step::Forget(node) => self.set_named(node, false),
            Step::Remember(node) => self.set_named(node, true),
            Step::Loss(share) => self.weather().loss = share,
            Step::Bursts(share) => self.weather().bursts = share,
            Step::Late(share) => {
                self.weather().late = share;
                self.world.disturbed.weather += LATENESS.1;
            }
            Step::Twice(share) => self.weather().twice = share,
            Step::Wall(node, seconds) => self.world.nodes[usize::from(node)].wall += seconds,
            Step::Keys(node, keys) => self.set_keys(node, keys),
            Step::Move(number, node) => self.plan_move(number, node),
            Step::Stranger(number) => self.plug_stranger(number),
            Step::StrangerGone => self.world.usurped = None,
            Step::Liar => self.plug_liar(),
            Step::LiarGone => self.unplug_liar(),
            Step::Record => self.recording = Some(Vec::new()),
            Step::Replay => self.replay(|_, frame| frame),
            Step::Garble => self.replay(garbled),
        }
    }

    fn start(&mut self, node: u16) {
        let setup = &self.world.setup;
        let clock = Clock::boot(setup.seed, node, setup.drifting, self.now);
        let seed = setup.seed;
        self.world.nodes[usize::from(node)].start(seed, clock, self.plant.clone(), self.now);
        self.disturb(node);
        let links = self.links_of(node);
        let offers = self.world.nodes[usize::from(node)].offer_facts(self.now);
        let named = self.named();
        for control in [links, named, offers] {
            self.tell_at(node, self.now, control);
        }
    }

    fn crash(&mut self, node: u16) {
        self.world.nodes[usize::from(node)].speaker = None;
        self.world.disturbed.removal = self.now;
    }

    fn leave(&mut self, node: u16) {
        let now = self.now;
        let Some(speaker) = &mut self.world.nodes[usize::from(node)].speaker else { return };
        speaker.leaving = Some(now);
        self.world.disturbed.removal = now;
        self.tell_at(node, now, Control::Leave);
    }

    fn freeze(&mut self, node: u16, span: Duration) {
        let until = self.now + span;
        let Some(speaker) = &mut self.world.nodes[usize::from(node)].speaker else { return };
        speaker.frozen_until = speaker.frozen_until.max(until);
        speaker.wake = None;
        // It may stand still for longer already.
        self.world.disturbed.node.insert(node, speaker.frozen_until);
        self.world.disturbed.removal = self.now;
        let delay = self.wake_delay(node);
        self.wake_at(node, until + delay);
    }

    fn carrier(&mut self, node: u16, link: u8, carrier: bool) {
        self.world.lan.set_carrier(Station::Link { node, link }, carrier);
        self.disturb(node);
        self.world.disturbed.removal = self.now;
        let links = self.links_of(node);
        self.tell_later(node, links);
    }

    fn silence(&mut self, node: u16, span: Duration) {
        let until = self.now + span;
        for link in 0..self.world.setup.links {
            self.world.lan.silence(Station::Link { node, link }, until);
        }
        self.rewired(until);
    }

    fn outage(&mut self, span: Duration) {
        self.world.lan.fail_until(self.now + span);
        self.rewired(self.now + span);
    }

    fn partition(&mut self, left: &BTreeSet<u16>) {
        let on_the_left = |station: Station| match station {
            Station::Link { node, .. } => left.contains(&node),
            Station::Host(host) => host % 2 == 1,
            Station::Stranger(_) => false,
        };
        self.cut_where(|from, to| on_the_left(from) != on_the_left(to));
        self.world.disturbed.removal = self.now;
    }

    fn cut_node(&mut self, node: u16, hearing: bool, speaking: bool) {
        let is = |station| matches!(station, Station::Link { node: this, .. } if this == node);
        self.cut_where(|from, to| (hearing && is(to)) || (speaking && is(from)));
        match hearing && speaking {
            true => self.world.disturbed.removal = self.now,
            false => self.rewired(self.now),
        }
    }

    fn cut(&mut self, pairs: &[(u16, u16)]) {
        let between = |from, to| match (from, to) {
            (Station::Link { node: a, .. }, Station::Link { node: b, .. }) => pairs.contains(&(a, b)),
            _ => false,
        };
        self.cut_where(between);
        self.rewired(self.now);
    }

    fn cut_where(&mut self, cuts: impl Fn(Station, Station) -> bool) {
        let stations: Vec<_> = self.world.lan.stations().collect();
        for (&from, &to) in stations.iter().flat_map(|from| stations.iter().map(move |to| (from, to))) {
            if cuts(from, to) {
                self.world.lan.cut(from, to);
            }
        }
    }

    fn heal(&mut self) {
        self.world.lan.heal();
        self.rewired(self.now);
    }

    fn serve(&mut self, number: u16, late: Option<(u16, Duration)>) {
        self.world.services.insert(number);
        for node in 0..self.world.setup.nodes {
            let later = late.filter(|(late, _)| *late == node).map_or(Duration::ZERO, |(_, span)| span);
            let offered = Offered { weight: 0, fresh: true, seen_from: self.now + later };
            self.world.nodes[usize::from(node)].offers.insert(number, offered);
            self.tell_offers(node, later);
        }
    }

    fn unserve(&mut self, number: u16) {
        self.world.services.remove(&number);
        for host in &mut self.world.hosts {
            host.forget(address(number));
        }
        for node in 0..self.world.setup.nodes {
            self.withdraw(node, number);
        }
    }

    fn offer(&mut self, node: u16, number: u16, weight: u32) {
        self.world.nodes[usize::from(node)]
            .offers
            .insert(number, Offered { weight, fresh: false, seen_from: self.now });
        self.tell_offers(node, Duration::ZERO);
    }

    fn withdraw(&mut self, node: u16, number: u16) {
        self.world.nodes[usize::from(node)].offers.remove(&number);
        self.tell_offers(node, Duration::ZERO);
    }

    fn set_named(&mut self, node: u16, named: bool) {
        match named {
            true => self.world.named.insert(node),
            false => self.world.named.remove(&node),
        };
        for node in 0..self.world.setup.nodes {
            let named = self.named();
            self.tell_later(node, named);
        }
    }

    fn set_keys(&mut self, node: u16, keys: Vec<u8>) {
        self.world.nodes[usize::from(node)].keys = keys;
        self.rewired(self.now);
        let keys = self.world.nodes[usize::from(node)].key_facts();
        keys.into_iter().for_each(|keys| self.tell_later(node, keys));
    }

    /// Every node is told; only the owner can move anything.
    fn plan_move(&mut self, number: u16, to: u16) {
        for node in 0..self.world.setup.nodes {
            self.tell_later(node, Control::Move { address: address(number), to: Some(name(to)) });
        }
    }

    fn weather(&mut self) -> &mut crate::lan::Weather {
        self.world.disturbed.weather = self.now;
        &mut self.world.lan.weather
    }

    fn plug_stranger(&mut self, number: u16) {
        self.world.usurped = Some(number);
        self.world.contested.insert(number);
        self.world.lan.plug(USURPER, segment_of(number, self.world.setup.segments()));
        self.usurp(number);
    }

    /// The stranger says that the address is his.
    pub(super) fn usurp(&mut self, number: u16) {
        let own = USURPER.hardware();
        let frame = match address(number) {
            IpAddr::V4(sender) => {
                let (target_hw, target) = (HardwareAddr::ZERO, sender);
                let packet = frame::Arp { reply: false, sender_hw: own, sender, target_hw, target };
                frame::arp(HardwareAddr::BROADCAST, own, packet)
            }
            IpAddr::V6(target) => frame::advertisement(own, "fe80::bad".parse().unwrap_or(target), target),
        };
        self.send(USURPER, frame);
    }

    fn plug_liar(&mut self) {
        self.world.liar = true;
        self.world.lan.plug(liar::LIAR, 0);
        self.liar_speaks();
    }

    fn unplug_liar(&mut self) {
        self.world.liar = false;
        self.rewired(self.now);
    }

    pub(super) fn liar_speaks(&mut self) {
        if !self.world.liar {
            return;
        }
        let addresses = self.world.addresses_on(0);
        let nodes: Vec<_> =
            (0..self.world.setup.nodes).map(|node| (node, self.world.station(node, 0))).collect();
        let frame = liar::speak(&secret(0), &addresses, &nodes, self.now);
        self.send(liar::LIAR, frame);
        self.agenda.enter(self.now + liar::INTERVAL, Event::LiarSpeaks);
    }

    /// Sends what was recorded again, each frame as `change` makes it.
    fn replay(&mut self, change: impl Fn(usize, Arc<[u8]>) -> Arc<[u8]>) {
        let recording = self.recording.take().unwrap_or_default();
        for (index, (segment, frame)) in recording.into_iter().enumerate() {
            self.world.lan.plug(REPLAYER, segment);
            self.deliver(REPLAYER, change(index, frame));
        }
    }

    fn named(&self) -> Control {
        let ready = NodeFacts { ready: true };
        let named: BTreeMap<_, _> = self.world.named.iter().map(|&node| (name(node), ready)).collect();
        Control::Nodes(named)
    }

    fn links_of(&self, node: u16) -> Control {
        let lan = &self.world.lan;
        self.world.nodes[usize::from(node)].link_facts(|station| lan.carrier(station))
    }

    fn tell_offers(&mut self, node: u16, later: Duration) {
        self.disturb(node);
        let delay = self.driver_delay(node);
        let start = self.world.nodes[usize::from(node)].starts;
        self.agenda.enter(self.now + later + delay, Event::TellOffers { node, start });
    }

    fn tell_later(&mut self, node: u16, control: Control) {
        let delay = self.driver_delay(node);
        self.tell_at(node, self.now + delay, control);
    }

    fn tell_at(&mut self, node: u16, at: Duration, control: Control) {
        let start = self.world.nodes[usize::from(node)].starts;
        self.agenda.enter(at, Event::Tell { node, start, control });
    }

    fn driver_delay(&mut self, node: u16) -> Duration {
        self.drivers[usize::from(node)].span(DRIVER_DELAY.0, DRIVER_DELAY.1)
    }

    fn disturb(&mut self, node: u16) {
        let disturbed = self.world.disturbed.node.entry(node).or_default();
        *disturbed = self.now.max(*disturbed);
    }

    /// Who hears whom has changed, and changes once more at `until`.
    fn rewired(&mut self, until: Duration) {
        self.world.disturbed.wiring = until.max(self.now);
        self.world.disturbed.removal = self.now;
        for node in 0..self.world.setup.nodes {
            let disturbed = self.world.disturbed.node.entry(node).or_default();
            *disturbed = until.max(*disturbed);
        }
    }
}

/// A frame with one bit turned behind its header, or with its end cut off.
fn garbled(index: usize, frame: Arc<[u8]>) -> Arc<[u8]> {
    let mut bytes = frame.to_vec();
    let header = 14;
    let at = header + index * 7 % (bytes.len() - header);
    match index % 3 {
        0 => bytes.truncate(at),
        _ => bytes[at] ^= 1 << (index % 8),
    }
    bytes.into()
}
