//! Services by the thousand.

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Service;
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};
use serde_json::json;

use crate::server::{BURST, Server};

/// Requests of this process under way at once: as many as the controller has.
pub(crate) const AT_ONCE: usize = 16;
/// The class of Services that no controller looks at.
const NOBODYS: &str = "bench.patina.dev/nobody";

/// Whose Services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Ours,
    Nobodys,
}

/// The Services of the burst, in a namespace of their own.
pub(crate) struct Batch;

impl Batch {
    /// Creates so many of them, for the controller to serve.
    pub(crate) async fn create(server: &Server, count: usize) -> Result<Self> {
        server.namespace(BURST).await?;
        let api = server.services(BURST);
        let created = futures::stream::iter(0..count).map(|i| create(&api, name(i), Class::Ours));
        created.buffer_unordered(AT_ONCE).try_for_each(|_| async { Ok(()) }).await?;
        Ok(Self)
    }

    /// Deletes them all.
    pub(crate) async fn delete(self, server: &Server) -> Result<()> {
        let api = server.services(BURST);
        api.delete_collection(&DeleteParams::default(), &ListParams::default()).await?;
        while !api.list_metadata(&ListParams::default().limit(1)).await?.items.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

pub(crate) fn name(i: usize) -> String {
    format!("service-{i:05}")
}

/// A Service without node ports, of which there are 2,768 only, and without a selector: kube-controller-manager would
/// make EndpointSlices for minutes, beside what is measured.
pub(crate) async fn create(api: &Api<Service>, name: String, class: Class) -> Result<Service> {
    let class = (class == Class::Nobodys).then_some(NOBODYS);
    let service = serde_json::from_value(json!({
        "metadata": { "name": name },
        "spec": {
            "type": "LoadBalancer",
            "allocateLoadBalancerNodePorts": false,
            "loadBalancerClass": class,
            "ports": [{ "port": 80, "protocol": "TCP" }],
        },
    }))?;
    api.create(&PostParams::default(), &service).await.context("creating a Service")
}
