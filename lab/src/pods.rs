//! What stands in for the kubelet on a lab node: its Node and Lease, and for each Pod a namespace with an echo.
//!
//! A container's image is not run: in its place a server listens on each `containerPort`, TCP (which answers
//! HTTP too) or UDP, as the port says; or a program of the machine that the node has for this image runs there
//! ([`Programs`]). Probes, volumes, init containers and `hostNetwork` are not imitated: a Pod is Running and Ready as
//! soon as its ports listen, for good.

mod echo;
mod network;
mod object;
mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures::StreamExt;
use ipnet::IpNet;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Container, Node, Pod};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher::Event;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};
use serde::{Deserialize, Serialize};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

use crate::daemon::Daemon;
use crate::netlink::Netlink;
use echo::Identity;
use network::{Network, Seat};
pub use program::Programs;

/// What a node's agents must know about their node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeSpec {
    /// `metadata.name` of the Node.
    pub name: String,
    /// Its addresses on the segment.
    pub addresses: Vec<IpNet>,
    /// Its shares of the Pods' addresses, one for each family.
    pub shares: Vec<IpNet>,
    /// The images that it has as programs.
    pub programs: Programs,
}

/// A kubelet renews its Lease so often.
const RENEWAL: Duration = Duration::from_secs(10);

/// A Pod at work; dropping it closes its ports.
#[derive(Debug)]
struct Running {
    uid: String,
    seat: Seat,
    _servers: JoinSet<()>,
    programs: Vec<Daemon>,
}

struct Kubelet<'a> {
    client: Client,
    netlink: &'a Netlink,
    spec: &'a NodeSpec,
    network: Network,
    pods: BTreeMap<(String, String), Running>,
    /// Ends with a Pod whose programs listen.
    starting: JoinSet<anyhow::Result<Pod>>,
    /// Seen in the list that is being read.
    listed: BTreeSet<(String, String)>,
}

/// Runs the kubelet of one node, in the namespace of the calling process, for ever.
pub(crate) async fn run(client: Client, netlink: &Netlink, spec: &NodeSpec) -> anyhow::Result<()> {
    let network = Network::new(netlink, &spec.shares).await?;
    let mut kubelet = Kubelet {
        client: client.clone(),
        netlink,
        spec,
        network,
        pods: BTreeMap::new(),
        starting: JoinSet::new(),
        listed: BTreeSet::new(),
    };
    let mine = watcher::Config::default().fields(&format!("spec.nodeName={}", spec.name));
    let pods = watcher(Api::<Pod>::all(client), mine).default_backoff();
    let mut pods = std::pin::pin!(pods);
    let mut renewal = interval(RENEWAL);
    renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut registered = false;
    loop {
        let done = tokio::select! {
            _ = renewal.tick() => kubelet.renew(&mut registered).await,
            event = pods.next() => match event.context("the watch of Pods ended")? {
                Ok(event) => kubelet.follow(event).await,
                Err(error) => Err(error.into()),
            },
            Some(listening) = kubelet.starting.join_next() => kubelet.confirm(listening).await,
        };
        if let Err(error) = done {
            tracing::warn!(error = format!("{error:#}"), "kubelet");
        }
    }
}

impl Kubelet<'_> {
    /// Registers the node if needed, then says that it lives.
    async fn renew(&mut self, registered: &mut bool) -> anyhow::Result<()> {
        let nodes = Api::<Node>::all(self.client.clone());
        if !*registered {
            let node: Node = serde_json::from_value(object::node(self.spec))?;
            tolerate_existing(nodes.create(&PostParams::default(), &node).await)?;
        }
        let leases = Api::<Lease>::namespaced(self.client.clone(), "kube-node-lease");
        let apply = PatchParams::apply("kubelet").force();
        leases.patch(&self.spec.name, &apply, &Patch::Apply(object::lease(&self.spec.name))).await?;
        let strategic = Patch::Strategic(object::node_status(self.spec));
        nodes.patch_status(&self.spec.name, &PatchParams::default(), &strategic).await?;
        *registered = true;
        Ok(())
    }

    async fn follow(&mut self, event: Event<Pod>) -> anyhow::Result<()> {
        match event {
            Event::Apply(pod) => self.sync(pod).await,
            Event::Delete(pod) => self.stop(&key(&pod)).await,
            Event::Init => {
                self.listed.clear();
                Ok(())
            }
            Event::InitApply(pod) => {
                self.listed.insert(key(&pod));
                self.sync(pod).await
            }
            Event::InitDone => self.stop_unlisted().await,
        }
    }

    async fn sync(&mut self, pod: Pod) -> anyhow::Result<()> {
        let key = key(&pod);
        if pod.metadata.deletion_timestamp.is_some() {
            self.stop(&key).await?;
            return self.let_go(&pod).await;
        }
        let uid = pod.uid().unwrap_or_default();
        let known = self.pods.get(&key).is_some_and(|running| running.uid == uid);
        if known && says_running(&pod) {
            return Ok(());
        }
        if !known {
            self.stop(&key).await?;
            let running = self.start(&pod, uid).await;
            let running = running.with_context(|| format!("start Pod {}/{}", key.0, key.1))?;
            self.pods.insert(key, running);
        }
        self.tell(pod).await
    }

    async fn start(&mut self, pod: &Pod, uid: String) -> anyhow::Result<Running> {
        let name = pod.name_any();
        let seat = self.network.seat(self.netlink, &name).await?;
        let identity = Arc::new(Identity { pod: name, node: self.spec.name.clone() });
        let images = &self.spec.programs;
        let (real, echoed): (Vec<&Container>, Vec<&Container>) =
            pod.spec.iter().flat_map(|spec| &spec.containers).partition(|container| images.has(container));
        let servers = seat.namespace.enter(|| serve(&echoed, &identity))??;
        let mut programs = Vec::new();
        for container in real {
            programs.push(images.start(&self.client, pod, container, &seat.namespace).await?);
        }
        Ok(Running { uid, seat, _servers: servers, programs })
    }

    /// Reports that it runs: an echo at once, a program when it listens.
    async fn tell(&mut self, pod: Pod) -> anyhow::Result<()> {
        let Some(running) = self.pods.get(&key(&pod)) else { return Ok(()) };
        if running.programs.is_empty() {
            return self.report(&pod, &running.seat.addresses).await;
        }
        self.starting.spawn(program::until_listening(running.seat.namespace.clone(), pod));
        Ok(())
    }

    /// Reports a Pod whose programs listen now, if it is still there.
    async fn confirm(&self, listening: Result<anyhow::Result<Pod>, JoinError>) -> anyhow::Result<()> {
        let pod = listening??;
        let uid = pod.uid().unwrap_or_default();
        match self.pods.get(&key(&pod)).filter(|running| running.uid == uid) {
            Some(running) => self.report(&pod, &running.seat.addresses).await,
            None => Ok(()),
        }
    }

    async fn stop(&mut self, key: &(String, String)) -> anyhow::Result<()> {
        match self.pods.remove(key) {
            Some(running) => self.network.clear(self.netlink, running.seat).await,
            None => Ok(()),
        }
    }

    /// Pods that were deleted while nobody watched.
    async fn stop_unlisted(&mut self) -> anyhow::Result<()> {
        let gone: Vec<_> = self.pods.keys().filter(|key| !self.listed.contains(*key)).cloned().collect();
        for key in gone {
            self.stop(&key).await?;
        }
        Ok(())
    }

    async fn report(&self, pod: &Pod, addresses: &[IpAddr]) -> anyhow::Result<()> {
        let status = Patch::Strategic(object::running(pod, self.spec, addresses));
        self.api(pod).patch_status(&pod.name_any(), &PatchParams::default(), &status).await?;
        Ok(())
    }

    /// The last word of a kubelet about a Pod that is being deleted.
    async fn let_go(&self, pod: &Pod) -> anyhow::Result<()> {
        let at_once = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
        match self.api(pod).delete(&pod.name_any(), &at_once).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            done => Ok(done.map(drop)?),
        }
    }

    fn api(&self, pod: &Pod) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &pod.namespace().unwrap_or_default())
    }
}

fn key(pod: &Pod) -> (String, String) {
    (pod.namespace().unwrap_or_default(), pod.name_any())
}

fn says_running(pod: &Pod) -> bool {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running")
}

fn tolerate_existing<T>(done: Result<T, kube::Error>) -> Result<(), kube::Error> {
    match done {
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        done => done.map(drop),
    }
}

/// Opens the ports of containers in the calling thread's namespace.
fn serve(containers: &[&Container], identity: &Arc<Identity>) -> anyhow::Result<JoinSet<()>> {
    let mut servers = JoinSet::new();
    for port in containers.iter().flat_map(|container| container.ports.iter().flatten()) {
        let number = u16::try_from(port.container_port).context("containerPort")?;
        match port.protocol.as_deref() {
            None | Some("TCP") => echo::tcp(number, identity, &mut servers)?,
            Some("UDP") => echo::udp(number, identity, &mut servers)?,
            Some(_) => {}
        }
    }
    Ok(servers)
}
