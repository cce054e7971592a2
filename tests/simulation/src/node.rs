//! A node: the real machine, under a clock and a scheduler that are not to be relied on.
//!
//! The turn is the shell's: read every queued frame with its receive time, hear the driver, do what is due, send,
//! report. A frozen node does not turn; its frames queue, with the times at which they came.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use patina::hot::{Control, FailBack, Hot, LinkFacts, Offer, Report, Settings, Snapshot};
use patina::membership::timing::Profile;
use patina::name::{LinkIndex, LinkName, NodeName};
use patina::time::Instant;

use crate::clock::Clock;
use crate::lan::Station;
use crate::plant::Plant;
use crate::setup::Setup;

/// Frames that a socket holds for a reader that does not come; what comes after is lost (`SO_RCVBUF` of the speaker).
const QUEUE: usize = 4096;
/// Wall clock of every node at the start of a history, in milliseconds since 1970.
const WALL: u64 = 1_800_000_000_000;

/// What a node offers for one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Sum of preferences.
    pub weight: u32,
    /// To be probed first.
    pub fresh: bool,
    /// When its own driver sees it.
    pub seen_from: Duration,
}

/// A node of the cluster, with or without a running speaker.
#[derive(Debug)]
pub struct Node {
    number: u16,
    links: u8,
    segments: u8,
    fail_back: FailBack,
    name: NodeName,
    profile: Profile,
    /// What its own view lets it offer, by number of the address.
    pub offers: BTreeMap<u16, Offered>,
    /// How far its wall clock is off, in seconds.
    pub wall: i64,
    /// Numbers of the keys it uses, the first to seal.
    pub keys: Vec<u8>,
    /// The speaker, while it runs.
    pub speaker: Option<Speaker>,
    /// How many speakers have been started on this node.
    pub starts: u32,
}

/// A running speaker.
#[derive(Debug)]
pub struct Speaker {
    hot: Hot,
    clock: Clock,
    queue: VecDeque<Arrived>,
    controls: VecDeque<Control>,
    /// When it is to be woken next.
    pub wake: Option<Duration>,
    /// Until when it stands still.
    pub frozen_until: Duration,
    /// When it turned for the first time since it last stood still.
    pub woke: Duration,
    /// When it started.
    pub started: Duration,
    /// When it was asked to leave.
    pub leaving: Option<Duration>,
    /// What it says it answers for, and since when: address and link.
    pub owns: BTreeMap<(IpAddr, u8), Duration>,
    /// The links on which it says that it doubts itself, and so answers nothing.
    pub doubting: BTreeSet<u8>,
    /// A fault planted around the machine.
    pub plant: Plant,
}

#[derive(Debug)]
struct Arrived {
    link: LinkIndex,
    frame: Arc<[u8]>,
    received: Instant,
}

/// A frame that leaves a node, with the number of its link.
pub type Sent = (u8, Vec<u8>);

/// What one turn of a speaker brought.
#[derive(Debug, Default)]
pub struct Turn {
    /// Frames, by link.
    pub sent: Vec<Sent>,
    /// Transitions.
    pub reports: Vec<Report>,
}

/// The external address number `address`: even ones are IPv4, odd ones IPv6.
pub fn address(address: u16) -> IpAddr {
    match address % 2 {
        0 => Ipv4Addr::new(10, 200, (address >> 8) as u8, address as u8).into(),
        _ => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, address).into(),
    }
}

/// The number of an external address.
pub fn address_number(address: IpAddr) -> u16 {
    match address {
        IpAddr::V4(address) => u16::from_be_bytes([address.octets()[2], address.octets()[3]]),
        IpAddr::V6(address) => address.segments()[7],
    }
}

/// `ifindex` of a node's link: 1 is the loopback.
pub fn link_index(link: u8) -> LinkIndex {
    LinkIndex(u32::from(link) + 2)
}

/// The number of a link.
pub fn link_number(index: LinkIndex) -> u8 {
    u8::try_from(index.0.saturating_sub(2)).unwrap_or(u8::MAX)
}

/// The secret number `key`.
pub fn secret(key: u8) -> Vec<u8> {
    vec![key + 1; 32]
}

/// The name of a node.
pub fn name(node: u16) -> NodeName {
    NodeName::new(format!("node-{node}"))
}

impl Node {
    /// A node without a running speaker.
    pub fn new(number: u16, setup: &Setup, name: NodeName) -> Self {
        Self {
            number,
            links: setup.links,
            segments: setup.segments(),
            fail_back: setup.fail_back,
            name,
            profile: setup.profiles.of(number),
            offers: BTreeMap::new(),
            wall: 0,
            keys: vec![0],
            speaker: None,
            starts: 0,
        }
    }

    /// Starts a speaker with a clock of its own.
    pub fn start(&mut self, seed: u64, clock: Clock, plant: Plant, at: Duration) {
        self.starts += 1;
        let settings = self.settings(seed, at);
        self.speaker = Some(Speaker {
            hot: Hot::new(settings, clock.local(at)),
            clock,
            queue: VecDeque::new(),
            controls: VecDeque::new(),
            wake: None,
            frozen_until: Duration::ZERO,
            woke: Duration::ZERO,
            started: at,
            leaving: None,
            owns: BTreeMap::new(),
            doubting: BTreeSet::new(),
            plant,
        });
    }

    fn settings(&self, seed: u64, at: Duration) -> Settings {
        let wall = WALL.saturating_add_signed(self.wall * 1000) + u64::try_from(at.as_millis()).unwrap_or(0);
        let key = self.keys.first().map(|&key| secret(key));
        let seed = seed ^ u64::from(self.number) << 32 ^ u64::from(self.starts);
        let settings = Settings::new(self.name.clone(), wall / 1000, key, seed);
        Settings { profile: self.profile, fail_back: self.fail_back, ..settings }
    }

    /// Its keys, as its driver would tell of them.
    pub fn key_facts(&self) -> Option<Control> {
        let current = secret(*self.keys.first()?);
        Some(Control::Keys { current, other: self.keys.get(1).map(|&key| secret(key)) })
    }

    /// Its links, as the kernel would tell of them.
    pub fn link_facts(&self, carrier: impl Fn(Station) -> bool) -> Control {
        let facts = |link| {
            let station = Station::Link { node: self.number, link };
            LinkFacts {
                index: link_index(link),
                name: LinkName::new(format!("eth{link}")),
                hardware: station.hardware(),
                carrier: carrier(station),
                source_v4: Some(Ipv4Addr::new(10, link, (self.number >> 8) as u8, self.number as u8)),
                source_v6: Some(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, link.into(), self.number)),
            }
        };
        Control::Links((0..self.links).map(facts).collect())
    }

    /// Its offers, as its driver would tell of them.
    pub fn offer_facts(&self, at: Duration) -> Control {
        let offer = |(&number, offered): (&u16, &Offered), link| Offer {
            address: address(number),
            link: link_index(link),
            weight: offered.weight,
            fresh: offered.fresh,
        };
        let seen = |(_, offered): &(&u16, &Offered)| offered.seen_from <= at;
        let seen = self.offers.iter().filter(seen);
        Control::Offers(
            seen.flat_map(|this| self.links_to(*this.0).map(move |link| offer(this, link))).collect(),
        )
    }

    /// Whether its speaker runs and does not stand still.
    pub fn awake(&self, at: Duration) -> bool {
        self.speaker.as_ref().is_some_and(|speaker| speaker.frozen_until <= at)
    }

    /// Whether its speaker says that it doubts itself on a link: it answers nothing until it knows what happened meanwhile.
    pub fn doubts(&self, link: u8) -> bool {
        self.speaker.as_ref().is_some_and(|speaker| speaker.doubting.contains(&link))
    }

    /// Whether its machine names a target for an address at `at`.
    pub fn proposes(&self, address: IpAddr, at: Duration) -> bool {
        let Some(speaker) = &self.speaker else { return false };
        let snapshot = speaker.hot.snapshot(speaker.clock.local(at));
        let addresses = snapshot.links.iter().flat_map(|link| &link.addresses);
        addresses
            .filter(|known| known.address == address)
            .any(|known| known.claim.is_some_and(|claim| claim.target.is_some()))
    }

    /// Since when it says it answers for an address.
    pub fn owns(&self, address: IpAddr) -> Option<Duration> {
        self.owns_on(address).map(|(_, since)| since)
    }

    /// On which link it says it answers for an address, and since when.
    pub fn owns_on(&self, address: IpAddr) -> Option<(u8, Duration)> {
        let owns = &self.speaker.as_ref()?.owns;
        let mut links = self.links_to(address_number(address));
        links.find_map(|link| owns.get(&(address, link)).map(|since| (link, *since)))
    }

    /// Its links on the segment of an address.
    pub fn links_to(&self, number: u16) -> impl Iterator<Item = u8> + use<> {
        let (segment, segments) = (segment_of(number, self.segments), self.segments);
        (0..self.links).filter(move |link| link % segments == segment)
    }
}

/// The segment on which an address is served, and so the lowest link of each node to it.
pub fn segment_of(address: u16, segments: u8) -> u8 {
    u8::try_from(address % u16::from(segments.max(1))).unwrap_or(0)
}

impl Speaker {
    /// Everything that its machine knows.
    pub fn snapshot(&self, at: Duration) -> Snapshot {
        self.hot.snapshot(self.clock.local(at))
    }

    /// A frame arrives; it is read at the next turn.
    pub fn arrive(&mut self, link: u8, frame: Arc<[u8]>, at: Duration) {
        if self.queue.len() < QUEUE {
            let received = self.clock.local(at);
            self.queue.push_back(Arrived { link: link_index(link), frame, received });
        }
    }

    /// The driver has something to say; it is heard at the next turn.
    pub fn tell(&mut self, control: Control) {
        self.controls.push_back(control);
    }

    /// One turn of the packet thread.
    pub fn turn(&mut self, at: Duration) -> Turn {
        let now = self.clock.local(at);
        if self.woke < self.frozen_until {
            self.woke = at;
        }
        for arrived in self.plant.reorder(self.queue.drain(..).collect()) {
            if self.plant.lets_in(&arrived.frame, !self.owns.is_empty()) {
                self.hot.handle_frame(arrived.link, &arrived.frame, arrived.received, now);
            }
        }
        for control in self.controls.drain(..) {
            if self.plant.obeys(&control) {
                self.hot.handle_control(control, now);
            }
        }
        self.hot.handle_timeout(now);
        self.finish(at)
    }

    fn finish(&mut self, at: Duration) -> Turn {
        let mut turn = Turn::default();
        while let Some(transmit) = self.hot.poll_transmit() {
            turn.sent.push((link_number(transmit.link), transmit.frame.to_vec()));
        }
        while let Some(report) = self.hot.poll_report() {
            self.believe(&report, at);
            turn.reports.push(report);
        }
        turn.sent = self.plant.lets_out(turn.sent, !self.owns.is_empty(), at);
        self.wake = self.hot.poll_timeout().map(|due| self.clock.global(due));
        turn
    }

    fn believe(&mut self, report: &Report, at: Duration) {
        match report {
            Report::Took { address, link, .. } => {
                self.owns.insert((*address, link_number(*link)), at);
            }
            Report::Dropped { address, link, .. } => {
                self.owns.remove(&(*address, link_number(*link)));
            }
            Report::Doubt { link, doubting: true, .. } => {
                self.doubting.insert(link_number(*link));
            }
            Report::Doubt { link, doubting: false, .. } => {
                self.doubting.remove(&link_number(*link));
            }
            Report::Peer { .. } | Report::Conflict { .. } | Report::Twins { .. } | Report::Left => {}
        }
    }
}
