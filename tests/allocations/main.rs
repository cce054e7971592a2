//! The packet thread's machine allocates nothing while nothing changes, whatever is asked of it.
//!
//! Three machines on a perfect segment under one virtual clock, with an allocator that counts. What the test itself
//! needs, it has from the warm-up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use patina::addr::HardwareAddr;
use patina::hot::{Control, Hot, LinkFacts, Offer, Settings};
use patina::name::LinkIndex;
use patina::time::Instant;
use patina::wire::arp::Arp;
use patina::wire::ndp::{Solicitation, solicited_node};
use patina::wire::{Frame, Spool};

const LINK: LinkIndex = LinkIndex(2);
const CLIENT: HardwareAddr = HardwareAddr([2, 0, 0, 0, 1, 1]);
const CLIENT_V4: Ipv4Addr = Ipv4Addr::new(10, 0, 255, 1);
const CLIENT_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 1, 1);
const STEP: Duration = Duration::from_millis(1);
const ADDRESSES: u16 = 500;

struct Segment {
    now: Instant,
    machines: [Hot; 3],
    /// Frames under way, with their sender.
    wire: Spool<usize>,
    questions: Vec<Frame>,
    asked: usize,
}

impl Segment {
    /// Three nodes that offer so many addresses of each family.
    fn new() -> Self {
        let now = Instant::ZERO + Duration::from_secs(1000);
        let machines = [1, 2, 3].map(|number| machine(number, now));
        Self { now, machines, wire: Spool::default(), questions: questions(), asked: 0 }
    }

    /// Beats and, once a millisecond, a question, each of which reaches every machine.
    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.now += STEP;
            self.ask();
            self.turn();
        }
    }

    fn ask(&mut self) {
        let question = &self.questions[self.asked % self.questions.len()];
        self.asked += 1;
        for machine in &mut self.machines {
            machine.handle_frame(LINK, question, self.now, self.now);
        }
    }

    fn turn(&mut self) {
        for (number, machine) in self.machines.iter_mut().enumerate() {
            machine.handle_timeout(self.now);
            while let Some(transmit) = machine.poll_transmit() {
                self.wire.push(number, |bytes| bytes.extend_from_slice(transmit.frame));
            }
            while machine.poll_report().is_some() {}
        }
        while let Some((sender, frame)) = self.wire.pop() {
            let others = self.machines.iter_mut().enumerate().filter(|(number, _)| *number != sender);
            others.for_each(|(_, machine)| machine.handle_frame(LINK, frame, self.now, self.now));
        }
    }

    fn counted(&self, count: impl Fn(&Hot) -> u64) -> u64 {
        self.machines.iter().map(count).sum()
    }
}

fn machine(number: u8, now: Instant) -> Hot {
    let name = format!("node-{number}");
    let settings = Settings::new(name.as_str().into(), 1, Some(b"key".to_vec()), number.into());
    let mut machine = Hot::new(settings, now);
    let facts = LinkFacts {
        index: LINK,
        name: "eth0".into(),
        hardware: HardwareAddr([2, 0, 0, 0, 0, number]),
        carrier: true,
        source_v4: Some(Ipv4Addr::new(10, 0, 254, number)),
        source_v6: Some(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number.into())),
    };
    machine.handle_control(Control::Links(vec![facts]), now);
    let offer = |address: IpAddr| Offer { address, link: LINK, weight: 0, fresh: false };
    let both = (0..ADDRESSES).flat_map(|n| [offer(v4(n).into()), offer(v6(n).into())]);
    machine.handle_control(Control::Offers(both.collect()), now);
    machine
}

fn v4(number: u16) -> Ipv4Addr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(10, 0, high, low)
}

fn v6(number: u16) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number)
}

/// Requests and solicitations to all and to one, probes, for addresses that somebody holds and that nobody holds.
fn questions() -> Vec<Frame> {
    (0..ADDRESSES * 2)
        .flat_map(|number| {
            let ask = Arp::request(CLIENT, CLIENT_V4, v4(number));
            let solicit = Solicitation {
                source: CLIENT_V6,
                destination: solicited_node(v6(number)),
                target: v6(number),
                source_hardware: Some(CLIENT),
            };
            let group = HardwareAddr::multicast_v6(solicit.destination);
            [
                ask.broadcast(),
                ask.frame(HardwareAddr([2, 0, 0, 0, 0, 1])),
                Arp::probe(CLIENT, v4(number)).broadcast(),
                solicit.frame(CLIENT, group),
                Solicitation::probe(v6(number)).frame(CLIENT, group),
            ]
        })
        .collect()
}

fn allocations(act: impl FnOnce()) -> u64 {
    allocation_counter::measure(act).count_total
}

#[test]
fn beats_and_answers_allocate_nothing() {
    let mut segment = Segment::new();
    segment.run(Duration::from_secs(20));
    let before =
        [|hot: &Hot| hot.counters().beats, |hot: &Hot| hot.counters().answers + hot.counters().defences]
            .map(|count| segment.counted(count));
    assert_eq!(allocations(|| segment.run(Duration::from_secs(10))), 0);
    let beats = segment.counted(|hot| hot.counters().beats) - before[0];
    let answers = segment.counted(|hot| hot.counters().answers + hot.counters().defences) - before[1];
    assert!(beats >= 290 && answers >= 4_900, "{beats} beats, {answers} answers");
}

#[test]
fn the_refresh_allocates_nothing() {
    let mut segment = Segment::new();
    segment.run(Duration::from_secs(150));
    let before = segment.counted(|hot| hot.counters().gratuitous);
    assert_eq!(allocations(|| segment.run(Duration::from_secs(60))), 0);
    let refreshed = segment.counted(|hot| hot.counters().gratuitous) - before;
    assert!(refreshed >= 300, "{refreshed} frames");
}

/// The count itself: a machine that is told something new does allocate.
#[test]
fn a_new_offer_is_counted() {
    let mut segment = Segment::new();
    segment.run(Duration::from_secs(2));
    let offer = Offer { address: v4(9_999).into(), link: LINK, weight: 0, fresh: false };
    let now = segment.now;
    assert_ne!(allocations(|| segment.machines[0].handle_control(Control::Offers(vec![offer]), now)), 0);
}
