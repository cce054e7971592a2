//! Beats that nobody should believe: recorded and sent again, also into the sender's next life, sealed with another key or
//! with none, cut short by somebody who has the key. Each is counted under its name, and changes nothing else.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::time::Duration;

use anyhow::{Context, ensure};
use patina::addr::HardwareAddr;
use patina::hot::{Control, Offer, Settings, Snapshot};
use patina::membership::seal::{Keyring, SEAL_LEN};
use patina::wire::ipv4udp::Datagram;
use patina_lab::capture::{Capture, Said};
use patina_lab::host::Host;
use patina_lab::netlink::Snooping;
use patina_lab::segment::Segment;
use patina_lab::wait::wait_for;

use crate::boxed::boxed;
use crate::injector::Injector;
use crate::speaker::Speaker;

const WITHIN: Duration = Duration::from_secs(60);
const VIP: Ipv4Addr = Ipv4Addr::new(192, 168, 50, 200);
const STRANGER: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 1]);
const SECRET: &[u8] = b"the secret of this cluster";
/// Places in the head of a datagram (`patina::membership::codec`).
const VERSION_AT: usize = 4;
const CLUSTER_AT: usize = 8;

/// A node and the speaker at work on its link.
struct Node {
    host: Host,
    speaker: Speaker,
}

impl Node {
    async fn new(segment: &Segment, number: u8) -> anyhow::Result<Self> {
        let host = join(segment, number).await?;
        let speaker = offering(&host, 1).await?;
        Ok(Self { host, speaker })
    }

    async fn snapshot(&self) -> anyhow::Result<Snapshot> {
        Ok(self.speaker.look().await?.snapshot)
    }

    async fn owns(&self) -> anyhow::Result<bool> {
        let links = self.snapshot().await?.links;
        Ok(links.iter().flat_map(|link| &link.addresses).any(|address| address.role == "owner"))
    }

    async fn ignored(&self, reason: &str) -> anyhow::Result<u64> {
        let counters = self.speaker.look().await?.counters;
        let found = counters.frames_ignored().find(|(word, _)| *word == reason);
        found.map(|(_, count)| count).with_context(|| format!("{reason} is no reason"))
    }

    /// Everything that a beat could change: who is known in which life, and what is whose since when.
    async fn beliefs(&self) -> anyhow::Result<Vec<String>> {
        let links = self.snapshot().await?.links;
        let peers = links
            .iter()
            .flat_map(|link| &link.peers)
            .map(|peer| format!("{} {:?} claims={:?}", peer.node, peer.incarnation, peer.claims));
        let addresses = links.iter().flat_map(|link| &link.addresses).map(|state| {
            format!("{} {} {:?} since {:?}", state.address, state.role, state.claim, state.since)
        });
        Ok(peers.chain(addresses).collect())
    }
}

async fn join(segment: &Segment, number: u8) -> anyhow::Result<Host> {
    let addresses = [format!("192.168.50.{number}/24").parse()?, format!("fd00:50::{number}/64").parse()?];
    let hardware = HardwareAddr([2, 0, 0, 0, 0, number]);
    Host::join(segment, &format!("host-{number}"), hardware, &addresses).await
}

/// A speaker in its `life`-th life, which offers the address.
async fn offering(host: &Host, life: u64) -> anyhow::Result<Speaker> {
    let settings = Settings::new(host.name().into(), life, Some(SECRET.to_vec()), 1);
    let mut speaker = Speaker::start_as(host.namespace(), settings)?;
    let link =
        speaker.link_when("settled", |link| link.facts().is_some_and(|f| f.source_v6.is_some())).await?;
    speaker.controls.send(Control::Links(link.facts().into_iter().collect()));
    let offer = Offer { address: IpAddr::V4(VIP), link: host.link(), weight: 0, fresh: false };
    speaker.controls.send(Control::Offers(vec![offer]));
    Ok(speaker)
}

/// Two nodes of which one owns the address, and a stranger whose cache knows that.
struct Ground {
    segment: Segment,
    stranger: Host,
    injector: Injector,
    owner: Node,
    other: Node,
}

impl Ground {
    async fn new() -> anyhow::Result<Self> {
        let segment = Segment::new(Snooping::Off).await?;
        let stranger = join(&segment, 1).await?;
        let injector = Injector::new(&stranger)?;
        let (one, two) = (Node::new(&segment, 2).await?, Node::new(&segment, 3).await?);
        let owned = async || Ok((one.owns().await? != two.owns().await?).then_some(()));
        wait_for("one owner", WITHIN, owned).await?;
        let (owner, other) = if one.owns().await? { (one, two) } else { (two, one) };
        let ground = Self { segment, stranger, injector, owner, other };
        ground.until_cached(ground.owner.host.hardware()).await?;
        Ok(ground)
    }

    async fn until_cached(&self, owner: HardwareAddr) -> anyhow::Result<()> {
        let look = async || {
            let socket = self.stranger.namespace().enter(|| UdpSocket::bind("0.0.0.0:0"))??;
            socket.send_to(b"knock", (VIP, 9))?;
            let entry = self.stranger.neighbour(VIP.into()).await?;
            Ok(entry.filter(|entry| entry.hardware == Some(owner)).map(drop))
        };
        wait_for("the cache knows the owner", WITHIN, look).await
    }

    /// The next beat of a station.
    async fn record(&self, from: HardwareAddr) -> anyhow::Result<Vec<u8>> {
        let capture = Capture::start(&self.segment)?;
        let look = async || {
            let mut beats = capture.take().into_iter().filter(|seen| seen.from == from);
            Ok(beats.next_back().and_then(|seen| match seen.said {
                Said::Beat(bytes) => Some(bytes),
                Said::Arp(_) | Said::Solicitation(_) | Said::Advertisement(_) => None,
            }))
        };
        wait_for("a beat", WITHIN, look).await
    }

    /// Sends the datagram; the node that does not own the address counts it under `reason`, and nobody believes a thing.
    async fn is_ignored(&mut self, datagram: &[u8], reason: &str) -> anyhow::Result<()> {
        let believed = [self.owner.beliefs().await?, self.other.beliefs().await?];
        let before = self.other.ignored(reason).await?;
        let mut frame = Vec::new();
        Datagram { source: Ipv4Addr::UNSPECIFIED, payload: datagram }.write(STRANGER, &mut frame);
        self.injector.send(&frame)?;
        let counted = async || Ok((self.other.ignored(reason).await? > before).then_some(()));
        wait_for(&format!("a frame ignored as {reason}"), WITHIN, counted).await?;
        ensure!(self.other.ignored(reason).await? == before + 1, "{reason} counts more than once");
        let now = [self.owner.beliefs().await?, self.other.beliefs().await?];
        ensure!(now == believed, "{reason}: {now:#?}, before: {believed:#?}");
        let cached = self.stranger.neighbour(VIP.into()).await?.and_then(|entry| entry.hardware);
        ensure!(cached == Some(self.owner.host.hardware()), "{reason} moved the cache to {cached:?}");
        Ok(())
    }
}

fn sealed(body: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut datagram = body.to_vec();
    Keyring::new(secret, None).seal(&mut datagram);
    datagram
}

fn with_byte(body: &[u8], at: usize, value: u8) -> Vec<u8> {
    let mut changed = body.to_vec();
    changed[at] = value;
    changed
}

#[test]
fn forged_and_replayed_beats_are_ignored_under_their_names_and_change_nothing() {
    boxed(|| async {
        let mut ground = Ground::new().await?;
        let beat = ground.record(ground.owner.host.hardware()).await?;
        let body = &beat[..beat.len() - SEAL_LEN];
        ground.is_ignored(&beat, "replayed").await?;
        ground.is_ignored(&with_byte(&beat, beat.len() - 1, beat[beat.len() - 1] ^ 1), "seal").await?;
        ground.is_ignored(&sealed(body, b"the secret of another cluster"), "seal").await?;
        ground.is_ignored(&sealed(&body[..body.len() - 1], SECRET), "beatTruncated").await?;
        ground.is_ignored(&sealed(&with_byte(body, VERSION_AT, 9), SECRET), "beatVersion").await?;
        ground.is_ignored(&sealed(&with_byte(body, CLUSTER_AT, 9), SECRET), "foreignCluster").await
    });
}

#[test]
fn a_beat_of_an_earlier_life_is_ignored_in_the_next_one() {
    boxed(|| async {
        let mut ground = Ground::new().await?;
        let beat = ground.record(ground.owner.host.hardware()).await?;
        let Ground { segment, stranger, injector, owner: Node { host, speaker }, other } = ground;
        // It ends without a word, as a killed process does; its successor owns the address when it is back.
        drop(speaker);
        wait_for("the successor", WITHIN, async || Ok(other.owns().await?.then_some(()))).await?;
        let returned = Node { speaker: offering(&host, 2).await?, host };
        let name = returned.host.name().to_owned();
        let known = async || {
            let links = other.snapshot().await?.links;
            let mut peers = links.iter().flat_map(|link| &link.peers);
            Ok(peers.any(|peer| peer.node.as_str() == name && peer.alive && peer.mutual).then_some(()))
        };
        wait_for("the returned node is known", WITHIN, known).await?;
        ground = Ground { segment, stranger, injector, owner: other, other: returned };
        ground.until_cached(ground.owner.host.hardware()).await?;
        // Told to the node that knows both lives: the owner.
        let before = ground.owner.ignored("oldIncarnation").await?;
        ground.is_ignored(&beat, "own").await?;
        ensure!(ground.owner.ignored("oldIncarnation").await? == before + 1);
        Ok(())
    });
}
