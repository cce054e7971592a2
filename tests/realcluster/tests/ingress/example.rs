//! The folder examples/ingress, applied on a cluster.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret, Service};
use k8s_openapi::api::networking::v1::Ingress;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use patina_lab::cluster::addresses;
use patina_lab::manifest;
use patina_lab::wait::wait_for;
use patina_realcluster::Cluster;
use serde_json::json;

use super::browser::{Answer, Browser, Page, Scheme};
use crate::echo::{WITHIN, frames_go_to};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/ingress");

/// Of Traefik, and of its Deployment and Service.
pub(super) const TRAEFIK: &str = "traefik";
/// Of the applications.
pub(super) const APPLICATIONS: &str = "apps";
const DEPLOYMENTS: [(&str, &str); 3] =
    [(TRAEFIK, TRAEFIK), (APPLICATIONS, "shop"), (APPLICATIONS, "website")];

/// A page that an application answers.
pub(super) const SHOP: Page = Page { scheme: Scheme::Https, name: "shop.example.com", path: "/" };

/// The `externalTrafficPolicy` of Traefik's Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    Cluster,
    Local,
}

/// The example at work.
pub(super) struct Example {
    objects: Vec<DynamicObject>,
    kube: Client,
    pub(super) address: IpAddr,
    browser: Browser,
}

impl Example {
    /// Applies it, and waits until Traefik leads to an application.
    pub(super) async fn apply(cluster: &Cluster, policy: Policy) -> anyhow::Result<Self> {
        let kube = cluster.kube().clone();
        let mut objects = manifest::read_folder(Path::new(FOLDER))?;
        for service in objects.iter_mut().filter(|object| is_front(object)) {
            service.data["spec"]["externalTrafficPolicy"] = json!(format!("{policy:?}"));
        }
        manifest::apply(&kube, &objects).await?;
        let address = assigned(&kube).await?;
        let secrets = Api::<Secret>::namespaced(kube.clone(), APPLICATIONS);
        let secret = secrets.get("example-com").await?.data.unwrap_or_default();
        let certificate = secret.get("tls.crt").context("no certificate in the Secret")?;
        let example = Self { browser: Browser::new(address, &certificate.0)?, objects, kube, address };
        example.until_rolled_out().await?;
        example.until_steady(cluster).await?;
        Ok(example)
    }

    /// Takes it away, and waits until nothing of it is left.
    pub(super) async fn gone(self) -> anyhow::Result<()> {
        manifest::delete(&self.kube, &self.objects).await?;
        let namespaces = Api::<Namespace>::all(self.kube.clone());
        for name in [TRAEFIK, APPLICATIONS] {
            let look = async || Ok(namespaces.get_opt(name).await?.is_none().then_some(()));
            wait_for(&format!("Namespace {name} is gone"), 2 * WITHIN, look).await?;
        }
        Ok(())
    }

    /// Asks once, as the client.
    pub(super) async fn get(&self, cluster: &Cluster, page: Page) -> anyhow::Result<Answer> {
        self.browser.get(cluster.client(), page).await.with_context(|| format!("{page:?}"))
    }

    /// Asks until a Pod of this application answers.
    pub(super) async fn until_answered_by(
        &self,
        application: &str,
        cluster: &Cluster,
        page: Page,
    ) -> anyhow::Result<Answer> {
        let look = async || {
            let answer = self.get(cluster, page).await?;
            let pod = answer.word("pod")?;
            ensure!(pod.starts_with(&format!("{application}-")), "{page:?}: answered by {pod}");
            Ok(Some(answer))
        };
        wait_for(&format!("{page:?} is answered by {application}"), WITHIN, look).await
    }

    /// Waits until many requests in a row are answered.
    pub(super) async fn until_steady(&self, cluster: &Cluster) -> anyhow::Result<()> {
        const IN_A_ROW: usize = 20;
        let look = async || {
            for _ in 0..IN_A_ROW {
                self.get(cluster, SHOP).await?.word("pod")?;
            }
            Ok(Some(()))
        };
        wait_for("many answers in a row", WITHIN, look).await
    }

    /// The node to which the client's frames for the address go.
    pub(super) async fn announcer(&self, cluster: &Cluster) -> anyhow::Result<String> {
        frames_go_to(cluster, self.address).await
    }

    /// The nodes that have a Traefik Pod.
    pub(super) async fn front_nodes(&self) -> anyhow::Result<BTreeSet<String>> {
        let pods = Api::<Pod>::namespaced(self.kube.clone(), TRAEFIK);
        let pods = pods.list(&ListParams::default()).await?.items.into_iter();
        let staying = pods.filter(|pod| pod.metadata.deletion_timestamp.is_none());
        Ok(staying.filter_map(|pod| pod.spec?.node_name).collect())
    }

    /// The addresses in the status of its Ingress.
    pub(super) async fn published(&self) -> anyhow::Result<Vec<String>> {
        let ingress = Api::<Ingress>::namespaced(self.kube.clone(), APPLICATIONS).get("example").await?;
        let listed = ingress.status.and_then(|status| status.load_balancer?.ingress).unwrap_or_default();
        Ok(listed.into_iter().filter_map(|entry| entry.ip).collect())
    }

    /// Moves the Pods of a namespace to one node, as a rolling update.
    pub(super) async fn move_to(&self, node: &str, namespace: &str) -> anyhow::Result<()> {
        let there =
            json!({"spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/hostname": node}}}}});
        for (_, name) in DEPLOYMENTS.iter().filter(|(of, _)| *of == namespace) {
            let deployments = Api::<Deployment>::namespaced(self.kube.clone(), namespace);
            deployments.patch(name, &PatchParams::default(), &Patch::Merge(&there)).await?;
        }
        self.until_rolled_out().await
    }

    async fn until_rolled_out(&self) -> anyhow::Result<()> {
        for (namespace, name) in DEPLOYMENTS {
            let deployments = Api::<Deployment>::namespaced(self.kube.clone(), namespace);
            let look = async || Ok(is_rolled_out(&deployments.get(name).await?).then_some(()));
            wait_for(&format!("Deployment {namespace}/{name} is rolled out"), 2 * WITHIN, look).await?;
        }
        Ok(())
    }
}

fn is_front(object: &DynamicObject) -> bool {
    let kind = object.types.as_ref().map(|types| types.kind.as_str());
    kind == Some("Service") && object.namespace().as_deref() == Some(TRAEFIK)
}

async fn assigned(kube: &Client) -> anyhow::Result<IpAddr> {
    let services = Api::<Service>::namespaced(kube.clone(), TRAEFIK);
    let look = async || {
        let found = addresses(&services.get(TRAEFIK).await?);
        Ok(found.first().map(|address| address.parse()).transpose()?)
    };
    wait_for("Traefik's Service has its address", WITHIN, look).await
}

/// What `kubectl rollout status` asks: every Pod is of the newest template and available, and no other is left.
fn is_rolled_out(deployment: &Deployment) -> bool {
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas);
    let Some(status) = &deployment.status else { return false };
    status.observed_generation == deployment.metadata.generation
        && [status.replicas, status.updated_replicas, status.available_replicas].iter().all(|n| *n == wanted)
}
