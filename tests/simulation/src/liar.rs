//! A liar with the right key: a station whose beats are sealed well and true in nothing.
//!
//! It claims every address with a key that beats all others, says that it hears every node just now, dead ones too, and
//! that it remembers later incarnations of them. It answers nobody.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use patina::membership::beat::{Beat, Heard, Part, Said};
use patina::membership::codec::encode;
use patina::membership::list::Published;
use patina::membership::member::{ClusterId, Incarnation, NodeId, Sequence, State, Version};
use patina::membership::offers::{Claim, Epoch, Weight};
use patina::membership::seal::Keyring;
use patina::name::NodeName;
use patina::wire::ipv4udp::Datagram;

use crate::lan::Station;
use crate::node::name;

/// Where it is plugged in.
pub const LIAR: Station = Station::Stranger(2);
/// How often it speaks.
pub const INTERVAL: Duration = Duration::from_millis(100);
/// Later than any incarnation that a wall clock gives.
const LATER: Incarnation = Incarnation(4_000_000_000);

/// What it says at `at` of these addresses and these nodes, as a frame.
pub fn speak(secret: &[u8], addresses: &[IpAddr], nodes: &[(u16, Station)], at: Duration) -> Vec<u8> {
    let claims = claims(addresses);
    let mut datagram = encode(&beat(&claims, nodes, at));
    Keyring::new(secret, None).seal(&mut datagram);
    let mut frame = Vec::new();
    Datagram { source: Ipv4Addr::new(10, 0, 255, 1), payload: &datagram }.write(LIAR.hardware(), &mut frame);
    frame
}

fn claims(addresses: &[IpAddr]) -> Published<Claim> {
    let mut claims = Published::new();
    let greatest = Claim {
        epoch: Epoch(u32::MAX),
        confirmed: true,
        weight: Weight(u32::MAX),
        line: [None, None],
        target: None,
    };
    addresses.iter().for_each(|&address| claims.set(address, greatest));
    claims
}

fn beat(claims: &Published<Claim>, nodes: &[(u16, Station)], at: Duration) -> Beat {
    let me = NodeName::from("liar");
    Beat {
        cluster: ClusterId::default(),
        id: NodeId::of(&me, LIAR.hardware()),
        name: me.to_string(),
        hardware: LIAR.hardware(),
        incarnation: LATER,
        sequence: Sequence(u64::try_from(at.as_millis()).unwrap_or(u64::MAX)),
        said: Said {
            state: State::Active,
            ready: false,
            receiving: true,
            interval: INTERVAL,
            patience: Duration::from_secs(60),
            lateness: Duration::ZERO,
        },
        sent: at,
        offers: Published::<Weight>::new().stamp(),
        claims: claims.stamp(),
        heard: nodes.iter().map(vouch).collect(),
        wants: Vec::new(),
        gone: Vec::new(),
        parts: claims.slices(Version(0)).into_iter().map(Part::Claims).collect(),
    }
}

fn vouch((node, station): &(u16, Station)) -> Heard {
    Heard {
        id: NodeId::of(&name(*node), station.hardware()),
        asked: false,
        age: Duration::ZERO,
        incarnation: LATER,
        sequence: Sequence(u64::MAX),
        claims: Version(u32::MAX),
    }
}
