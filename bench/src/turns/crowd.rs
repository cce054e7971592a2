//! One machine among many peers that all hold something: what their beats cost it, and how many bytes they are.
//!
//! The peers are made of beats alone, as long as the machine's own: each offers everything and claims its share.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::machine::{LINK, OURS, SECRET, address, machine};
use super::spent;
use crate::report::Report;
use patina::addr::HardwareAddr;
use patina::hot::Hot;
use patina::membership::beat::{Beat, Heard, Part, Said};
use patina::membership::codec;
use patina::membership::list::Published;
use patina::membership::member::{ClusterId, Incarnation, NodeId, Sequence, State, Version};
use patina::membership::offers::{Claim, Epoch, Weight};
use patina::membership::seal::Keyring;
use patina::name::NodeName;
use patina::time::Instant;
use patina::wire::ipv4udp::Datagram;
use patina::wire::{self, Message};

const NODES: u32 = 200;
const ADDRESSES: u32 = 10_000;
const BEAT: Duration = Duration::from_millis(100);
const SECONDS: u64 = 20;
/// Of a frame on the wire beside its bytes: preamble, checksum, gap.
const AROUND: usize = 8 + 4 + 12;

struct Peer {
    id: NodeId,
    name: NodeName,
    hardware: HardwareAddr,
    sequence: u64,
    offers: Published<Weight>,
    claims: Published<Claim>,
}

/// Processor time for the peers' lists and for each second of their beats, and what all beats are on the wire.
pub(super) fn measure(report: &mut Report) {
    let mut crowd = Crowd::new(Instant::ZERO + Duration::from_secs(1_000));
    let lists = spent(|| crowd.beats(1, Parts::Lists));
    crowd.beats(100, Parts::None);
    crowd.own = (0, 0);
    let span = spent(|| crowd.beats(SECONDS * 10, Parts::None));
    let writing = spent(|| crowd.write_only(SECONDS * 10));
    let (sent, bytes) = crowd.own;
    let frame = bytes / sent.max(1);
    let core = span.saturating_sub(writing).as_secs_f64() / SECONDS as f64;
    let mbit = |frame: usize| (frame * NODES as usize * 10 * 8) as f64 / 1e6;
    let held = crowd.held();
    let of = format!("{NODES} nodes × {ADDRESSES} addresses, {held} held here");
    let mut say = |what: &str, figure: String| report.say(format!("{of}: {what}"), figure);
    say("the lists of all others", format!("{:.0} ms, once", lists.as_secs_f64() * 1e3));
    say("calm, of one core", format!("{:.2} %", core * 100.0));
    say("for each beat heard", format!("{:.1} µs", core * 1e6 / f64::from((NODES - 1) * 10)));
    say("bytes of a beat, Ethernet header included", frame.to_string());
    say(
        "all beats on the segment",
        format!("{:.2} Mbit/s, {:.2} with preambles, checksums and gaps", mbit(frame), mbit(frame + AROUND)),
    );
}

#[derive(Clone, Copy, PartialEq)]
enum Parts {
    None,
    Lists,
}

struct Crowd {
    machine: Hot,
    now: Instant,
    me: NodeId,
    peers: Vec<Peer>,
    keys: Keyring,
    frames: u64,
    named: usize,
    /// The machine's own calm beats: how many, how many bytes, and the number of the last one.
    own: (usize, usize),
    own_sequence: Sequence,
}

impl Crowd {
    fn new(now: Instant) -> Self {
        Self {
            machine: machine("node-000", ADDRESSES, now),
            now,
            me: NodeId::of(&"node-000".into(), OURS),
            peers: (1..NODES).map(Peer::new).collect(),
            keys: Keyring::new(SECRET, None),
            frames: 0,
            named: 0,
            own: (0, 0),
            own_sequence: Sequence(0),
        }
    }

    fn held(&self) -> usize {
        let snapshot = self.machine.snapshot(self.now);
        snapshot.links[0].addresses.iter().filter(|address| address.role == "owner").count()
    }

    /// Every peer beats so many times, each at its own moment, and the machine takes a turn for each.
    fn beats(&mut self, rounds: u64, parts: Parts) {
        for _ in 0..rounds {
            for index in 0..self.peers.len() {
                self.now += BEAT / NODES;
                let frame = self.frame(index, parts);
                self.machine.handle_frame(LINK, &frame, self.now, self.now);
                self.frames += 1;
                self.turn();
            }
        }
    }

    /// What writing the peers' beats costs, which is no cost of the machine.
    fn write_only(&mut self, rounds: u64) {
        for _ in 0..rounds {
            for index in 0..self.peers.len() {
                std::hint::black_box(self.frame(index, Parts::None));
            }
        }
    }

    fn turn(&mut self) {
        self.machine.handle_timeout(self.now);
        while let Some(transmit) = self.machine.poll_transmit() {
            if let Ok(wire::Received { message: Message::Datagram(datagram), .. }) =
                wire::read(transmit.frame)
                && let Ok(beat) = codec::decode(&datagram.payload[..datagram.payload.len() - 16])
            {
                self.own = (self.own.0 + 1, self.own.1 + transmit.frame.len());
                (self.named, self.own_sequence) = (beat.heard.len(), beat.sequence);
            }
        }
        while self.machine.poll_report().is_some() {}
        std::hint::black_box(self.machine.poll_timeout());
    }

    fn frame(&mut self, index: usize, parts: Parts) -> Vec<u8> {
        let heard = self.heard(index);
        let peer = &mut self.peers[index];
        let beat = peer.beat(heard, parts, self.now);
        let mut datagram = codec::encode(&beat);
        self.keys.seal(&mut datagram);
        let mut frame = Vec::new();
        Datagram { source: Ipv4Addr::new(10, 255, 0, 2), payload: &datagram }
            .write(peer.hardware, &mut frame);
        frame
    }

    /// The machine itself now and then, and others in rotation: as many as it names itself.
    fn heard(&self, index: usize) -> Vec<Heard> {
        let mine = Heard {
            id: self.me,
            asked: false,
            age: Duration::from_millis(50),
            incarnation: Incarnation(1),
            sequence: self.own_sequence,
            claims: Version(1),
        };
        let turn = self.peers[index].sequence as usize;
        let others = (0..self.named.max(1)).map(|n| {
            let other = &self.peers[(turn * self.named.max(1) + n) % self.peers.len()];
            Heard { id: other.id, sequence: Sequence(other.sequence.saturating_sub(1)), ..mine }
        });
        let mut heard: Vec<Heard> = others.collect();
        if turn < 5 || turn.is_multiple_of(50) {
            heard[0] = mine;
        }
        heard
    }
}

impl Peer {
    fn new(number: u32) -> Self {
        let name = NodeName::new(format!("node-{number:03}"));
        let [.., high, low] = number.to_be_bytes();
        let hardware = HardwareAddr([2, 0, 0, 0, 1 + high, low]);
        let (mut offers, mut claims) = (Published::new(), Published::new());
        for n in 0..ADDRESSES {
            offers.set(IpAddr::from(address(n)), Weight(0));
            if n % NODES == number {
                let claim = Claim { epoch: Epoch(1), confirmed: true, ..Claim::default() };
                claims.set(IpAddr::from(address(n)), claim);
            }
        }
        Self { id: NodeId::of(&name, hardware), name, hardware, sequence: 0, offers, claims }
    }

    fn beat(&mut self, heard: Vec<Heard>, parts: Parts, now: Instant) -> Beat {
        self.sequence += 1;
        let lists = match parts {
            Parts::None => Vec::new(),
            Parts::Lists => {
                let offers = self.offers.slices(Version(0)).into_iter().map(Part::Offers);
                offers.chain(self.claims.slices(Version(0)).into_iter().map(Part::Claims)).collect()
            }
        };
        Beat {
            cluster: ClusterId(0),
            id: self.id,
            name: self.name.to_string(),
            hardware: self.hardware,
            incarnation: Incarnation(1),
            sequence: Sequence(self.sequence),
            said: Said {
                state: State::Active,
                ready: false,
                receiving: true,
                interval: BEAT,
                patience: Duration::from_millis(325),
                lateness: Duration::ZERO,
            },
            sent: now.since(Instant::ZERO),
            offers: self.offers.stamp(),
            claims: self.claims.stamp(),
            heard,
            wants: Vec::new(),
            gone: Vec::new(),
            parts: lists,
        }
    }
}
