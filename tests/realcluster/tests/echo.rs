//! A Service with Pods that tell who answered whom, and those who ask.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, ensure};
use k8s_openapi::api::core::v1::{Namespace, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client};
use patina_lab::cluster::{addresses, announcements};
use patina_lab::host::Host;
use patina_lab::http::{self, Url};
use patina_lab::manifest;
use patina_lab::wait::wait_for;
use patina_realcluster::Cluster;
use serde_json::{Value, from_value, json};
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// Every wait ends here, however slow the machine is.
pub(crate) const WITHIN: Duration = Duration::from_secs(60);
/// A datagram that nobody answered is sent again.
const PATIENCE: Duration = Duration::from_millis(500);

/// Ports of every Service here.
pub(crate) const HTTP: u16 = 80;
pub(crate) const UDP: u16 = 8081;

const POOL: &str = "
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: lan, namespace: metallb-system}
spec: {addresses: [192.168.50.240-192.168.50.249, 'fd00:50::240-fd00:50::24f']}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: lan, namespace: metallb-system}
spec: {ipAddressPools: [lan]}
";

/// What a Service should be.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    namespace: String,
    nodes: Vec<String>,
    spec: Value,
}

/// A Service that answers.
#[derive(Clone, Debug)]
pub(crate) struct Echo {
    pub(crate) namespace: String,
    /// External addresses in the order of the Service's families.
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) cluster_ips: Vec<IpAddr>,
    pub(crate) http_node_port: u16,
    pub(crate) udp_node_port: u16,
}

/// What a Pod says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reply {
    /// The node that the Pod is on.
    pub(crate) node: String,
    /// The address from which the Pod was asked.
    pub(crate) client: IpAddr,
}

/// By which protocol to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Tcp,
    Udp,
}

impl Plan {
    /// A Service `web` of both families in a namespace of its own, with a Pod on each of the nodes.
    pub(crate) fn new(namespace: &str, nodes: &[&str]) -> Self {
        let spec = json!({
            "type": "LoadBalancer", "selector": {"app": "web"}, "ipFamilyPolicy": "RequireDualStack",
            "ipFamilies": ["IPv4", "IPv6"],
            "ports": [
                {"name": "http", "port": HTTP, "targetPort": 8080, "protocol": "TCP"},
                {"name": "echo", "port": UDP, "targetPort": 8081, "protocol": "UDP"},
            ],
        });
        Self { namespace: namespace.to_owned(), nodes: nodes.iter().map(|n| (*n).to_owned()).collect(), spec }
    }

    /// With a field of the Service's spec set otherwise.
    pub(crate) fn with(mut self, field: &str, value: Value) -> Self {
        self.spec[field] = value;
        self
    }

    /// Makes it, and waits until every address answers.
    pub(crate) async fn serve(&self, cluster: &Cluster) -> anyhow::Result<Echo> {
        let kube = cluster.kube();
        manifest::apply(kube, &manifest::parse("pool", POOL)?).await?;
        let namespaces = Api::<Namespace>::all(kube.clone());
        let namespace = from_value(json!({"metadata": {"name": self.namespace}}))?;
        namespaces.create(&PostParams::default(), &namespace).await?;
        for node in &self.nodes {
            pod_on(kube, &self.namespace, node).await?;
        }
        let service = from_value(json!({"metadata": {"name": "web"}, "spec": self.spec}))?;
        services(kube, &self.namespace).create(&PostParams::default(), &service).await?;
        let echo = self.assigned(kube).await?;
        until_endpoints(kube, &self.namespace, &self.nodes).await?;
        for address in &echo.addresses {
            ask(cluster.client(), By::Tcp, (*address, HTTP).into()).await?;
        }
        Ok(echo)
    }

    async fn assigned(&self, kube: &Client) -> anyhow::Result<Echo> {
        let services = services(kube, &self.namespace);
        let look = async || {
            let service = services.get("web").await?;
            let spec = service.spec.clone().context("no spec")?;
            let found = addresses(&service);
            let cluster_ips = spec.cluster_ips.clone().unwrap_or_default();
            Ok((found.len() == cluster_ips.len()).then_some((found, cluster_ips, spec)))
        };
        let (found, cluster_ips, spec) = wait_for("an address of each family", WITHIN, look).await?;
        let port = |name: &str| {
            let named = spec.ports.iter().flatten().find(|port| port.name.as_deref() == Some(name));
            named
                .and_then(|port| port.node_port)
                .and_then(|port| u16::try_from(port).ok())
                .context("no node port")
        };
        Ok(Echo {
            namespace: self.namespace.clone(),
            addresses: parsed(&found)?,
            cluster_ips: parsed(&cluster_ips)?,
            http_node_port: port("http")?,
            udp_node_port: port("echo")?,
        })
    }
}

impl Echo {
    /// Takes it away, and waits until nobody announces it.
    pub(crate) async fn gone(self, cluster: &Cluster) -> anyhow::Result<()> {
        let kube = cluster.kube();
        services(kube, &self.namespace).delete("web", &DeleteParams::default()).await?;
        let name = self.service();
        let silent = async || {
            let told = announcements(kube).await?;
            Ok(told.iter().all(|told| told.service != name).then_some(()))
        };
        wait_for("no status of the Service", WITHIN, silent).await?;
        Api::<Namespace>::all(kube.clone()).delete(&self.namespace, &DeleteParams::background()).await?;
        Ok(())
    }

    /// `namespace/name`.
    pub(crate) fn service(&self) -> String {
        format!("{}/web", self.namespace)
    }

    /// The addresses that the Service's status has now.
    pub(crate) async fn status(&self, cluster: &Cluster) -> anyhow::Result<Vec<IpAddr>> {
        parsed(&addresses(&services(cluster.kube(), &self.namespace).get("web").await?))
    }

    /// Waits until the ServiceL2Status objects name the nodes to which the client sends frames, and says which node
    /// has which address, in their order.
    pub(crate) async fn announcers(&self, cluster: &Cluster) -> anyhow::Result<Vec<String>> {
        let look = async || {
            let mut seen = Vec::new();
            for address in &self.addresses {
                seen.push(frames_go_to(cluster, *address).await?);
            }
            let told = announcements(cluster.kube()).await?.into_iter();
            let told: BTreeSet<String> =
                told.filter(|told| told.service == self.service()).map(|told| told.node).collect();
            let set: BTreeSet<String> = seen.iter().cloned().collect();
            ensure!(set == told, "frames go to {seen:?}, and the status names {told:?}");
            Ok(Some(seen))
        };
        wait_for("the status names the nodes to which frames go", WITHIN, look).await
    }
}

/// The node that has the hardware address in the client's neighbour cache.
pub(crate) async fn frames_go_to(cluster: &Cluster, address: IpAddr) -> anyhow::Result<String> {
    let entry = cluster.client().neighbour(address).await?;
    let hardware =
        entry.and_then(|entry| entry.hardware).with_context(|| format!("{address} is not cached"))?;
    let node = cluster.node_with(hardware).with_context(|| format!("{hardware} is no node's"))?;
    Ok(node.name().to_owned())
}

/// Waits until kube-proxy on every node knows the Service: until then an address may move to a node that leads nowhere.
pub(crate) async fn until_proxied(cluster: &Cluster, echo: &Echo) -> anyhow::Result<()> {
    for node in cluster.nodes() {
        for net in node.host().addresses() {
            ask(cluster.client(), By::Udp, (net.addr(), echo.udp_node_port).into()).await?;
        }
    }
    Ok(())
}

/// Asks until somebody answers.
pub(crate) async fn ask(host: &Host, by: By, at: SocketAddr) -> anyhow::Result<Reply> {
    wait_for(&format!("an answer from {at} by {by:?}"), WITHIN, async || Ok(Some(once(host, by, at).await?)))
        .await
}

/// Asks until every node of these has answered, and says from which addresses the Pods were asked.
pub(crate) async fn ask_all(
    host: &Host,
    by: By,
    at: SocketAddr,
    nodes: &[&str],
) -> anyhow::Result<BTreeSet<IpAddr>> {
    let mut replies = BTreeSet::new();
    let look = async || {
        replies.insert(once(host, by, at).await?);
        let heard: BTreeSet<&str> = replies.iter().map(|reply| reply.node.as_str()).collect();
        ensure!(heard.iter().all(|node| nodes.contains(node)), "{at} by {by:?}: answered by {heard:?}");
        Ok((heard.len() == nodes.len()).then(|| replies.iter().map(|reply| reply.client).collect()))
    };
    wait_for(&format!("answers from {at} by {by:?} on {nodes:?}"), WITHIN, look).await
}

/// Asks once.
pub(crate) async fn once(host: &Host, by: By, at: SocketAddr) -> anyhow::Result<Reply> {
    let text = match by {
        By::Tcp => http::get(host, &Url::root(at)).await?.body,
        By::Udp => timeout(PATIENCE, datagram(host, at)).await??,
    };
    let word = |name: &str| text.split_whitespace().find_map(|word| word.strip_prefix(name));
    let (node, client) = word("node=").zip(word("client=")).with_context(|| format!("an echo: {text}"))?;
    Ok(Reply { node: node.to_owned(), client: client.parse()? })
}

async fn datagram(host: &Host, at: SocketAddr) -> anyhow::Result<String> {
    let any: IpAddr = if at.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = host.namespace().enter(|| std::net::UdpSocket::bind((any, 0)))??;
    socket.set_nonblocking(true)?;
    let socket = UdpSocket::from_std(socket)?;
    socket.send_to(b"hello", at).await?;
    let mut answer = [0; 512];
    let (length, _) = socket.recv_from(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}

fn services(kube: &Client, namespace: &str) -> Api<Service> {
    Api::namespaced(kube.clone(), namespace)
}

/// The real server refuses Pods until the namespace has its ServiceAccount.
async fn pod_on(kube: &Client, namespace: &str, node: &str) -> anyhow::Result<()> {
    let ports = json!([{"containerPort": 8080}, {"containerPort": 8081, "protocol": "UDP"}]);
    let pod: Pod = from_value(json!({
        "metadata": {"name": format!("web-{node}"), "labels": {"app": "web"}},
        "spec": {"nodeName": node, "containers": [{"name": "echo", "image": "echo", "ports": ports}]},
    }))?;
    let pods = Api::<Pod>::namespaced(kube.clone(), namespace);
    let make = async || Ok(Some(pods.create(&PostParams::default(), &pod).await?));
    wait_for(&format!("a Pod on {node}"), WITHIN, make).await.map(drop)
}

/// Waits until the Service's endpoints of every family are ready on just these nodes.
pub(crate) async fn until_endpoints(kube: &Client, namespace: &str, nodes: &[String]) -> anyhow::Result<()> {
    let slices = Api::<EndpointSlice>::namespaced(kube.clone(), namespace);
    let wanted: BTreeSet<String> = nodes.iter().cloned().collect();
    let look = async || {
        let slices = slices.list(&ListParams::default()).await?.items;
        let ready = slices.iter().map(ready_nodes);
        Ok((!slices.is_empty() && ready.into_iter().all(|ready| ready == wanted)).then_some(()))
    };
    wait_for(&format!("ready endpoints on {nodes:?}"), 2 * WITHIN, look).await
}

fn ready_nodes(slice: &EndpointSlice) -> BTreeSet<String> {
    let ready = |endpoint: &&k8s_openapi::api::discovery::v1::Endpoint| {
        endpoint.conditions.as_ref().and_then(|conditions| conditions.ready) == Some(true)
    };
    slice.endpoints.iter().filter(ready).filter_map(|endpoint| endpoint.node_name.clone()).collect()
}

fn parsed(texts: &[String]) -> anyhow::Result<Vec<IpAddr>> {
    Ok(texts.iter().map(|text| text.parse()).collect::<Result<_, _>>()?)
}
