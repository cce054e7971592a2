//! The speaker's view of its links: which frames reach the packet thread, how links and their changes are seen, and that
//! group membership is real for a switch that looks into it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use anyhow::{Context, ensure};
use patina::addr::HardwareAddr;
use patina::hot::{Control, LinkFacts, Offer};
use patina::name::LinkIndex;
use patina::wire::arp::Arp;
use patina::wire::ipv4udp::{Datagram, PORT};
use patina::wire::ndp::{Advertisement, Solicitation, solicited_node};
use patina::wire::{Ignored, ethernet, icmpv6};
use patina_lab::host::Host;
use patina_lab::netlink::Snooping;
use patina_lab::segment::Segment;
use patina_speaker::net::LinkState;
use tokio::time::timeout;

use crate::boxed::boxed;
use crate::injector::Injector;
use crate::speaker::Speaker;

const BOUND: Duration = Duration::from_secs(15);
const VIP: Ipv4Addr = Ipv4Addr::new(192, 168, 50, 200);
const VIP6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x50, 0, 0, 0, 0, 0xab, 0xcdef);
const CLIENT: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 1]);
const NODE: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 2]);

/// A client and a node, and the node's speaker at work on its link.
struct Pair {
    segment: Segment,
    client: Host,
    node: Host,
    speaker: Speaker,
}

impl Pair {
    async fn new(snooping: Snooping) -> anyhow::Result<Self> {
        let segment = Segment::new(snooping).await?;
        let host = async |name: &str, hardware: HardwareAddr| {
            let number = hardware.0[5];
            let addresses =
                [format!("192.168.50.{number}/24").parse()?, format!("fd00:50::{number}/64").parse()?];
            Host::join(&segment, name, hardware, &addresses).await
        };
        let (client, node) = (host("client", CLIENT).await?, host("node", NODE).await?);
        let mut speaker = Speaker::start(node.namespace())?;
        let link =
            speaker.link_when("settled", |link| link.facts().is_some_and(|f| f.source_v6.is_some())).await?;
        speaker.controls.send(Control::Links(link.facts().into_iter().collect()));
        let pair = Self { segment, client, node, speaker };
        pair.until_heard().await?;
        Ok(pair)
    }

    /// Sends until the packet thread has read a frame: its socket works.
    async fn until_heard(&self) -> anyhow::Result<()> {
        let mut injector = Injector::new(&self.client)?;
        let before = self.speaker.counters.received.get();
        let heard = async {
            while self.speaker.counters.received.get() == before {
                injector.send(&Arp::probe(CLIENT, VIP).broadcast())?;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            anyhow::Ok(())
        };
        timeout(BOUND, heard).await.context("the packet thread never heard a frame")?
    }

    /// How many of `frames`, sent by the client, the packet thread reads. Frames keep their order, so a last one that is
    /// known to pass tells that the others have passed or never will.
    async fn heard_of(&self, frames: &[Vec<u8>]) -> anyhow::Result<u64> {
        let mut injector = Injector::new(&self.client)?;
        self.silence().await?;
        let before = self.speaker.counters.received.get();
        for frame in frames {
            injector.send(frame)?;
        }
        injector.send(&Arp::probe(CLIENT, VIP).broadcast())?;
        self.silence().await?;
        Ok(self.speaker.counters.received.get() - before - 1)
    }

    /// Waits until the number of frames read has not changed for a while.
    async fn silence(&self) -> anyhow::Result<()> {
        let quiet = async {
            loop {
                let before = self.speaker.counters.received.get();
                tokio::time::sleep(Duration::from_millis(100)).await;
                if self.speaker.counters.received.get() == before {
                    return;
                }
            }
        };
        timeout(BOUND, quiet).await.context("frames never ended")
    }

    /// Has the client's kernel look for [`VIP6`], until the wish about its solicitation comes true.
    async fn until_solicitation(&self, wish: Delivery) -> anyhow::Result<()> {
        let attempt = async {
            loop {
                self.client.forget(VIP6.into()).await?;
                let before = self.speaker.counters.received.get();
                knock(&self.client, VIP6.into())?;
                tokio::time::sleep(Duration::from_millis(200)).await;
                let delivered = self.speaker.counters.received.get() > before;
                if delivered == (wish == Delivery::Arrives) {
                    return anyhow::Ok(());
                }
            }
        };
        timeout(BOUND, attempt).await.with_context(|| format!("waited for: a solicitation {wish:?}"))?
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    Arrives,
    StaysAway,
}

/// Makes the kernel of `host` look for the hardware address of `to`.
fn knock(host: &Host, to: IpAddr) -> anyhow::Result<()> {
    let local = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = host.namespace().enter(|| UdpSocket::bind(local))??;
    socket.send_to(b"knock", SocketAddr::new(to, 9))?;
    Ok(())
}

fn beat() -> Vec<u8> {
    let mut frame = Vec::new();
    Datagram { source: Ipv4Addr::UNSPECIFIED, payload: b"beat" }.write(CLIENT, &mut frame);
    frame
}

fn with_byte(mut frame: Vec<u8>, at: usize, value: u8) -> Vec<u8> {
    frame[at] = value;
    frame
}

#[test]
fn the_four_kinds_of_frames_reach_the_packet_thread_and_no_others_do() {
    boxed(|| async {
        let pair = Pair::new(Snooping::Off).await?;
        let arp: Vec<u8> = Arp::request(CLIENT, Ipv4Addr::new(192, 168, 50, 1), VIP).broadcast().into();
        let solicitation: Vec<u8> = Solicitation::probe(VIP6).frame(CLIENT, NODE).into();
        let advertisement: Vec<u8> =
            Advertisement::unsolicited(VIP6, VIP6, CLIENT).frame(CLIENT, NODE).into();
        let known = [arp.clone(), solicitation.clone(), advertisement, beat()];
        ensure!(pair.heard_of(&known).await? == 4);
        let mut for_another_station = arp.clone();
        for_another_station[..6].copy_from_slice(&[2, 0, 0, 0, 0, 0x77]);
        let mut of_a_vlan = arp.clone();
        of_a_vlan.splice(12..12, [0x81, 0x00, 0x00, 0x64]);
        let foreign = [
            with_byte(arp, 13, 0x07),
            with_byte(solicitation.clone(), 54, 134),
            with_byte(beat(), 37, 0x01),
            with_byte(beat(), 33, 0x02),
            for_another_station,
            of_a_vlan,
        ];
        ensure!(pair.heard_of(&foreign).await? == 0);
        Ok(())
    });
}

#[test]
fn what_the_node_itself_sends_is_not_heard() {
    boxed(|| async {
        let pair = Pair::new(Snooping::Off).await?;
        pair.silence().await?;
        let before = pair.speaker.counters.received.get();
        knock(&pair.node, Ipv4Addr::new(192, 168, 50, 99).into())?;
        ensure!(pair.heard_of(&[]).await? == 0);
        ensure!(pair.speaker.counters.received.get() == before + 1, "only the last frame of the client");
        Ok(())
    });
}

#[test]
fn a_datagram_of_a_plain_socket_to_the_group_is_a_beat_on_the_wire() {
    boxed(|| async {
        let pair = Pair::new(Snooping::Off).await?;
        pair.silence().await?;
        let before = pair.speaker.counters.received.get();
        let socket = pair.client.namespace().enter(|| UdpSocket::bind("192.168.50.1:0"))??;
        socket.send_to(b"beat", ("224.0.0.1", PORT))?;
        pair.silence().await?;
        ensure!(pair.speaker.counters.received.get() == before + 1);
        Ok(())
    });
}

#[test]
fn a_pulled_cable_is_seen_and_frames_are_heard_again_when_it_is_back() {
    boxed(|| async {
        let mut pair = Pair::new(Snooping::Off).await?;
        pair.segment.pull(pair.node.port()).await?;
        pair.speaker.link_when("without carrier", |link| !link.carrier).await?;
        pair.segment.put_back(pair.node.port()).await?;
        pair.speaker.link_when("with carrier", |link| link.carrier).await?;
        pair.until_heard().await
    });
}

#[test]
fn a_link_set_down_and_up_is_heard_again_and_the_error_is_counted_once() {
    boxed(|| async {
        let mut pair = Pair::new(Snooping::Off).await?;
        pair.node.netlink().down(pair.node.link()).await?;
        pair.speaker.link_when("down", |link| !link.carrier).await?;
        pair.node.netlink().up(pair.node.link()).await?;
        pair.speaker.link_when("up", |link| link.carrier).await?;
        pair.until_heard().await?;
        ensure!(pair.speaker.counters.not_received.sum() == 1, "{:?}", pair.speaker.counters);
        Ok(())
    });
}

#[test]
fn a_link_that_is_not_there_does_not_keep_the_packet_thread_busy() {
    boxed(|| async {
        let mut pair = Pair::new(Snooping::Off).await?;
        let link = pair.speaker.link_when("there", |_| true).await?.facts().context("not worked on")?;
        pair.node.netlink().remove(pair.node.link()).await?;
        pair.speaker.controls.send(Control::Links([LinkFacts { index: LinkIndex(9999), ..link }].into()));
        let counters = &pair.speaker.counters;
        let tries = async {
            while counters.not_opened.sum() < 4 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(BOUND, tries).await.context("no further attempt was made")?;
        let turns = counters.turns.get();
        ensure!(turns < 1000, "{turns} turns for four attempts");
        Ok(())
    });
}

#[test]
fn a_new_address_is_seen() {
    boxed(|| async {
        let mut pair = Pair::new(Snooping::Off).await?;
        let net = "198.51.100.7/24".parse()?;
        pair.node.netlink().add_address(pair.node.link(), net).await?;
        let has = |link: &LinkState| link.addresses.iter().any(|address| address.net == net);
        pair.speaker.link_when("with its new address", has).await?;
        Ok(())
    });
}

#[test]
fn a_snooping_switch_delivers_solicitations_to_members_of_the_group_only() {
    boxed(|| async {
        let mut pair = Pair::new(Snooping::WithQuerier).await?;
        pair.until_solicitation(Delivery::StaysAway).await?;
        let wanted = [(pair.node.link(), [solicited_node(VIP6)].into())];
        pair.speaker.groups.send_replace(wanted.into());
        pair.until_solicitation(Delivery::Arrives).await?;

        pair.segment.pull(pair.node.port()).await?;
        pair.speaker.link_when("without carrier", |link| !link.carrier).await?;
        pair.segment.put_back(pair.node.port()).await?;
        pair.until_solicitation(Delivery::Arrives).await?;

        pair.speaker.groups.send_replace([].into());
        pair.until_solicitation(Delivery::StaysAway).await?;
        ensure!(pair.speaker.counters.not_joined.sum() == 0);
        Ok(())
    });
}

#[test]
fn a_thousand_groups_are_joined() {
    boxed(|| async {
        let pair = Pair::new(Snooping::WithQuerier).await?;
        let vip = |number: u16| Ipv6Addr::new(0xfd00, 0x50, 0, 0, 0, 0, 0xab, number);
        let groups = (0xcdef - 999..=0xcdef).map(|number| solicited_node(vip(number))).collect();
        pair.speaker.groups.send_replace([(pair.node.link(), groups)].into());
        pair.until_solicitation(Delivery::Arrives).await?;
        ensure!(pair.speaker.counters.not_joined.sum() == 0);
        Ok(())
    });
}

#[test]
fn a_frame_cut_short_or_with_an_absurd_option_is_ignored_under_its_own_name() {
    boxed(|| async {
        let pair = Pair::new(Snooping::Off).await?;
        let advertisement: Vec<u8> =
            Advertisement::unsolicited(VIP6, VIP6, CLIENT).frame(CLIENT, NODE).into();
        let arp: Vec<u8> = Arp::probe(CLIENT, VIP).broadcast().into();
        let option_length_at = advertisement.len() - 7;
        // A bridge drops what is shorter than its IPv6 header says; so the header agrees with the cut.
        let mut cut = advertisement[..advertisement.len() - 12].to_vec();
        cut[19] -= 12;
        let odd = |length: u8| mended(with_byte(advertisement.clone(), option_length_at, length));
        let frames = [arp[..30].to_vec(), mended(cut), odd(0), odd(32), odd(255), with_byte(arp, 21, 9)];
        ensure!(pair.heard_of(&frames).await? == 6);
        let ignored: BTreeMap<_, _> = pair.speaker.look().await?.counters.frames_ignored().collect();
        for (reason, count) in
            [(Ignored::Truncated, 2), (Ignored::OptionLength, 3), (Ignored::ArpOperation, 1)]
        {
            ensure!(ignored.get(reason.word()) == Some(&count), "{reason}: {ignored:?}");
        }
        Ok(())
    });
}

/// The frame with an ICMPv6 checksum that fits.
fn mended(mut frame: Vec<u8>) -> Vec<u8> {
    const ICMPV6_AT: usize = ethernet::HEADER + icmpv6::IPV6_HEADER;
    let address = |at: usize| <[u8; 16]>::try_from(&frame[at..at + 16]).expect("sixteen bytes").into();
    let (source, destination): (Ipv6Addr, Ipv6Addr) = (address(22), address(38));
    frame[ICMPV6_AT + 2..ICMPV6_AT + 4].fill(0);
    let sum = icmpv6::checksum(source, destination, &frame[ICMPV6_AT..]);
    frame[ICMPV6_AT + 2..ICMPV6_AT + 4].copy_from_slice(&sum.to_be_bytes());
    frame
}

#[test]
fn an_offered_address_of_either_family_is_found_at_the_nodes_hardware_address() {
    boxed(|| async {
        let pair = Pair::new(Snooping::WithQuerier).await?;
        let offer = |address| Offer { address, link: pair.node.link(), weight: 0, fresh: false };
        let addresses = [IpAddr::V4(VIP), IpAddr::V6(VIP6)];
        pair.speaker.groups.send_replace([(pair.node.link(), [solicited_node(VIP6)].into())].into());
        pair.speaker.controls.send(Control::Offers(addresses.map(offer).into()));
        for address in addresses {
            let found = async {
                while pair.client.neighbour(address).await?.and_then(|entry| entry.hardware) != Some(NODE) {
                    knock(&pair.client, address)?;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                anyhow::Ok(())
            };
            timeout(BOUND, found).await.with_context(|| format!("nobody answered for {address}"))??;
        }
        Ok(())
    });
}
