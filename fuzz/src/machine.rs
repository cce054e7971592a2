//! The packet thread's machine, told anything at any time.
//!
//! The first byte of a step says what happens, the bytes after it say with what. Two machines with one key stand on one
//! link: what the first sends, the second hears, so that beats with the right seal get in, too.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use patina::addr::HardwareAddr;
use patina::hot::{Control, Hot, LinkFacts, NodeFacts, Offer, Settings};
use patina::name::LinkIndex;
use patina::time::Instant;
use patina::wire;
use patina::wire::ipv4udp::Datagram;

const LINK: LinkIndex = LinkIndex(2);
const KEY: &[u8] = b"a key that both know";
/// Steps of one input; more show nothing that fewer do not.
const STEPS: usize = 300;
/// Turns in a row in which a machine may still find something due.
const TURNS: usize = 1000;
const HARDWARE: [HardwareAddr; 2] = [HardwareAddr([2, 0, 0, 0, 0, 1]), HardwareAddr([2, 0, 0, 0, 0, 2])];

/// Plays the bytes as steps.
pub fn machine_ops(bytes: &[u8]) {
    let mut pair = Pair::new();
    let mut rest = Bytes(bytes);
    for _ in 0..STEPS {
        let Some(step) = rest.byte() else { break };
        pair.step(step, &mut rest);
        pair.turn();
    }
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

struct Pair {
    now: Instant,
    machines: [Hot; 2],
    last: Vec<u8>,
}

impl Pair {
    fn new() -> Self {
        let now = Instant::from_nanos(1_000_000_000);
        let machine =
            |name: &str, seed| Hot::new(Settings::new(name.into(), 1, Some(KEY.to_vec()), seed), now);
        let mut pair = Self { now, machines: [machine("a", 1), machine("b", 2)], last: Vec::new() };
        for number in 0..2 {
            pair.links(number, true);
        }
        pair
    }

    fn step(&mut self, step: u8, rest: &mut Bytes<'_>) {
        let number = usize::from(step >> 7);
        match step & 7 {
            0 => self.wait(rest),
            1 => self.hear(number, rest),
            2 => self.hear_damaged(number, rest),
            3 => self.hear_payload(number, rest),
            4 => self.links(number, step & 8 == 0),
            5 => self.offer(number, rest.byte().unwrap_or_default()),
            6 => self.nodes(number, step & 8 == 0),
            _ => self.word(number, rest.byte().unwrap_or_default()),
        }
    }

    fn wait(&mut self, rest: &mut Bytes<'_>) {
        let millis = u64::from(rest.byte().unwrap_or_default()) * u64::from(rest.byte().unwrap_or(1));
        self.now += Duration::from_millis(millis);
    }

    fn hear(&mut self, number: usize, rest: &mut Bytes<'_>) {
        let length = usize::from(rest.byte().unwrap_or_default());
        self.deliver(number, rest.take(length));
    }

    /// The last frame on the wire with one byte changed, or as it was: a replay.
    fn hear_damaged(&mut self, number: usize, rest: &mut Bytes<'_>) {
        let mut frame = self.last.clone();
        let (at, value) = (rest.byte().unwrap_or_default(), rest.byte().unwrap_or_default());
        if let Some(byte) = frame.get_mut(usize::from(at)) {
            *byte ^= value;
        }
        self.deliver(number, &frame);
    }

    /// A sound datagram around any payload.
    fn hear_payload(&mut self, number: usize, rest: &mut Bytes<'_>) {
        let length = usize::from(rest.byte().unwrap_or_default());
        let mut frame = Vec::new();
        Datagram { source: Ipv4Addr::UNSPECIFIED, payload: rest.take(length) }
            .write(HARDWARE[1 - number], &mut frame);
        self.deliver(number, &frame);
    }

    fn links(&mut self, number: usize, carrier: bool) {
        let facts = LinkFacts {
            index: LINK,
            name: "eth0".into(),
            hardware: HARDWARE[number],
            carrier,
            source_v4: Some(Ipv4Addr::new(192, 0, 2, 1)),
            source_v6: None,
        };
        self.tell(number, Control::Links([facts].into()));
    }

    /// The eight bits say which of eight addresses are offered.
    fn offer(&mut self, number: usize, bits: u8) {
        let wanted = (0..8).filter(|bit| bits & 1 << bit != 0);
        let offers = wanted.map(|bit| Offer {
            address: address(bit),
            link: LINK,
            weight: u32::from(bit) % 3,
            fresh: bit % 2 == 0,
        });
        self.tell(number, Control::Offers(offers.collect()));
    }

    fn nodes(&mut self, number: usize, ready: bool) {
        let nodes: BTreeMap<_, _> = ["a", "b"].map(|name| (name.into(), NodeFacts { ready })).into();
        self.tell(number, Control::Nodes(nodes));
    }

    fn word(&mut self, number: usize, which: u8) {
        let control = match which {
            0 => Control::Leave,
            1 => Control::Keys { current: KEY.to_vec(), other: Some(b"the next".to_vec()) },
            _ => Control::Move { address: address(which % 8), to: None },
        };
        self.tell(number, control);
    }

    fn tell(&mut self, number: usize, control: Control) {
        self.machines[number].handle_control(control, self.now);
    }

    fn deliver(&mut self, number: usize, frame: &[u8]) {
        self.machines[number].handle_frame(LINK, frame, self.now, self.now);
    }

    /// Both machines do what is due; what one sends, the other hears.
    fn turn(&mut self) {
        for number in 0..2 {
            self.machines[number].handle_timeout(self.now);
            for frame in self.settle(number) {
                self.deliver(1 - number, &frame);
                self.last = frame;
            }
        }
    }

    /// # Panics
    /// If the machine finds something due for ever, or sends what nobody understands.
    fn settle(&mut self, number: usize) -> Vec<Vec<u8>> {
        let machine = &mut self.machines[number];
        let mut sent = Vec::new();
        for _ in 0..TURNS {
            while let Some(transmit) = machine.poll_transmit() {
                assert!(wire::read(transmit.frame).is_ok(), "what it sends is understood");
                sent.push(transmit.frame.to_vec());
            }
            while machine.poll_report().is_some() {}
            if machine.poll_timeout().is_none_or(|due| due > self.now) {
                return sent;
            }
            machine.handle_timeout(self.now);
        }
        panic!("something stays due at {}", self.now);
    }
}

/// Four addresses of each family.
fn address(bit: u8) -> IpAddr {
    if bit < 4 {
        return Ipv4Addr::new(192, 0, 2, 100 + bit).into();
    }
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(bit)).into()
}
