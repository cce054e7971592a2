//! Services that need no external IP: nobody of this project writes to them, whatever happens beside them.

use anyhow::ensure;
use k8s_openapi::api::core::v1::{Event, Namespace};
use kube::api::{DeleteParams, GetParams, ListParams};
use kube::core::Request;
use kube::{Api, Client};
use patina_lab::manifest;
use patina_realcluster::{Cluster, Part};
use serde_json::Value;

use crate::NODES;
use crate::echo::Plan;

const NAMESPACE: &str = "untouched";
/// Who speaks of Services for this project. Kubernetes itself may speak of them, too, after a restart of its parts.
const OURS: [&str; 2] = ["metallb-controller", "metallb-speaker"];
const NAMES: [&str; 4] = ["inside", "headless", "on-nodes", "elsewhere"];
const SERVICES: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: untouched}
---
apiVersion: v1
kind: Service
metadata: {name: inside, namespace: untouched}
spec: {type: ClusterIP, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: headless, namespace: untouched}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: on-nodes, namespace: untouched}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere, namespace: untouched}
spec: {type: ExternalName, externalName: www.example.com}
";

pub(super) async fn stay(cluster: &mut Cluster) -> anyhow::Result<()> {
    let kube = cluster.kube().clone();
    manifest::apply(&kube, &manifest::parse("services", SERVICES)?).await?;
    let before = texts(&kube).await?;
    // Whoever has given this one its address has seen those above: now, and again after its restart.
    Plan::new("beside-1", &NODES[..1]).serve(cluster).await?.gone(cluster).await?;
    cluster.stop_part(Part::Controller).await?;
    cluster.start_part(Part::Controller)?;
    Plan::new("beside-2", &NODES[..1]).serve(cluster).await?.gone(cluster).await?;
    let after = texts(&kube).await?;
    ensure!(before == after, "changed from {before:#?} to {after:#?}");
    let events = Api::<Event>::namespaced(kube.clone(), NAMESPACE).list(&ListParams::default()).await?.items;
    let ours = |event: &&Event| event.reporting_component.as_deref().is_some_and(|by| OURS.contains(&by));
    let events: Vec<_> = events.iter().filter(ours).collect();
    ensure!(events.is_empty(), "{events:#?}");
    let writes = writes(&cluster.audit().events()?);
    ensure!(writes.is_empty(), "{writes:#?}");
    Api::<Namespace>::all(kube).delete(NAMESPACE, &DeleteParams::background()).await?;
    Ok(())
}

/// The Services as the API server tells them, byte by byte.
async fn texts(kube: &Client) -> anyhow::Result<Vec<String>> {
    let mut texts = Vec::new();
    for name in NAMES {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/services");
        texts.push(kube.request_text(Request::new(path).get(name, &GetParams::default())?).await?);
    }
    Ok(texts)
}

/// What the project's accounts did in the namespace, apart from reading.
fn writes(events: &[Value]) -> Vec<String> {
    let text =
        |event: &Value, at: &str| event.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ours = |event: &&Value| {
        text(event, "/user/username").starts_with("system:serviceaccount:metallb-system:")
            && text(event, "/objectRef/namespace") == NAMESPACE
            && !["get", "list", "watch"].contains(&text(event, "/verb").as_str())
    };
    events.iter().filter(ours).map(Value::to_string).collect()
}
