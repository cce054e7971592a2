//! The objects that a cluster's own controllers would make.

use std::net::Ipv4Addr;

use anyhow::Result;
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use patina::api::L2Advertisement;
use serde_json::json;

use crate::server::{BURST, NAMESPACE, Server};
use crate::services::{AT_ONCE, name};

/// Permission for every node to announce every pool.
pub(super) async fn advertisement(server: &Server) -> Result<()> {
    let advertisement: L2Advertisement = serde_json::from_value(json!({
        "metadata": { "name": "bench" },
        "spec": {},
    }))?;
    let api = Api::<L2Advertisement>::namespaced(server.client().clone(), NAMESPACE);
    api.create(&PostParams::default(), &advertisement).await?;
    Ok(())
}

/// A Node that is Ready.
pub(super) async fn node(server: &Server, name: &str, address: Ipv4Addr) -> Result<()> {
    let api = Api::<Node>::all(server.client().clone());
    let node = serde_json::from_value(json!({ "metadata": { "name": name } }))?;
    api.create(&PostParams::default(), &node).await?;
    let status = json!({ "status": {
        "addresses": [{ "type": "InternalIP", "address": address }],
        "conditions": [{ "type": "Ready", "status": "True" }],
    }});
    api.patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await?;
    Ok(())
}

/// A ready endpoint for each Service of the burst, on the first node.
pub(super) async fn endpoint_slices(server: &Server, count: usize) -> Result<()> {
    server.namespace(BURST).await?;
    let api = Api::<EndpointSlice>::namespaced(server.client().clone(), BURST);
    let created = futures::stream::iter(0..count).map(|i| endpoint_slice(&api, name(i)));
    created.buffer_unordered(AT_ONCE).try_for_each(|()| async { Ok(()) }).await
}

async fn endpoint_slice(api: &Api<EndpointSlice>, service: String) -> Result<()> {
    let slice = serde_json::from_value(json!({
        "metadata": { "name": service, "labels": { "kubernetes.io/service-name": service } },
        "addressType": "IPv4",
        "ports": [{ "name": "", "port": 8080, "protocol": "TCP" }],
        "endpoints": [{
            "addresses": ["10.244.1.7"],
            "nodeName": "node-1",
            "conditions": { "ready": true, "serving": true, "terminating": false },
        }],
    }))?;
    api.create(&PostParams::default(), &slice).await?;
    Ok(())
}
