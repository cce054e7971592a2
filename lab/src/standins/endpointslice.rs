//! EndpointSlices: the Pods behind each Service, one list for each family.
//!
//! A slice holds endpoints of one family that offer the same ports, at most [`MOST`] of them. An
//! endpoint stays in its slice as long as it fits there, so that little changes when little happens. A
//! Pod that is on its way out is listed until it is gone, as serving perhaps but not as ready.
//!
//! Otherwise than the real controller: topology hints and the annotation with the time of the last
//! change are not written, and Services without a selector are left to their authors altogether.

mod endpoint;
mod slices;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::DeleteParams;
use kube::{Api, Client, ResourceExt};

use super::manager;
use super::mirror::{Mirrors, filled, is_outrun};
use super::unseen::Unseen;
use crate::clock;
use slices::Change;

/// The label that names a slice's Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// The label that names a slice's author.
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";

/// The author, as the real controller calls itself.
const AUTHOR: &str = "endpointslice-controller.k8s.io";

/// Endpoints in a slice (`--max-endpoints-per-slice`).
const MOST: usize = 100;

/// Looks again without a change, in case one was missed.
const REST: Duration = Duration::from_secs(30);

/// Runs the controller for ever.
pub async fn start(client: Client) {
    let mut mirrors = Mirrors::new(client);
    let services = mirrors.all::<Service>();
    let pods = mirrors.all::<Pod>();
    let nodes = mirrors.all::<Node>();
    let slices = mirrors.all::<EndpointSlice>();
    filled(&services).await;
    filled(&pods).await;
    filled(&nodes).await;
    filled(&slices).await;
    let mut unseen = Unseen::default();
    loop {
        let world = World { pods: pods.state(), nodes: nodes.state(), slices: slices.state() };
        for service in services.state() {
            if let Err(error) = reconcile(mirrors.client(), &service, &world, &mut unseen).await {
                if !is_outrun(&error) {
                    tracing::warn!(%error, service = service.name_any(), "endpoints not written");
                }
                mirrors.retry().await;
            }
        }
        mirrors.changed(REST).await;
    }
}

/// What there is at one moment.
struct World {
    pods: Vec<Arc<Pod>>,
    nodes: Vec<Arc<Node>>,
    slices: Vec<Arc<EndpointSlice>>,
}

async fn reconcile(
    client: &Client,
    service: &Service,
    world: &World,
    unseen: &mut Unseen,
) -> kube::Result<()> {
    if !is_ours(service) {
        return Ok(());
    }
    let uid = service.uid().unwrap_or_default();
    let there = |uid: &str| world.slices.iter().any(|slice| slice.uid().as_deref() == Some(uid));
    if !unseen.is_over(&uid, there, there, clock::now()) {
        return Ok(());
    }
    let present: Vec<&EndpointSlice> =
        world.slices.iter().map(|slice| &**slice).filter(|slice| belongs(slice, service)).collect();
    let groups = endpoint::groups(service, &world.pods, &world.nodes);
    let api = Api::<EndpointSlice>::namespaced(client.clone(), &service.namespace().unwrap_or_default());
    for change in slices::changes(service, groups, &present) {
        match change {
            Change::Create(slice) => {
                let created = api.create(&manager(), &slice).await?;
                unseen.created(&uid, created.uid(), clock::now());
            }
            Change::Replace(slice) => drop(api.replace(&slice.name_any(), &manager(), &slice).await?),
            Change::Delete(slice) => {
                api.delete(&slice.name_any(), &DeleteParams::default()).await?;
                unseen.deleted(&uid, slice.uid(), clock::now());
            }
        }
    }
    Ok(())
}

/// Whether a Service's endpoints follow from its selector.
fn is_ours(service: &Service) -> bool {
    let Some(spec) = &service.spec else { return false };
    let selects = spec.selector.as_ref().is_some_and(|selector| !selector.is_empty());
    selects && spec.type_.as_deref() != Some("ExternalName") && service.metadata.deletion_timestamp.is_none()
}

fn belongs(slice: &EndpointSlice, service: &Service) -> bool {
    let label = |name: &str| slice.labels().get(name).map(String::as_str);
    slice.namespace() == service.namespace()
        && label(SERVICE_NAME) == Some(service.name_any().as_str())
        && label(MANAGED_BY) == Some(AUTHOR)
        && slice.metadata.deletion_timestamp.is_none()
}
