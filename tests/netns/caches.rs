//! Neighbour caches of clients: entries just learnt, and entries a minute old, follow an address that moves.
//!
//! Linux ignores some gratuitous forms for an entry younger than a second (`locktime` of ARP), so the young entries are
//! those of the busiest clients.

use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use anyhow::{Context, ensure};
use patina::addr::HardwareAddr;
use patina::wire::arp::Arp;
use patina::wire::ndp::{Solicitation, solicited_node};
use patina_lab::capture::Capture;
use patina_lab::host::Host;
use patina_lab::netlink::Snooping;
use patina_lab::segment::Segment;
use patina_lab::wait::wait_for;
use tokio::time::sleep;

use crate::boxed::boxed;
use crate::injector::Injector;
use crate::served::{Served, WITHIN, served, speaks_for};

const FIFTY: Duration = Duration::from_millis(50);

#[test]
fn entries_fifty_milliseconds_old_follow_a_gentle_stop() {
    boxed(|| async {
        let mut served = served().await?;
        for address in served.addresses {
            let giver = served.learnt(address).await?;
            sleep(Duration::from_millis(50)).await;
            served.cluster.stop_speaker(&giver).await?;
            let heir = served.moved_from(address, &giver).await?;
            assert_ne!(heir, giver);
            served.answers(address).await?;
            served.cluster.start_speaker(&giver)?;
        }
        Ok(())
    });
}

#[test]
fn entries_a_minute_old_follow_a_crash() {
    boxed(|| async {
        /// In hundredths of a second, as the kernel counts.
        const MINUTE: u32 = 60 * 100;
        let mut served = served().await?;
        // The kernel counts entries over all namespaces, and under pressure forgets old ones: then begin again.
        let minute_old = async || {
            let mut old = true;
            for address in served.addresses {
                let entry = served.cluster.client().neighbour(address).await?;
                match entry.filter(|entry| entry.hardware.is_some()) {
                    Some(entry) => old &= entry.updated >= MINUTE,
                    None => {
                        old = false;
                        served.learnt(address).await?;
                    }
                }
            }
            Ok(old.then_some(()))
        };
        wait_for("entries a minute old", Duration::from_secs(400), minute_old).await?;
        for victim in served.announcers().await? {
            served.cluster.order(&victim, "crash".parse()?).await?;
        }
        for address in served.addresses {
            let dead: Vec<String> =
                served.cluster.nodes().filter(|n| n.fault().is_some()).map(|n| n.name().to_owned()).collect();
            let look =
                async || Ok(Some(served.announcer(address).await?).filter(|node| !dead.contains(node)));
            wait_for(&format!("{address} leaves the dead in the cache"), WITHIN, look).await?;
            served.answers(address).await?;
        }
        Ok(())
    });
}

/// A segment apart, where a client hears nothing but what the test sends.
struct Apart {
    _segment: Segment,
    client: Host,
    injector: Injector,
    _station: Host,
}

impl Apart {
    async fn new() -> anyhow::Result<Self> {
        let segment = Segment::new(Snooping::Off).await?;
        let client = [("192.168.50.100/24").parse()?, "fd00:50::100/64".parse()?];
        let client = Host::join(&segment, "client", HardwareAddr([2, 0, 0, 0, 0, 1]), &client).await?;
        let station = Host::join(&segment, "station", HardwareAddr([2, 0, 0, 0, 0, 2]), &[]).await?;
        let injector = Injector::new(&station)?;
        Ok(Self { _segment: segment, client, injector, _station: station })
    }

    async fn cached(&self, address: IpAddr) -> anyhow::Result<Option<HardwareAddr>> {
        Ok(self.client.neighbour(address).await?.and_then(|entry| entry.hardware))
    }

    /// The client asks for the address and is answered in the owner's name.
    async fn learn(&mut self, address: IpAddr, owner: HardwareAddr) -> anyhow::Result<()> {
        let [IpAddr::V4(v4), IpAddr::V6(v6)] = [0, 1].map(|n: usize| self.client.addresses()[n].addr())
        else {
            anyhow::bail!("the client has one address of each family")
        };
        let asker = self.client.hardware();
        self.client.forget(address).await?;
        let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        self.client.namespace().enter(|| UdpSocket::bind(any)?.send_to(b"knock", (address, 9)))??;
        match address {
            IpAddr::V4(vip) => self.injector.send(&Arp::request(asker, v4, vip).reply(owner).frame(asker)),
            IpAddr::V6(vip) => {
                let destination = solicited_node(vip);
                let source_hardware = Some(asker);
                let question = Solicitation { source: v6, destination, target: vip, source_hardware };
                self.injector.send(&question.answer(vip, owner).frame(owner, asker))
            }
        }
    }

    /// An entry for `owner` that is fifty milliseconds old. A machine that stalls begins again.
    async fn young_entry(&mut self, address: IpAddr, owner: HardwareAddr) -> anyhow::Result<()> {
        /// In hundredths of a second: half of what the kernel calls young.
        const YOUNG: u32 = 50;
        for _ in 0..100 {
            self.learn(address, owner).await?;
            sleep(FIFTY).await;
            let entry = self.client.neighbour(address).await?;
            if entry.is_some_and(|entry| entry.hardware == Some(owner) && entry.updated < YOUNG) {
                return Ok(());
            }
        }
        anyhow::bail!("no young entry for {address}")
    }

    /// Hears one frame, and never another, and believes it.
    async fn follows(&mut self, address: IpAddr, frame: &[u8], heir: HardwareAddr) -> anyhow::Result<()> {
        self.injector.send(frame)?;
        let moved = async || Ok((self.cached(address).await? == Some(heir)).then_some(()));
        wait_for(&format!("one frame moves {address}"), Duration::from_secs(5), moved).await
    }
}

/// Crashes the address's owner fifty milliseconds after the client has learnt it. Tells who it was, and the first frame of
/// its successor.
async fn crash(served: &mut Served, address: IpAddr) -> anyhow::Result<(HardwareAddr, Vec<u8>)> {
    let victim = served.learnt(address).await?;
    sleep(FIFTY).await;
    let capture = Capture::start(served.cluster.segment())?;
    let dead = served.cluster.node(&victim)?.host().hardware();
    served.cluster.order(&victim, "crash".parse()?).await?;
    served.moved_from(address, &victim).await?;
    let first =
        capture.take().into_iter().find(|seen| speaks_for(&seen.said) == Some(address) && seen.from != dead);
    served.answers(address).await?;
    served.cluster.order(&victim, "heal".parse()?).await?;
    served.cluster.until_ready().await?;
    Ok((dead, first.context("the successor said nothing")?.frame))
}

#[test]
fn entries_fifty_milliseconds_old_follow_a_crash_at_the_first_frame_of_the_successor() {
    boxed(|| async {
        let mut served = served().await?;
        let mut apart = Apart::new().await?;
        for address in served.addresses {
            let (dead, first) = crash(&mut served, address).await?;
            let heir = HardwareAddr(first[6..12].try_into()?);
            apart.young_entry(address, dead).await?;
            apart.follows(address, &first, heir).await?;
        }
        Ok(())
    });
}

/// The form that a client ignores while its entry is young: were it the first, the test above would fail.
#[test]
fn a_reply_to_nobody_does_not_move_a_young_entry() {
    boxed(|| async {
        let mut apart = Apart::new().await?;
        let (address, owner, heir) = ("192.168.50.240", HardwareAddr([2; 6]), HardwareAddr([4; 6]));
        apart.young_entry(address.parse()?, owner).await?;
        let reply =
            Arp { target_hardware: HardwareAddr::BROADCAST, ..Arp::gratuitous_reply(heir, address.parse()?) };
        apart.injector.send(&reply.broadcast())?;
        // A later frame that the client does believe tells that it has heard the first.
        apart.learn("192.168.50.241".parse()?, heir).await?;
        let learnt = async || Ok(apart.cached("192.168.50.241".parse()?).await?);
        wait_for("the client hears", WITHIN, learnt).await?;
        ensure!(apart.cached(address.parse()?).await? == Some(owner));
        Ok(())
    });
}
