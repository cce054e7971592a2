//! What a person wants to see of a cluster: nodes and their faults, Services, their addresses and who answers.

use k8s_openapi::api::core::v1::{Node as KubeNode, Service};
use kube::api::{DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client, ResourceExt};
use serde::{Deserialize, Serialize};

use super::Cluster;

/// A cluster, seen once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct View {
    /// Nodes by name.
    pub nodes: Vec<NodeView>,
    /// Services of type LoadBalancer.
    pub services: Vec<ServiceView>,
}

/// A node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeView {
    /// Its name.
    pub name: String,
    /// Addresses on the segment.
    pub addresses: Vec<String>,
    /// Hardware address of its link.
    pub hardware: String,
    /// What Kubernetes believes.
    pub ready: bool,
    /// What was done to it.
    pub fault: Option<String>,
}

/// A Service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServiceView {
    /// `namespace/name`.
    pub name: String,
    /// Its external addresses.
    pub addresses: Vec<String>,
    /// `node link` of each ServiceL2Status about it.
    pub announced_by: Vec<String>,
}

impl View {
    pub(super) async fn of(cluster: &Cluster) -> anyhow::Result<Self> {
        let ready = ready_nodes(&cluster.kube).await?;
        let nodes = cluster.nodes().map(|node| NodeView {
            name: node.name().to_owned(),
            addresses: node.host().addresses().iter().map(|net| net.addr().to_string()).collect(),
            hardware: node.host().hardware().to_string(),
            ready: ready.iter().any(|name| name == node.name()),
            fault: node.fault().map(|fault| fault.to_string()),
        });
        Ok(Self { nodes: nodes.collect(), services: services(&cluster.kube).await? })
    }
}

/// Whether all `wanted` nodes are Ready.
///
/// # Errors
/// The API server does not answer.
pub async fn all_ready(client: &Client, wanted: &[String]) -> anyhow::Result<Option<()>> {
    let ready = ready_nodes(client).await?;
    Ok(wanted.iter().all(|name| ready.contains(name)).then_some(()))
}

async fn ready_nodes(client: &Client) -> anyhow::Result<Vec<String>> {
    let nodes = Api::<KubeNode>::all(client.clone()).list(&ListParams::default()).await?;
    Ok(nodes.items.iter().filter(|node| is_ready(node)).map(ResourceExt::name_any).collect())
}

fn is_ready(node: &KubeNode) -> bool {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

async fn services(client: &Client) -> anyhow::Result<Vec<ServiceView>> {
    let services = Api::<Service>::all(client.clone()).list(&ListParams::default()).await?;
    let told = announcements(client).await?;
    let balanced = services.items.iter().filter(|service| {
        service.spec.as_ref().and_then(|spec| spec.type_.as_deref()) == Some("LoadBalancer")
    });
    Ok(balanced
        .map(|service| {
            let name = format!("{}/{}", service.namespace().unwrap_or_default(), service.name_any());
            let own = told.iter().filter(|told| told.service == name);
            ServiceView {
                addresses: addresses(service),
                announced_by: own.map(|told| format!("{} {}", told.node, told.links.join(","))).collect(),
                name,
            }
        })
        .collect())
}

/// The addresses in a Service's status.
pub fn addresses(service: &Service) -> Vec<String> {
    let balancer = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let ingress = balancer.and_then(|balancer| balancer.ingress.as_ref()).into_iter().flatten();
    ingress.filter_map(|entry| entry.ip.clone()).collect()
}

/// One ServiceL2Status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// `namespace/name` of the Service.
    pub service: String,
    /// The node that announces.
    pub node: String,
    /// On which links.
    pub links: Vec<String>,
}

/// What the speakers say about who announces.
///
/// # Errors
/// The API server does not answer.
pub async fn announcements(client: &Client) -> anyhow::Result<Vec<Told>> {
    let kind = GroupVersionKind::gvk("metallb.io", "v1beta1", "ServiceL2Status");
    let resource = ApiResource::from_gvk_with_plural(&kind, "servicel2statuses");
    let all = Api::<DynamicObject>::all_with(client.clone(), &resource).list(&ListParams::default()).await?;
    Ok(all.items.iter().filter_map(told).collect())
}

fn told(object: &DynamicObject) -> Option<Told> {
    let status = object.data.get("status")?;
    let text = |field: &str| status.get(field)?.as_str().map(str::to_owned);
    let links = status.get("interfaces").and_then(|links| links.as_array()).into_iter().flatten();
    Some(Told {
        service: format!("{}/{}", text("serviceNamespace")?, text("serviceName")?),
        node: text("node")?,
        links: links.filter_map(|link| link.get("name")?.as_str().map(str::to_owned)).collect(),
    })
}
