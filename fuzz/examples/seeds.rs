//! Writes the committed corpora anew: every form of frame that is sent, whole and cut, and inputs made by hand.
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --example seeds`

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::Duration;

use patina::addr::HardwareAddr;
use patina::hot::{Control, Hot, LinkFacts, Offer, Settings};
use patina::name::LinkIndex;
use patina::time::Instant;
use patina::wire::arp::Arp;
use patina::wire::ipv4udp::Datagram;
use patina::wire::ndp::{Advertisement, Solicitation, solicited_node};
use patina::wire::{self, Message, Received};

const OURS: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 1]);
const THEIRS: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 2]);
const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 77);
const VIP6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x10);
const CLIENT6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x77);
const CUTS: [usize; 4] = [13, 30, 41, 60];
const OPTION_LENGTH_AT: usize = 79;

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    write_frames(&corpus.join("arp"), &arp())?;
    write_frames(&corpus.join("ndp"), &ndp())?;
    write_frames(&corpus.join("datagram"), &[("beat", beat())])?;
    write_odd_options(&corpus.join("ndp"))?;
    let [sound, offering] = [&[][..], &addresses()].map(sound_beat);
    write_all(&corpus.join("datagram"), &[("sound-beat", &sound), ("beat-with-offers", &offering)])?;
    write_all(&corpus.join("machine_ops"), &STORIES)?;
    write_loans(&corpus.join("loans"))
}

/// Answers of an IPAM endpoint, with ids of loans that are ours, of another cluster, and none.
fn write_loans(folder: &Path) -> io::Result<()> {
    let ids = [
        "patina/v1/c-1/metallb-system/lent/web/shop/u-1/4/any",
        "patina/v1/c-1/metallb-system/lent/web/shop/u-1/6/2001:db8::7",
        "patina/v1/c-2/metallb-system/lent/web/shop/u-1/4/192.0.2.7",
        "somebody else's",
    ];
    let loan = |id: &&str| [field(1, id.as_bytes()), field(2, b"192.0.2.7")].concat();
    let loans: Vec<u8> = ids.iter().flat_map(|id| field(1, &loan(id))).collect();
    let page = [loans.clone(), field(2, b"next page")].concat();
    let files: [(&str, &[u8]); 7] = [
        ("list", &loans),
        ("page", &page),
        ("page-cut", &page[..page.len() / 2]),
        ("address", &field(1, b"2001:db8::7")),
        ("no-address", &field(1, b"192.0.2.256")),
        ("id", ids[0].as_bytes()),
        ("id-of-an-address", ids[1].as_bytes()),
    ];
    write_all(folder, &files)
}

/// A field of a protobuf message: its number, and less than 128 bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap_or_default();
    [&[number << 3 | 2, length], bytes].concat()
}

/// Steps as `machine_ops` reads them: 5 and 133 offer, 0 waits, 4 and 12 change the carrier, 2 replays, 7 says a word.
const STORIES: [(&str, &[u8]); 4] = [
    ("both-offer", &[5, 0xff, 133, 0xff, 0, 100, 10, 0, 100, 1, 0, 100, 1, 0, 100, 1, 0, 200, 200]),
    (
        "carrier-flaps",
        &[5, 1, 133, 1, 0, 250, 40, 12, 0, 150, 1, 4, 0, 250, 40, 140, 0, 100, 5, 132, 0, 250, 40],
    ),
    ("replays", &[5, 3, 133, 3, 0, 100, 10, 2, 0, 0, 130, 0, 0, 0, 100, 10, 2, 60, 1, 130, 90, 0xff]),
    ("hand-over", &[5, 1, 133, 1, 0, 250, 40, 7, 2, 0, 100, 1, 0, 100, 1, 7, 0, 0, 100, 1, 0, 250, 10]),
];

/// Two runs, an address by itself, another family.
fn addresses() -> Vec<IpAddr> {
    let v4 = [1, 2, 3, 9, 20, 21].map(|last| Ipv4Addr::new(192, 0, 2, last).into());
    v4.into_iter().chain([VIP6.into()]).collect()
}

/// The first beat that a machine sends when it offers these addresses, without its seal.
fn sound_beat(addresses: &[IpAddr]) -> Vec<u8> {
    const SEAL: usize = 16;
    let mut now = Instant::from_nanos(1_000_000_000);
    let mut machine = Hot::new(Settings::new("node-a".into(), 1, Some(b"a key".to_vec()), 1), now);
    let facts = LinkFacts {
        index: LinkIndex(2),
        name: "eth0".into(),
        hardware: OURS,
        carrier: true,
        source_v4: Some(CLIENT),
        source_v6: None,
    };
    let link = facts.index;
    machine.handle_control(Control::Links([facts].into()), now);
    let offers = addresses.iter().map(|address| Offer { address: *address, link, weight: 5, fresh: false });
    machine.handle_control(Control::Offers(offers.collect()), now);
    loop {
        machine.handle_timeout(now);
        if let Some(transmit) = machine.poll_transmit()
            && let Ok(Received { message: Message::Datagram(datagram), .. }) = wire::read(transmit.frame)
        {
            return datagram.payload[..datagram.payload.len() - SEAL].to_vec();
        }
        now += Duration::from_millis(10);
    }
}

fn write_all(folder: &Path, files: &[(&str, &[u8])]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    files.iter().try_for_each(|(name, bytes)| fs::write(folder.join(name), bytes))
}

fn arp() -> [(&'static str, Vec<u8>); 5] {
    let ask = Arp::request(THEIRS, CLIENT, VIP);
    [
        ("probe", Arp::probe(OURS, VIP).broadcast().into()),
        ("request", ask.broadcast().into()),
        ("reply", ask.reply(OURS).frame(THEIRS).into()),
        ("gratuitous-request", Arp::gratuitous_request(OURS, VIP).broadcast().into()),
        ("gratuitous-reply", Arp::gratuitous_reply(OURS, VIP).broadcast().into()),
    ]
}

fn ndp() -> [(&'static str, Vec<u8>); 5] {
    let ask = Solicitation {
        source: CLIENT6,
        destination: solicited_node(VIP6),
        target: VIP6,
        source_hardware: Some(THEIRS),
    };
    let unicast = Solicitation { destination: VIP6, source_hardware: None, ..ask };
    [
        ("solicitation", ask.frame(THEIRS, OURS).into()),
        ("unicast-solicitation", unicast.frame(THEIRS, OURS).into()),
        ("probe", Solicitation::probe(VIP6).frame(THEIRS, OURS).into()),
        ("answer", ask.answer(VIP6, OURS).frame(OURS, THEIRS).into()),
        ("unsolicited", Advertisement::unsolicited(VIP6, VIP6, OURS).frame(OURS, THEIRS).into()),
    ]
}

fn beat() -> Vec<u8> {
    let mut frame = Vec::new();
    Datagram { source: CLIENT, payload: b"a payload that is no beat" }.write(OURS, &mut frame);
    frame
}

fn write_frames(folder: &Path, frames: &[(&str, Vec<u8>)]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, frame) in frames {
        fs::write(folder.join(name), frame)?;
        for cut in CUTS.into_iter().filter(|cut| *cut < frame.len()) {
            fs::write(folder.join(format!("{name}-cut-at-{cut}")), &frame[..cut])?;
        }
    }
    Ok(())
}

/// Lengths that overflow eight bits when they are multiplied by eight.
fn write_odd_options(folder: &Path) -> io::Result<()> {
    for length in [0, 2, 32, 33, 255] {
        let mut frame: Vec<u8> = Advertisement::unsolicited(VIP6, VIP6, OURS).frame(OURS, THEIRS).into();
        frame[OPTION_LENGTH_AT] = length;
        fs::write(folder.join(format!("option-of-length-{length}")), frame)?;
    }
    Ok(())
}
