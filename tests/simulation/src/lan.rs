//! The segment: who is plugged in, what passes between whom, how late, how often.
//!
//! ```text
//!   station ──port──┐                    ┌──port── station
//!           carrier │   switch: cuts,    │ carrier
//!           silent  ├── delay, loss, ────┤ silent (spanning tree)
//!   station ──port──┘   repetition       └──port── station
//! ```
//!
//! Frames go where their destination says: to all for a group address, to one for a hardware address. Cuts are
//! directed, so that one-way faults are as easy as whole ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use patina::addr::HardwareAddr;

use crate::random::{Purpose, Stream};

/// Shortest and longest way through a switch.
const DELAY: (Duration, Duration) = (Duration::from_micros(50), Duration::from_micros(500));
/// How much later a late frame comes.
pub const LATENESS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(400));
/// How long a burst of losses lasts between two stations.
const BURST: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(150));

/// Something that is plugged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Station {
    /// A link of a node.
    Link {
        /// The node's number.
        node: u16,
        /// The link's number within the node; it is also the number of its segment.
        link: u8,
    },
    /// A client.
    Host(u16),
    /// A station that is neither.
    Stranger(u16),
}

impl Station {
    fn number(self) -> u64 {
        match self {
            Self::Link { node, link } => u64::from(node) << 8 | u64::from(link),
            Self::Host(host) => 1 << 32 | u64::from(host),
            Self::Stranger(stranger) => 2 << 32 | u64::from(stranger),
        }
    }

    /// The station's own hardware address.
    pub fn hardware(self) -> HardwareAddr {
        let [.., a, b, c, d, e] = self.number().to_be_bytes();
        HardwareAddr([2, a, b, c, d, e])
    }
}

impl fmt::Display for Station {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link { node, link } => write!(f, "n{node}/{link}"),
            Self::Host(host) => write!(f, "h{host}"),
            Self::Stranger(stranger) => write!(f, "s{stranger}"),
        }
    }
}

/// Where a station is plugged in.
#[derive(Clone, Debug)]
struct Port {
    segment: u8,
    carrier: bool,
    silent_until: Duration,
}

/// What the wires do to frames, in thousandths of all frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// Lost, each on its own.
    pub loss: u16,
    /// Begins a burst of losses between its two stations.
    pub bursts: u16,
    /// Comes late, and so out of order.
    pub late: u16,
    /// Comes twice.
    pub twice: u16,
}

/// What has passed between two stations so far.
#[derive(Debug)]
struct Path {
    stream: Stream,
    lost_until: Duration,
    /// When the latest frame in order arrives: switches keep the order of what one station sends another.
    ordered: Duration,
}

/// The segments of a history.
#[derive(Debug)]
pub struct Lan {
    seed: u64,
    ports: BTreeMap<Station, Port>,
    cuts: BTreeSet<(Station, Station)>,
    /// What was cut until the last heal.
    healed: BTreeSet<(Station, Station)>,
    paths: BTreeMap<(Station, Station), Path>,
    down_until: Duration,
    /// What the wires do now.
    pub weather: Weather,
}

impl Lan {
    /// Segments without stations.
    pub fn new(seed: u64) -> Self {
        let (ports, paths) = (BTreeMap::new(), BTreeMap::new());
        let (cuts, healed) = (BTreeSet::new(), BTreeSet::new());
        Self { seed, ports, cuts, healed, paths, down_until: Duration::ZERO, weather: Weather::default() }
    }

    /// Plugs a station into a segment.
    pub fn plug(&mut self, station: Station, segment: u8) {
        self.ports.insert(station, Port { segment, carrier: true, silent_until: Duration::ZERO });
    }

    /// The station's link gains or loses its carrier.
    pub fn set_carrier(&mut self, station: Station, carrier: bool) {
        if let Some(port) = self.ports.get_mut(&station) {
            port.carrier = carrier;
        }
    }

    /// Whether the station's link has a carrier.
    pub fn carrier(&self, station: Station) -> bool {
        self.ports.get(&station).is_some_and(|port| port.carrier)
    }

    /// The station's port has a carrier and passes nothing until then.
    pub fn silence(&mut self, station: Station, until: Duration) {
        if let Some(port) = self.ports.get_mut(&station) {
            port.silent_until = until;
        }
    }

    /// The whole switch passes nothing until then.
    pub fn fail_until(&mut self, until: Duration) {
        self.down_until = until;
    }

    /// Frames of `from` do not reach `to` any more.
    pub fn cut(&mut self, from: Station, to: Station) {
        self.cuts.insert((from, to));
    }

    /// Joins everything that was cut.
    pub fn heal(&mut self) {
        self.healed = std::mem::take(&mut self.cuts);
    }

    /// Whether one of the two did not reach the other before the last heal.
    pub fn was_cut(&self, a: Station, b: Station) -> bool {
        self.healed.contains(&(a, b)) || self.healed.contains(&(b, a))
    }

    /// Whether nothing is cut.
    pub fn is_whole(&self) -> bool {
        self.cuts.is_empty()
    }

    /// All stations.
    pub fn stations(&self) -> impl Iterator<Item = Station> + '_ {
        self.ports.keys().copied()
    }

    /// The segment of a station.
    pub fn segment(&self, station: Station) -> Option<u8> {
        self.ports.get(&station).map(|port| port.segment)
    }

    /// Whether frames of `from` reach `to` at all, luck aside.
    pub fn passes(&self, from: Station, to: Station, at: Duration) -> bool {
        let (Some(a), Some(b)) = (self.ports.get(&from), self.ports.get(&to)) else { return false };
        self.joins((from, a), (to, b), at)
    }

    fn joins(&self, (from, a): (Station, &Port), (to, b): (Station, &Port), at: Duration) -> bool {
        let open = |port: &Port| port.carrier && port.silent_until <= at;
        from != to
            && a.segment == b.segment
            && self.down_until <= at
            && open(a)
            && open(b)
            && (self.cuts.is_empty() || !self.cuts.contains(&(from, to)))
    }

    /// Who receives a frame that `from` sends now, and when.
    pub fn send(&mut self, from: Station, to: HardwareAddr, at: Duration) -> Vec<(Duration, Station)> {
        let Some(sender) = self.ports.get(&from) else { return Vec::new() };
        let addressed = |station: Station| to.is_group() || station.hardware() == to;
        let reached = |(&station, port): (&Station, &Port)| {
            (addressed(station) && self.joins((from, sender), (station, port), at)).then_some(station)
        };
        let receivers: Vec<_> = self.ports.iter().filter_map(reached).collect();
        let mut arrivals = Vec::with_capacity(receivers.len());
        for receiver in receivers {
            self.carry(from, receiver, at, &mut arrivals);
        }
        arrivals
    }

    fn carry(&mut self, from: Station, to: Station, at: Duration, arrivals: &mut Vec<(Duration, Station)>) {
        let (seed, weather) = (self.seed, self.weather);
        let path = self.paths.entry((from, to)).or_insert_with(|| Path {
            stream: Stream::new(seed, Purpose::Lan, from.number(), to.number()),
            lost_until: Duration::ZERO,
            ordered: Duration::ZERO,
        });
        if path.stream.chance(weather.bursts) {
            path.lost_until = at + path.stream.span(BURST.0, BURST.1);
        }
        if path.lost_until > at || path.stream.chance(weather.loss) {
            return;
        }
        let copies = if path.stream.chance(weather.twice) { 2 } else { 1 };
        for _ in 0..copies {
            let arrival = at + path.stream.span(DELAY.0, DELAY.1);
            if path.stream.chance(weather.late) {
                arrivals.push((arrival + path.stream.span(LATENESS.0, LATENESS.1), to));
            } else {
                path.ordered = path.ordered.max(arrival);
                arrivals.push((path.ordered, to));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Station = Station::Link { node: 0, link: 0 };
    const B: Station = Station::Link { node: 1, link: 0 };
    const HOST: Station = Station::Host(0);

    fn three() -> Lan {
        let mut lan = Lan::new(1);
        for station in [A, B, HOST] {
            lan.plug(station, 0);
        }
        lan
    }

    fn receivers(lan: &mut Lan, to: HardwareAddr, at: u64) -> Vec<Station> {
        lan.send(A, to, Duration::from_secs(at)).into_iter().map(|(_, to)| to).collect()
    }

    #[test]
    fn a_group_reaches_everybody_else_and_a_hardware_address_its_station() {
        let mut lan = three();
        assert_eq!(receivers(&mut lan, HardwareAddr::BROADCAST, 0), [B, HOST]);
        assert_eq!(receivers(&mut lan, HOST.hardware(), 0), [HOST]);
    }

    #[test]
    fn frames_between_two_stations_keep_their_order_unless_some_are_late() {
        let mut lan = three();
        let mut arrivals = |late| {
            lan.weather.late = late;
            let at = |index: u64| Duration::from_micros(index * 10);
            let arrive = |index| lan.send(A, B.hardware(), at(index))[0].0;
            (0..1000).map(arrive).collect::<Vec<_>>().is_sorted()
        };
        assert!(arrivals(0) && !arrivals(100));
    }

    #[test]
    fn a_cut_has_a_direction() {
        let mut lan = three();
        lan.cut(A, B);
        assert!(!lan.passes(A, B, Duration::ZERO) && lan.passes(B, A, Duration::ZERO));
        lan.heal();
        assert!(lan.passes(A, B, Duration::ZERO));
    }

    #[test]
    fn a_silent_port_opens_when_the_tree_has_settled() {
        let mut lan = three();
        lan.silence(B, Duration::from_secs(30));
        assert_eq!(receivers(&mut lan, HardwareAddr::BROADCAST, 29), [HOST]);
        assert_eq!(receivers(&mut lan, HardwareAddr::BROADCAST, 30), [B, HOST]);
    }

    #[test]
    fn a_tenth_of_the_frames_is_lost_when_the_weather_says_so() {
        let mut lan = three();
        lan.weather.loss = 100;
        let arrived: usize = (0..5000).map(|at| receivers(&mut lan, B.hardware(), at).len()).sum();
        assert!((4400..4600).contains(&arrived), "{arrived}");
    }
}
