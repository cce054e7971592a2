//! What is true: who is plugged in, who runs, who offers, who says what it answers for, and when each was last disturbed.
//!
//! The oracles read it. The nodes never do.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use patina::addr::HardwareAddr;

use crate::history::{Profiles, Setup};
use crate::host::Host;
use crate::lan::{Lan, Station};
use crate::node::{Node, address, segment_of};

/// Times of a profile (protocol.md section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// From beat to beat.
    pub beat: Duration,
    /// Silence of a peer that ends its claims.
    pub dead: Duration,
    /// What each further place in line waits.
    pub skew: Duration,
}

impl Times {
    const FAST: Self = Self::of(50, 3 * 50 + 15, 15);
    const DEFAULT: Self = Self::of(100, 3 * 100 + 25, 20);
    const CALM: Self = Self::of(500, 4 * 500 + 50, 50);

    const fn of(beat: u64, dead: u64, skew: u64) -> Self {
        let (beat, dead) = (Duration::from_millis(beat), Duration::from_millis(dead));
        Self { beat, dead, skew: Duration::from_millis(skew) }
    }

    /// The fastest times among the nodes.
    pub fn fastest(setup: &Setup) -> Self {
        match setup.profiles {
            Profiles::Fast => Self::FAST,
            Profiles::Default | Profiles::Mixed => Self::DEFAULT,
            Profiles::Calm => Self::CALM,
        }
    }

    /// The slowest times among the nodes; a clock that runs slow makes them longer still.
    pub fn slowest(setup: &Setup) -> Self {
        let times = match setup.profiles {
            Profiles::Fast => Self::FAST,
            Profiles::Default => Self::DEFAULT,
            Profiles::Calm | Profiles::Mixed => Self::CALM,
        };
        let (num, den) = if setup.drifting { (10, 9) } else { (1, 1) };
        let slow = |span: Duration| span * num / den;
        Self { beat: slow(times.beat), dead: slow(times.dead), skew: slow(times.skew) }
    }
}

/// When something last happened that an oracle has to forgive.
#[derive(Debug, Default)]
pub struct Disturbed {
    /// To a node: it started, woke, lost or gained somebody it hears, offers something else.
    pub node: BTreeMap<u16, Duration>,
    /// To everybody: the wires got worse or better.
    pub weather: Duration,
    /// A speaker went away, by whatever means.
    pub removal: Duration,
    /// Something was cut or joined.
    pub wiring: Duration,
}

/// What is true.
#[derive(Debug)]
pub struct World {
    /// How the cluster was made.
    pub setup: Setup,
    /// The slowest times among its nodes.
    pub times: Times,
    /// The fastest.
    pub fastest: Times,
    /// The segments.
    pub lan: Lan,
    /// The nodes, by number.
    pub nodes: Vec<Node>,
    /// The clients.
    pub hosts: Vec<Host>,
    /// Numbers of the addresses that some Service has.
    pub services: BTreeSet<u16>,
    /// What the API server names.
    pub named: BTreeSet<u16>,
    /// When what was disturbed.
    pub disturbed: Disturbed,
    /// The address that a stranger uses now.
    pub usurped: Option<u16>,
    /// Whether a liar with the right key speaks.
    pub liar: bool,
    /// Addresses that a stranger has used: nodes keep away from them for minutes (quarantine).
    pub contested: BTreeSet<u16>,
}

impl World {
    /// The station of a node on the segment of an address: where it answers, or the first that could.
    pub fn station(&self, node: u16, number: u16) -> Station {
        let this = &self.nodes[usize::from(node)];
        let owned = this.owns_on(address(number)).map(|(link, _)| link);
        let carries = |link: &u8| self.lan.carrier(Station::Link { node, link: *link });
        let link = owned.or_else(|| this.links_to(number).find(carries));
        Station::Link { node, link: link.unwrap_or_else(|| segment_of(number, self.setup.segments())) }
    }

    /// Whether two nodes hear each other on the segment of an address.
    pub fn mutual(&self, a: u16, b: u16, number: u16, at: Duration) -> bool {
        self.hears(a, b, number, at) && self.hears(b, a, number, at)
    }

    /// Whether `a` hears `b` there.
    pub fn hears(&self, a: u16, b: u16, number: u16, at: Duration) -> bool {
        self.lan.passes(self.station(b, number), self.station(a, number), at)
    }

    /// The nodes that say they answer for an address, and can: they run, and their link has a carrier.
    pub fn answerers(&self, number: u16) -> Vec<u16> {
        let external = address(number);
        let answers = |node: &u16| {
            let speaker = self.nodes[usize::from(*node)].owns(external);
            speaker.is_some() && self.lan.carrier(self.station(*node, number))
        };
        (0..self.setup.nodes).filter(answers).collect()
    }

    /// The answerers that do not stand still.
    pub fn awake_answerers(&self, number: u16, at: Duration) -> Vec<u16> {
        let mut answerers = self.answerers(number);
        answerers.retain(|&node| self.nodes[usize::from(node)].awake(at));
        answerers
    }

    /// The awake answerers that can be asked: they hear anything at all, and do not doubt themselves.
    pub fn sure_answerers(&self, number: u16, at: Duration) -> Vec<u16> {
        let mut answerers = self.awake_answerers(number, at);
        let owns_on = |node: u16| self.nodes[usize::from(node)].owns_on(address(number));
        let doubts =
            |node: u16| owns_on(node).is_some_and(|(link, _)| self.nodes[usize::from(node)].doubts(link));
        answerers.retain(|&node| !doubts(node) && self.hears_anything(node, number, at));
        answerers
    }

    /// The only node that answers for an address, if there is exactly one.
    pub fn owner(&self, number: u16) -> Option<u16> {
        match self.answerers(number)[..] {
            [owner] => Some(owner),
            _ => None,
        }
    }

    /// The node with this hardware address.
    pub fn node_of(&self, hardware: HardwareAddr) -> Option<u16> {
        let links = 0..self.setup.links;
        let has =
            |node: &u16| links.clone().any(|link| Station::Link { node: *node, link }.hardware() == hardware);
        (0..self.setup.nodes).find(has)
    }

    /// Whether what a node is part of is whole: all speakers with which it is joined, directly or through others, hear
    /// each other.
    pub fn clean(&self, node: u16, number: u16, at: Duration) -> bool {
        let joined = |a: u16, b: u16| self.hears(a, b, number, at) || self.hears(b, a, number, at);
        let running: Vec<_> = (0..self.setup.nodes).filter(|&other| self.running(other)).collect();
        let mut part = vec![node];
        let mut next = 0;
        while let Some(&one) = part.get(next) {
            next += 1;
            let more: Vec<_> =
                running.iter().filter(|&&b| !part.contains(&b) && joined(one, b)).copied().collect();
            part.extend(more);
        }
        let whole = |a: u16, b: u16| a == b || (self.hears(a, b, number, at) && self.same_key(a, b));
        part.iter().all(|&a| part.iter().all(|&b| whole(a, b)))
    }

    /// Whether two nodes can open what the other seals.
    pub fn same_key(&self, a: u16, b: u16) -> bool {
        let keys = |node: u16| &self.nodes[usize::from(node)].keys;
        let opens = |a: u16, b: u16| keys(b).first().is_some_and(|key| keys(a).contains(key));
        opens(a, b) && opens(b, a)
    }

    /// Whether a stranger uses or has used the address, or a liar claims all of them.
    pub fn contested(&self, number: u16) -> bool {
        self.liar || self.contested.contains(&number)
    }

    /// Whether a node hears any station that speaks: a client, or a speaker that is awake.
    pub fn hears_anything(&self, node: u16, number: u16, at: Duration) -> bool {
        let station = self.station(node, number);
        let speaks = |other: &Station| match *other {
            Station::Link { node, .. } => self.nodes[usize::from(node)].awake(at),
            Station::Host(_) => true,
            Station::Stranger(_) => false,
        };
        self.lan.stations().filter(speaks).any(|other| self.lan.passes(other, station, at))
    }

    /// The other speakers that are awake and that a node hears.
    pub fn company(&self, node: u16, number: u16, at: Duration) -> impl Iterator<Item = u16> {
        (0..self.setup.nodes).filter(move |&other| {
            other != node && self.nodes[usize::from(other)].awake(at) && self.hears(node, other, number, at)
        })
    }

    /// When a speaker was last started.
    pub fn latest_start(&self) -> Duration {
        let speakers = self.nodes.iter().filter_map(|node| node.speaker.as_ref());
        speakers.map(|speaker| speaker.started).max().unwrap_or_default()
    }

    /// Whether a node's speaker runs, frozen or not.
    pub fn running(&self, node: u16) -> bool {
        self.nodes[usize::from(node)].speaker.is_some()
    }

    /// Since when nothing has disturbed a node.
    pub fn quiet_since(&self, node: u16) -> Duration {
        let own = self.disturbed.node.get(&node).copied().unwrap_or_default();
        own.max(self.disturbed.weather)
    }

    /// The hosts on the segment of an address.
    pub fn hosts_of(&self, number: u16) -> impl Iterator<Item = &Host> {
        let segment = Some(segment_of(number, self.setup.segments()));
        self.hosts.iter().filter(move |host| self.lan.segment(host.station()) == segment)
    }

    /// The external addresses served on a segment.
    pub fn addresses_on(&self, segment: u8) -> Vec<IpAddr> {
        let here =
            self.services.iter().filter(|&&number| segment_of(number, self.setup.segments()) == segment);
        here.map(|&number| address(number)).collect()
    }
}
