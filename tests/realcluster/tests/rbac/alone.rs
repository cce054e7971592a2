//! One daemon alone in a cluster, with objects that make it use every right it has.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, ensure};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Secret, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource};
use patina::api::{ConfigurationState, PoolState, ServiceL2Status};
use patina_lab::cluster::{NAMESPACE, addresses, announcements};
use patina_lab::daemon::{Daemon, Keep, Launch};
use patina_lab::manifest;
use patina_lab::netns::Namespace;
use patina_lab::wait::wait_for;
use patina_realcluster::Cluster;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::WITHIN;
use super::rights::Right;
use crate::metrics::scrape;
use crate::stage::PATINA;

const WEB: &str = "rbac";
const NODE: &str = "node-1";
const METRICS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9120);

/// Which daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Controller,
    /// A controller that serves its webhook and does nothing else.
    Webhook,
    Speaker,
}

impl Part {
    /// Its verb, and its ServiceAccount.
    pub(super) const fn account(self) -> &'static str {
        match self {
            Self::Controller | Self::Webhook => "controller",
            Self::Speaker => "speaker",
        }
    }

    fn arguments(self) -> Vec<String> {
        let only = (self == Self::Webhook).then(|| "--webhook-mode=onlywebhook".to_owned());
        std::iter::once(self.account().to_owned()).chain(only).collect()
    }
}

/// A cluster as it finds it.
pub(super) struct Alone<'a> {
    cluster: &'a Cluster,
    part: Part,
    service: String,
    round: usize,
    /// Everything that it writes of its own will is provoked.
    withdrawn: bool,
}

impl<'a> Alone<'a> {
    /// Makes objects that nobody has looked at yet.
    pub(super) async fn prepare(cluster: &'a Cluster, part: Part, round: usize) -> anyhow::Result<Self> {
        let service = format!("{part:?}-{round}").to_lowercase();
        let alone = Self { cluster, part, service, round, withdrawn: false };
        alone.forget().await?;
        alone.make(round).await?;
        Ok(alone)
    }

    fn kube(&self) -> &Client {
        self.cluster.kube()
    }

    fn namespace(&self) -> anyhow::Result<&Namespace> {
        Ok(match self.part {
            Part::Controller | Part::Webhook => self.cluster.api_host().namespace(),
            Part::Speaker => self.cluster.node(NODE)?.host().namespace(),
        })
    }

    /// Starts it as its manifest does.
    pub(super) fn start(&self) -> anyhow::Result<Daemon> {
        let folder = self.cluster.folder();
        let key = folder.join("rbac-key");
        std::fs::create_dir_all(&key)?;
        std::fs::write(key.join("secretkey"), "sixteen bytes and more")?;
        let account = folder.join("kubeconfigs").join(self.part.account());
        let own = match self.part {
            Part::Controller | Part::Webhook => ("METALLB_DEPLOYMENT", "controller".to_owned()),
            Part::Speaker => ("METALLB_ML_SECRET_KEY_PATH", key.display().to_string()),
        };
        let environment = vec![
            ("KUBECONFIG", account.display().to_string()),
            ("METALLB_NAMESPACE", NAMESPACE.to_owned()),
            ("METALLB_POD_NAME", self.service.clone()),
            ("METALLB_NODE_NAME", NODE.to_owned()),
            own,
        ];
        let launch = Launch {
            program: Path::new(PATINA),
            arguments: self.part.arguments(),
            environment,
            keep: Keep::Shipped,
            log: folder.join(format!("rbac-{}.log", self.service)),
        };
        Ok(Daemon::start(self.namespace()?, launch)?)
    }

    /// Makes it use what it does not use of its own will at its start.
    pub(super) async fn provoke(&mut self, right: &Right) -> anyhow::Result<()> {
        if right.is_about("tokenreviews") || right.is_about("subjectaccessreviews") {
            let token = self.cluster.folder().join("kubeconfigs/speaker.token");
            let token = std::fs::read_to_string(token)?;
            let (code, told) = scrape(self.namespace()?, METRICS, Some(token))?;
            ensure!(code == 503, "without the API server's word: {code} {told}");
        }
        if right.is_about("poolstates") {
            self.release().await?;
        }
        let announced = announcements(self.kube()).await?.iter().any(|told| told.node == NODE);
        if self.part == Part::Speaker && announced && !self.withdrawn {
            self.withdrawn = true;
            Api::<Service>::namespaced(self.kube().clone(), WEB)
                .delete(&self.service, &DeleteParams::default())
                .await?;
        }
        Ok(())
    }

    /// Makes it let go of an address: the first is written down anew, the next beside it.
    async fn release(&self) -> anyhow::Result<()> {
        let services = Api::<Service>::namespaced(self.kube().clone(), WEB);
        match services.get_opt(&self.service).await? {
            None => {
                let objects = manifest::parse("once more", &objects(&self.service, self.round))?;
                manifest::apply(self.kube(), &objects).await.map(drop)
            }
            Some(service) if addresses(&service).is_empty() => Ok(()),
            Some(_) => {
                services.delete(&self.service, &DeleteParams::default()).await.map(drop).context("delete")
            }
        }
    }

    /// Waits until the Service has its address and the key is there.
    pub(super) async fn until_served(&self) -> anyhow::Result<()> {
        let services = Api::<Service>::namespaced(self.kube().clone(), WEB);
        let look = async || {
            let found = addresses(&services.get(&self.service).await?);
            Ok((!found.is_empty()).then_some(()))
        };
        wait_for("the Service has an address", WITHIN, look).await
    }

    /// What a daemon before this one has left behind.
    async fn forget(&self) -> anyhow::Result<()> {
        delete::<Lease>(self.kube(), "patina-controller").await?;
        delete::<Secret>(self.kube(), "metallb-memberlist").await?;
        delete::<Secret>(self.kube(), "metallb-webhook-cert").await?;
        let statuses = l2statuses(self.kube());
        let every = kube::api::ListParams::default();
        statuses.delete_collection(&DeleteParams::default(), &every).await?;
        for states in [ApiResource::erase::<ConfigurationState>(&()), ApiResource::erase::<PoolState>(&())] {
            let states = Api::<DynamicObject>::namespaced_with(self.kube().clone(), NAMESPACE, &states);
            states.delete_collection(&DeleteParams::default(), &every).await?;
        }
        Ok(())
    }

    async fn make(&self, round: usize) -> anyhow::Result<()> {
        let objects = objects(&self.service, round);
        manifest::apply(self.kube(), &manifest::parse("objects of a round", &objects)?).await?;
        match self.part {
            Part::Controller => self.leave_a_status_of_a_node_that_is_gone().await,
            Part::Webhook => self.leave_an_empty_secret().await,
            Part::Speaker => self.assign().await,
        }
    }

    async fn leave_a_status_of_a_node_that_is_gone(&self) -> anyhow::Result<()> {
        let status = json!({"node": "gone", "serviceName": self.service, "serviceNamespace": WEB});
        let object = json!({
            "apiVersion": "metallb.io/v1beta1", "kind": "ServiceL2Status",
            "metadata": {"name": self.service, "namespace": NAMESPACE}, "spec": {},
        });
        let statuses = l2statuses(self.kube());
        statuses.patch(&self.service, &PatchParams::apply("test"), &Patch::Apply(object)).await?;
        let written = Patch::Merge(json!({ "status": status }));
        statuses.patch_status(&self.service, &PatchParams::default(), &written).await?;
        Ok(())
    }

    /// As MetalLB's manifests bring it along.
    async fn leave_an_empty_secret(&self) -> anyhow::Result<()> {
        let metadata = ObjectMeta { name: Some("metallb-webhook-cert".to_owned()), ..ObjectMeta::default() };
        let secret = Secret { metadata, ..Secret::default() };
        Api::namespaced(self.kube().clone(), NAMESPACE).create(&PostParams::default(), &secret).await?;
        Ok(())
    }

    /// In the controller's stead.
    async fn assign(&self) -> anyhow::Result<()> {
        let services = Api::<Service>::namespaced(self.kube().clone(), WEB);
        let status = json!({"status": {"loadBalancer": {"ingress": [{"ip": "192.168.50.200"}]}}});
        services.patch_status(&self.service, &PatchParams::default(), &Patch::Merge(status)).await?;
        Ok(())
    }
}

fn l2statuses(kube: &Client) -> Api<DynamicObject> {
    Api::namespaced_with(kube.clone(), NAMESPACE, &ApiResource::erase::<ServiceL2Status>(&()))
}

async fn delete<K>(kube: &Client, name: &str) -> anyhow::Result<()>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let gone = Api::<K>::namespaced(kube.clone(), NAMESPACE).delete(name, &DeleteParams::default()).await;
    match gone {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        gone => gone.map(drop).context("delete"),
    }
}

/// A pool and an advertisement, a Service without Pods, and an endpoint of it on the one node.
fn objects(service: &str, round: usize) -> String {
    format!(
        "
apiVersion: v1
kind: Namespace
metadata: {{name: {WEB}}}
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {{name: rbac, namespace: {NAMESPACE}}}
spec: {{addresses: [192.168.50.200/29, 192.168.51.0/24]}}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {{name: rbac-{round}, namespace: {NAMESPACE}}}
spec: {{ipAddressPools: [rbac]}}
---
apiVersion: v1
kind: Service
metadata: {{name: {service}, namespace: {WEB}}}
spec: {{type: LoadBalancer, allocateLoadBalancerNodePorts: false, ports: [{{port: 80}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {service}, namespace: {WEB}, labels: {{kubernetes.io/service-name: {service}}}}}
addressType: IPv4
ports: [{{port: 80}}]
endpoints: [{{addresses: [10.99.0.1], nodeName: {NODE}, conditions: {{ready: true}}}}]
"
    )
}
