//! A cluster in which a Service of both families is served by the real controller and the real speakers.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use k8s_openapi::api::core::v1::Service;
use kube::Api;
use patina::addr::HardwareAddr;
use patina_lab::capture::{Capture, Said};
use patina_lab::cluster::{Cluster, addresses, announcements};
use patina_lab::http::{self, Url};
use patina_lab::manifest;
use patina_lab::wait::wait_for;
use tokio::time::sleep;

use crate::lab::cluster;

/// Every wait ends here, however slow the machine is.
pub(crate) const WITHIN: Duration = Duration::from_secs(60);
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/dual-stack");
const NAMESPACE: &str = "dual-stack";

/// The cluster, and the Service's addresses: IPv4, IPv6.
pub(crate) struct Served {
    pub(crate) cluster: Cluster,
    pub(crate) addresses: [IpAddr; 2],
}

/// Applies examples/dual-stack on three nodes, and waits until both addresses answer.
pub(crate) async fn served() -> anyhow::Result<Served> {
    served_on(cluster(3).await?).await
}

/// The same on a cluster of one's own.
pub(crate) async fn served_on(cluster: Cluster) -> anyhow::Result<Served> {
    manifest::apply(cluster.kube(), &manifest::read_folder(Path::new(EXAMPLE))?).await?;
    let services = Api::<Service>::namespaced(cluster.kube().clone(), NAMESPACE);
    let look = async || {
        let found = addresses(&services.get("web").await?);
        let parsed: Vec<IpAddr> = found.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        Ok(<[IpAddr; 2]>::try_from(parsed).ok())
    };
    let mut addresses = wait_for("both addresses", WITHIN, look).await?;
    addresses.sort();
    let served = Served { cluster, addresses };
    for address in addresses {
        let answers = served.answers(address).await;
        answers.with_context(|| format!("what the programs said: {:#?}", served.cluster.last_words()))?;
    }
    Ok(served)
}

impl Served {
    /// Waits for an HTTP answer through an address.
    pub(crate) async fn answers(&self, address: IpAddr) -> anyhow::Result<()> {
        let url = Url::root(SocketAddr::new(address, 80));
        let look = async || Ok(Some(http::get(self.cluster.client(), &url).await?));
        wait_for(&format!("an answer from {url}"), WITHIN, look).await.map(drop)
    }

    /// Where the client would send a frame for the address, without asking.
    pub(crate) async fn cached(&self, address: IpAddr) -> anyhow::Result<HardwareAddr> {
        let entry = self.cluster.client().neighbour(address).await?;
        entry.and_then(|entry| entry.hardware).with_context(|| format!("{address} is not in the cache"))
    }

    /// The node that the client's cache points to.
    pub(crate) async fn announcer(&self, address: IpAddr) -> anyhow::Result<String> {
        let hardware = self.cached(address).await?;
        let node = self.cluster.node_with(hardware).with_context(|| format!("{hardware} is no node's"))?;
        Ok(node.name().to_owned())
    }

    /// Waits until the client's cache points elsewhere; nothing is asked meanwhile.
    pub(crate) async fn moved_from(&self, address: IpAddr, old: &str) -> anyhow::Result<String> {
        let look = async || {
            let node = self.announcer(address).await?;
            Ok((node != old).then_some(node))
        };
        wait_for(&format!("{address} leaves {old} in the client's cache"), WITHIN, look).await
    }

    /// Waits until the ServiceL2Status objects name the nodes that the client's caches name, and no other.
    pub(crate) async fn told_rightly(&self) -> anyhow::Result<()> {
        let look = async || {
            let told = announcements(self.cluster.kube()).await?.into_iter().map(|told| told.node);
            let (mut told, wanted): (Vec<_>, _) = (told.collect(), self.announcers().await?);
            told.sort();
            anyhow::ensure!(told == wanted, "told: {told:?}, wanted: {wanted:?}");
            Ok(Some(()))
        };
        wait_for("the status names the announcers", WITHIN, look).await
    }

    /// The nodes that the caches name for both addresses, each once, sorted.
    pub(crate) async fn announcers(&self) -> anyhow::Result<Vec<String>> {
        let mut nodes = Vec::new();
        for address in self.addresses {
            nodes.push(self.announcer(address).await?);
        }
        nodes.sort();
        nodes.dedup();
        Ok(nodes)
    }

    /// Makes the client ask for the address if it does not know it.
    pub(crate) fn knock(&self, address: IpAddr) -> anyhow::Result<()> {
        let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = self.cluster.client().namespace().enter(|| UdpSocket::bind(any))??;
        socket.send_to(b"knock", (address, 8081))?;
        Ok(())
    }

    /// A fresh entry: forgotten, asked for, answered.
    pub(crate) async fn learnt(&self, address: IpAddr) -> anyhow::Result<String> {
        self.cluster.client().forget(address).await?;
        self.knock(address)?;
        let look = async || Ok(Some(self.announcer(address).await?));
        wait_for(&format!("the client learns {address}"), WITHIN, look).await
    }

    /// Hardware addresses that answered for an address, asked afresh.
    pub(crate) async fn answerers(&self, address: IpAddr) -> anyhow::Result<BTreeSet<HardwareAddr>> {
        let capture = Capture::start(self.cluster.segment())?;
        self.learnt(address).await?;
        // A second answer would come with the first: both would have heard the same question.
        sleep(Duration::from_millis(200)).await;
        let about = capture.take().into_iter().filter(|seen| speaks_for(&seen.said) == Some(address));
        Ok(about.map(|seen| seen.from).collect())
    }
}

/// The address that a frame says is the sender's own.
pub(crate) fn speaks_for(said: &Said) -> Option<IpAddr> {
    match said {
        Said::Arp(arp) => Some(arp.sender.into()),
        Said::Advertisement(advertisement) => Some(advertisement.target.into()),
        Said::Solicitation(_) | Said::Beat(_) => None,
    }
}
