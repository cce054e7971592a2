//! The simulation: one agenda, many nodes, oracles that look on.

mod apply;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use patina::hot::{Control, Report};

use crate::clock::{Agenda, Clock};
use crate::fault::Step;
use crate::frame;
use crate::history::History;
use crate::host::{Habit, Host};
use crate::lan::{Lan, Station};
use crate::node::{Node, address, name, segment_of};
use crate::oracle::{Oracles, Violation};
use crate::plant::Plant;
use crate::random::{Purpose, Stream};
use crate::trace::{Keep, Trace};
use crate::world::{Disturbed, Times, World};

/// How often the oracles look when nothing happens …
const TICK: Duration = Duration::from_millis(5);
/// … for this many pairs of node and address; with more of them they look less often …
const TICK_PAIRS: u32 = 60;
/// … but at least so often.
const TICK_AT_MOST: Duration = Duration::from_millis(250);
/// A host cares for this many addresses.
const CARED_FOR: usize = 8;
/// How late a packet thread runs after its socket or its timer woke it.
const WAKE_DELAY: (Duration, Duration) = (Duration::from_micros(10), Duration::from_micros(200));
/// How often the asking host asks.
pub const ASK_INTERVAL: Duration = Duration::from_millis(50);
/// The port from which recorded frames are sent again.
const REPLAYER: Station = Station::Stranger(1);
/// The station that uses somebody else's address.
const USURPER: Station = Station::Stranger(0);

/// What is going to happen.
#[derive(Debug)]
enum Event {
    Step(Step),
    Arrive { to: Station, frame: Arc<[u8]> },
    Wake(u16),
    Tell { node: u16, start: u32, control: Control },
    TellOffers { node: u16, start: u32 },
    HostActs(usize),
    LiarSpeaks,
    Tick,
    Pause,
}

/// A history, running.
#[derive(Debug)]
pub struct Simulation {
    history: History,
    /// What is true.
    pub world: World,
    agenda: Agenda<Event>,
    trace: Trace,
    oracles: Oracles,
    plant: Plant,
    wakes: Vec<Stream>,
    drivers: Vec<Stream>,
    recording: Option<Vec<(u8, Arc<[u8]>)>>,
    now: Duration,
}

impl Simulation {
    /// The simulation of a history, with nothing wrong around the machines.
    pub fn of(history: &History) -> Self {
        Self::planted(history, Plant::sound(), Keep::Digest)
    }

    /// The simulation of a history, with a fault planted.
    pub fn planted(history: &History, plant: Plant, keep: Keep) -> Self {
        let setup = history.setup.clone();
        let mut agenda = Agenda::default();
        for (at, step) in &history.steps {
            agenda.enter(*at, Event::Step(step.clone()));
        }
        agenda.enter(TICK, Event::Tick);
        let stream =
            |purpose| (0..setup.nodes).map(move |node| Stream::new(setup.seed, purpose, node.into(), 0));
        let mut simulation = Self {
            world: world(history),
            agenda,
            trace: Trace::new(keep),
            oracles: Oracles::default(),
            plant,
            wakes: stream(Purpose::Scheduler).collect(),
            drivers: stream(Purpose::Driver).collect(),
            recording: None,
            now: Duration::ZERO,
            history: history.clone(),
        };
        for host in 0..simulation.world.hosts.len() {
            simulation.host_acts_later(host);
        }
        simulation
    }

    /// Runs to the end of the history, or to the first broken promise.
    pub fn run(&mut self) -> Result<(), Violation> {
        self.run_until(self.history.setup.end)
    }

    /// Runs until a time, or to the first broken promise.
    pub fn run_until(&mut self, end: Duration) -> Result<(), Violation> {
        self.agenda.enter(end, Event::Pause);
        while self.now < end {
            let Some((at, event)) = self.agenda.take() else { break };
            self.now = at;
            self.happen(event);
            if let Some(violation) = self.oracles.verdict() {
                return Err(violation.clone());
            }
        }
        Ok(())
    }

    /// A step happens now; it becomes part of the history.
    pub fn apply(&mut self, step: Step) {
        let now = self.now;
        let place = self.history.steps.partition_point(|(at, _)| *at <= now);
        self.history.steps.insert(place, (now, step.clone()));
        self.happen(Event::Step(step));
    }

    /// The history so far, steps applied by hand included.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The time.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// How many times any address was taken so far, the first time included.
    pub fn takes(&self) -> u32 {
        self.oracles.takes()
    }

    /// What has happened.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Step(step) => self.step(step),
            Event::Arrive { to, frame } => self.arrive(to, frame),
            Event::Wake(node) => self.wake(node),
            Event::Tell { node, start, control } => self.tell(node, start, control),
            Event::TellOffers { node, start } => {
                let offers = self.world.nodes[usize::from(node)].offer_facts(self.now);
                self.tell(node, start, offers);
            }
            Event::HostActs(host) => self.host_acts(host),
            Event::LiarSpeaks => self.liar_speaks(),
            Event::Pause => {}
            Event::Tick => {
                self.oracles.tick(&self.world, self.now);
                let pairs = u32::from(self.world.setup.nodes) * self.world.services.len() as u32;
                let pause = (TICK * pairs.div_ceil(TICK_PAIRS).max(1)).min(TICK_AT_MOST);
                self.agenda.enter(self.now + pause, Event::Tick);
            }
        }
    }

    fn arrive(&mut self, to: Station, frame: Arc<[u8]>) {
        match to {
            Station::Link { node, link } => self.arrive_at_node(node, link, frame),
            Station::Host(host) => {
                let Some(seen) = frame::read(&frame) else { return };
                let answer = self.world.hosts[usize::from(host)].receive(&seen, self.now);
                answer.into_iter().for_each(|frame| self.send(to, frame));
            }
            Station::Stranger(_) => self.answer_as_usurper(&frame),
        }
    }

    fn arrive_at_node(&mut self, node: u16, link: u8, frame: Arc<[u8]>) {
        let delay = self.wake_delay(node);
        let Some(speaker) = &mut self.world.nodes[usize::from(node)].speaker else { return };
        speaker.arrive(link, frame, self.now);
        self.wake_at(node, self.now + delay);
    }

    fn wake_delay(&mut self, node: u16) -> Duration {
        self.wakes[usize::from(node)].span(WAKE_DELAY.0, WAKE_DELAY.1)
    }

    /// Sees to it that the node turns at `at` or before; when it stands still, as soon as it does not.
    fn wake_at(&mut self, node: u16, at: Duration) {
        let Some(speaker) = &mut self.world.nodes[usize::from(node)].speaker else { return };
        let at = at.max(speaker.frozen_until);
        if speaker.wake.is_none_or(|wake| at < wake || wake < self.now) {
            speaker.wake = Some(at);
            self.agenda.enter(at, Event::Wake(node));
        }
    }

    fn wake(&mut self, node: u16) {
        let Some(speaker) = &mut self.world.nodes[usize::from(node)].speaker else { return };
        if speaker.wake != Some(self.now) || speaker.frozen_until > self.now {
            return;
        }
        let turn = speaker.turn(self.now);
        let due = speaker.wake.take();
        for report in &turn.reports {
            self.trace.say(self.now, &format!("n{node} {report:?}"));
            self.oracles.report(&self.world, node, report, self.now);
        }
        for (link, frame) in turn.sent {
            self.send(Station::Link { node, link }, frame);
        }
        if turn.reports.contains(&Report::Left) {
            self.world.nodes[usize::from(node)].speaker = None;
            return;
        }
        let Some(due) = due else { return };
        let delay = self.wake_delay(node);
        self.wake_at(node, due.max(self.now) + delay);
    }

    fn tell(&mut self, node: u16, start: u32, control: Control) {
        let this = &mut self.world.nodes[usize::from(node)];
        if this.starts != start {
            return;
        }
        let Some(speaker) = &mut this.speaker else { return };
        speaker.tell(control);
        let delay = self.wake_delay(node);
        self.wake_at(node, self.now + delay);
    }

    fn send(&mut self, from: Station, frame: Vec<u8>) {
        self.trace
            .add(self.now, &frame, || format!("{from} {:?}", frame::read(&frame).map(|seen| seen.kind)));
        if let Station::Link { .. } = from {
            self.oracles.sent(&self.world, from, &frame, self.now);
        }
        self.deliver(from, frame.into());
    }

    fn deliver(&mut self, from: Station, frame: Arc<[u8]>) {
        let Some(seen) = frame::read(&frame) else { return };
        if let (Some(recording), frame::Kind::Beat(_)) = (&mut self.recording, seen.kind) {
            let segment = self.world.lan.segment(from).unwrap_or(0);
            recording.push((segment, frame.clone()));
        }
        for (at, to) in self.world.lan.send(from, seen.to, self.now) {
            self.agenda.enter(at, Event::Arrive { to, frame: frame.clone() });
        }
    }

    fn host_acts(&mut self, host: usize) {
        let this = &mut self.world.hosts[host];
        let station = this.station();
        let segment = self.world.lan.segment(station).unwrap_or(0);
        let mut addresses = self.world.addresses_on(segment);
        addresses.truncate(CARED_FOR);
        for frame in self.world.hosts[host].act(&addresses, self.now) {
            self.send(station, frame);
        }
        self.host_acts_later(host);
    }

    fn host_acts_later(&mut self, host: usize) {
        let pause = self.world.hosts[host].pause();
        self.agenda.enter(self.now + pause, Event::HostActs(host));
    }

    fn answer_as_usurper(&mut self, frame: &[u8]) {
        let Some(number) = self.world.usurped else { return };
        let asked: IpAddr = match frame::read(frame).map(|seen| seen.kind) {
            Some(frame::Kind::Arp(arp)) if !arp.reply => arp.target.into(),
            Some(frame::Kind::Solicitation { target, .. }) => target.into(),
            _ => return,
        };
        if asked == address(number) {
            self.usurp(number);
        }
    }
}

/// The cluster of a history before its first step: nothing runs.
fn world(history: &History) -> World {
    let setup = history.setup.clone();
    let mut lan = Lan::new(setup.seed);
    let named = |node| if setup.twins && node + 1 == setup.nodes { name(0) } else { name(node) };
    let nodes: Vec<_> = (0..setup.nodes).map(|node| Node::new(node, &setup, named(node))).collect();
    for (node, link) in (0..setup.nodes).flat_map(|node| (0..setup.links).map(move |link| (node, link))) {
        lan.plug(Station::Link { node, link }, link % setup.segments());
    }
    let asks = if setup.quiet { Habit::Uses } else { Habit::Asks(ASK_INTERVAL) };
    let habits = [Habit::Uses, asks, asks, Habit::Uses];
    let mut hosts = Vec::new();
    for (link, habit) in (0..setup.segments()).flat_map(|link| habits.map(|habit| (link, habit))) {
        let host = Host::new(setup.seed, hosts.len() as u16, habit);
        lan.plug(host.station(), link);
        hosts.push(host);
    }
    let named = (0..setup.nodes).collect();
    let services = (0..setup.addresses).collect();
    let mut world = World {
        times: Times::slowest(&setup),
        fastest: Times::fastest(&setup),
        setup,
        lan,
        nodes,
        hosts,
        services,
        named,
        disturbed: Disturbed::default(),
        usurped: None,
        liar: false,
        contested: BTreeSet::new(),
    };
    for node in &mut world.nodes {
        let offered = crate::node::Offered { weight: 0, fresh: false, seen_from: Duration::ZERO };
        node.offers = world.services.iter().map(|&number| (number, offered)).collect();
    }
    world
}
