//! One chapter: a Service from its manifest to a hand-over, in one family.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, ensure};
use k8s_openapi::api::core::v1::Service;
use kube::Api;
use patina::addr::{Family, HardwareAddr};
use tokio::time::sleep;

use super::example::{Example, Offer};
use super::voice::Voice;
use crate::clock;
use crate::cluster::{Cluster, addresses, announcements};
use crate::fault::{Fault, Order};
use crate::http::{self, Url};
use crate::load::{Load, Tally};
use crate::manifest;
use crate::report::Facts;
use crate::segment::LINK;
use crate::wait::wait_for;

/// Every wait of the story ends here, however slow the machine is.
const PATIENCE: Duration = Duration::from_secs(60);
/// The only bound on time that decides about the story.
const LONGEST_GAP: Duration = Duration::from_secs(5);
/// How long requests run before and after each event.
const STEADY: Duration = Duration::from_millis(1500);
/// So many requests in a row without a failure, and everything works again.
const SETTLED: usize = 300;

/// A chapter, and what it has found out so far.
pub(super) struct Chapter<'a> {
    cluster: &'a mut Cluster,
    voice: &'a Voice,
    facts: &'a mut Facts,
    stall: &'a mut Duration,
    offer: Offer,
    family: Family,
    address: IpAddr,
}

impl<'a> Chapter<'a> {
    /// Applies the example and waits for the Service's address.
    pub(super) async fn open(
        example: Example,
        family: Family,
        cluster: &'a mut Cluster,
        voice: &'a Voice,
        facts: &'a mut Facts,
        stall: &'a mut Duration,
    ) -> anyhow::Result<Self> {
        let offer = example.offer(family)?;
        let applied = manifest::apply(cluster.kube(), &example.objects()?).await?;
        let since = clock::now();
        voice.held(&format!("applied {}: {}", example.folder, applied.join(", ")));
        facts.service = Some(offer.title());
        let address = allocated(cluster, &offer, family).await?;
        let after = since.elapsed();
        facts.address = Some(address.to_string());
        facts.allocated_after_ms = Some(ms(after));
        ensure!(offer.may_have(address), "{address} is not in the pool");
        voice.held(&format!(
            "Service {} has the address {address}, {:.0} ms later",
            offer.title(),
            ms(after)
        ));
        Ok(Self { cluster, voice, facts, stall, offer, family, address })
    }

    /// Plays what follows.
    pub(super) async fn play(&mut self) -> anyhow::Result<()> {
        self.reach().await?;
        self.crash().await?;
        self.stop_gently().await
    }

    /// A request reaches a Pod: by the external address, then by the NodePort.
    async fn reach(&mut self) -> anyhow::Result<()> {
        let url = url(self.address, self.offer.http);
        let answer = self.answered(&url).await?;
        self.facts.http_status = Some(answer.status);
        let (node, hardware) = self.announcer().await?;
        let link = self.link_told_by(&node).await?;
        self.voice.held(&format!("{node} announces {} on {link}, at {hardware}", self.address));
        self.facts.announced_by = Some(node);
        self.facts.link = Some(link);
        self.facts.hardware = Some(hardware.to_string());
        self.voice.held(&format!("client → {url}: {} {}", answer.status, answer.body.trim()));
        let url = self.node_port_url().await?;
        let answer = self.answered(&url).await?;
        self.facts.node_port_status = Some(answer.status);
        self.voice.held(&format!("client → {url} (NodePort): {} {}", answer.status, answer.body.trim()));
        Ok(())
    }

    /// The announcing node dies under load.
    async fn crash(&mut self) -> anyhow::Result<()> {
        self.settled().await?;
        let (victim, hardware) = self.announcer().await?;
        self.voice
            .doing(&format!("500 requests a second, each a new flow, none repeated; now {victim} dies"));
        let load = self.load().start(self.cluster.client())?;
        sleep(STEADY).await;
        self.cluster.order(&victim, Order::Inflict(Fault::Crash)).await?;
        let heir = self.announcer_other_than(hardware).await;
        sleep(STEADY).await;
        let tally = load.stop().await?;
        *self.stall = (*self.stall).max(tally.stall);
        self.record_crash(&tally);
        let heir = heir?;
        ensure!(tally.gap <= LONGEST_GAP, "no answer for {:.0} ms", ms(tally.gap));
        self.tell_crash(&tally, &victim, &heir);
        self.facts.taken_over_by = Some(heir);
        self.cluster.order(&victim, Order::Heal).await?;
        self.cluster.until_ready().await?;
        self.settled().await?;
        let (now, _) = self.announcer().await?;
        self.voice.held(&format!("{victim} is back and Ready; {} stays at {now}", self.address));
        Ok(())
    }

    /// The announcing speaker is stopped as a rolling update stops it.
    async fn stop_gently(&mut self) -> anyhow::Result<()> {
        self.settled().await?;
        let (giver, hardware) = self.announcer().await?;
        self.voice.doing(&format!("500 requests a second; the speaker on {giver} is stopped gently"));
        let load = self.load().start(self.cluster.client())?;
        sleep(STEADY).await;
        self.cluster.stop_speaker(&giver).await?;
        let heir = self.announcer_other_than(hardware).await;
        sleep(STEADY).await;
        let tally = load.stop().await?;
        *self.stall = (*self.stall).max(tally.stall);
        self.facts.handover_sent = Some(tally.sent);
        self.facts.handover_lost = Some(tally.failed);
        self.facts.handover_gap_ms = Some(ms(tally.gap));
        let heir = heir?;
        ensure!(tally.failed == 0, "{}", tally.losses());
        self.voice.held(&format!("{heir} answers now; 0 of {} requests lost", tally.sent));
        self.facts.handed_over_to = Some(heir);
        self.cluster.start_speaker(&giver)
    }

    fn load(&self) -> Load {
        Load::of(SocketAddr::new(self.address, self.offer.echo))
    }

    fn record_crash(&mut self, tally: &Tally) {
        self.facts.crash_gap_ms = Some(ms(tally.gap));
        self.facts.crash_sent = Some(tally.sent);
        self.facts.crash_failed = Some(tally.failed);
        self.facts.crash_failed_in_gap = Some(tally.failed_in_gap);
        self.facts.crash_failed_at_pods = Some(tally.failed_at_pods());
    }

    fn tell_crash(&self, tally: &Tally, victim: &str, heir: &str) {
        let gap = ms(tally.gap);
        self.voice.held(&format!("{heir} took over; the client went {gap:.0} ms without an answer"));
        self.voice.more(&format!(
            "of {} requests {} failed while nobody answered, {} because their Pod died with {victim}:",
            tally.sent,
            tally.failed_in_gap,
            tally.failed_at_pods()
        ));
        self.voice
            .more("kube-proxy sends to such Pods until Kubernetes notices, 40 to 50 s later, in any cluster");
    }

    /// Asks until there is an answer: the address was assigned a moment ago.
    async fn answered(&self, url: &Url) -> anyhow::Result<http::Answer> {
        let client = self.cluster.client();
        let what = format!("an HTTP answer from {url}");
        let answer = wait_for(&what, PATIENCE, async || Ok(Some(http::get(client, url).await?))).await?;
        ensure!(answer.status == 200, "{url} answered {}", answer.status);
        Ok(answer)
    }

    /// The node behind the hardware address that the client has for the external address.
    async fn announcer(&self) -> anyhow::Result<(String, HardwareAddr)> {
        let entry = self.cluster.client().neighbour(self.address).await?;
        let hardware =
            entry.and_then(|entry| entry.hardware).context("the client knows no hardware address")?;
        let node = self.cluster.node_with(hardware).with_context(|| format!("{hardware} is no node's"))?;
        Ok((node.name().to_owned(), hardware))
    }

    async fn announcer_other_than(&self, old: HardwareAddr) -> anyhow::Result<String> {
        let what = format!("another node for {}", self.address);
        let moved = async || {
            let (node, hardware) = self.announcer().await?;
            Ok((hardware != old).then_some(node))
        };
        wait_for(&what, PATIENCE, moved).await
    }

    /// Waits for the node's ServiceL2Status. It names links only where the advertisement does (as MetalLB's
    /// does); the link is then the one that has the hardware address.
    async fn link_told_by(&self, node: &str) -> anyhow::Result<String> {
        let (kube, service) = (self.cluster.kube(), self.offer.title());
        let told = async || {
            let all = announcements(kube).await?;
            Ok(all.into_iter().find(|told| told.service == service && told.node == node))
        };
        let what = format!("a ServiceL2Status of {node} about {service}");
        let told = wait_for(&what, PATIENCE, told).await?;
        Ok(if told.links.is_empty() { LINK.to_owned() } else { told.links.join(", ") })
    }

    async fn node_port_url(&self) -> anyhow::Result<Url> {
        let services = Api::<Service>::namespaced(self.cluster.kube().clone(), &self.offer.namespace);
        let service = services.get(&self.offer.name).await?;
        let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
        let number = ports
            .into_iter()
            .find(|port| port.port == i32::from(self.offer.http))
            .and_then(|port| port.node_port)
            .and_then(|number| u16::try_from(number).ok())
            .context("the Service has no NodePort")?;
        let node = self.cluster.nodes().find(|node| node.fault().is_none()).context("no node lives")?;
        let nets = node.host().addresses();
        let net = nets.iter().find(|net| Family::of(net.addr()) == self.family);
        Ok(url(net.context("the node has no address of this family")?.addr(), number))
    }

    /// Every endpoint answers again.
    async fn settled(&self) -> anyhow::Result<()> {
        let client = self.cluster.client();
        let load = Load { rate: 500, ..self.load() };
        let calm = async || {
            let tally = load.ask_times(SETTLED, client).await?;
            anyhow::ensure!(tally.failed == 0, "{} of {} requests failed", tally.failed, tally.sent);
            Ok(Some(()))
        };
        wait_for("every Pod answers", PATIENCE, calm).await
    }
}

async fn allocated(cluster: &Cluster, offer: &Offer, family: Family) -> anyhow::Result<IpAddr> {
    let services = Api::<Service>::namespaced(cluster.kube().clone(), &offer.namespace);
    let look = async || {
        let service = services.get(&offer.name).await?;
        let parsed = addresses(&service).into_iter().filter_map(|text| text.parse::<IpAddr>().ok());
        Ok(parsed.into_iter().find(|address| Family::of(*address) == family))
    };
    wait_for(&format!("an {family} address for Service {}", offer.title()), PATIENCE, look).await
}

fn url(address: IpAddr, port: u16) -> Url {
    Url::root(SocketAddr::new(address, port))
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
