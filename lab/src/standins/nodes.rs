//! Nodes: who lives, and what follows for the Pods of one that does not.
//!
//! ```text
//!   Lease renewed or status posted ──▶ alive
//!   neither for 50 s ──▶ Ready: Unknown ──▶ its Pods not ready, taints ──▶ after their toleration
//!                                                                          (300 s) its Pods deleted
//!   posted again ──▶ Ready: True ──▶ taints gone, its Pods ready again
//! ```
//!
//! Silence is measured on the clock of this process from the last *change* that was seen; the times in
//! the objects are never compared with it. A node is looked at every five seconds, so a node that dies
//! just after a renewal is given up 50 to 55 s later, one that dies just before the next about 40 s.
//!
//! Otherwise than the real controllers: Pods of a node that comes back are made ready here (in a real
//! cluster its kubelet does that), a large outage does not slow evictions down, and Pods of a deleted
//! Node stay.
//!
//! Source: Kubernetes 1.33, defaults of the node lifecycle controller.

mod conditions;
mod eviction;
mod health;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::DeleteParams;
use kube::{Api, Client, ResourceExt};

use super::events::{Events, Told, Tone, reference};
use super::mirror::{Mirrors, filled, is_outrun};
use super::{manager, now, pods};
use crate::clock;
use health::{Health, Sign};

/// Where kubelets renew their Leases.
const LEASES: &str = "kube-node-lease";

/// `--node-monitor-period`.
const PERIOD: Duration = Duration::from_secs(5);

/// Runs the controller for ever.
pub async fn start(client: Client) {
    let mut mirrors = Mirrors::new(client);
    let nodes = mirrors.all::<Node>();
    let leases = mirrors.all::<Lease>();
    let pods = mirrors.all::<Pod>();
    filled(&nodes).await;
    filled(&leases).await;
    filled(&pods).await;
    let mut controller = Controller {
        events: Events::of("node-controller", mirrors.client()),
        client: mirrors.client().clone(),
        health: Health::default(),
    };
    loop {
        let (nodes, leases, pods) = (nodes.state(), leases.state(), pods.state());
        controller.health.keep(nodes.iter().map(|node| node.name_any()).collect());
        for node in &nodes {
            let own: Vec<&Arc<Pod>> =
                pods.iter().filter(|pod| pods::node_of(pod) == Some(node.name_any().as_str())).collect();
            if let Err(error) = controller.reconcile(node, &leases, &own).await {
                if !is_outrun(&error) {
                    tracing::warn!(%error, node = node.name_any(), "not reconciled");
                }
                mirrors.retry().await;
            }
        }
        mirrors.changed(PERIOD).await;
    }
}

struct Controller {
    events: Events,
    client: Client,
    health: Health,
}

impl Controller {
    async fn reconcile(&mut self, node: &Node, leases: &[Arc<Lease>], own: &[&Arc<Pod>]) -> kube::Result<()> {
        self.health.observe(&node.name_any(), sign(node, leases), clock::now());
        let was_ready = conditions::is_ready(node);
        let mut node = node.clone();
        if self.health.is_silent(&node.name_any(), clock::now())
            && let Some(status) = conditions::unknown(&node, &now())
        {
            node.status = Some(status);
            node = self.nodes().replace_status(&node.name_any(), &manager(), &node).await?;
        }
        if was_ready && !conditions::is_ready(&node) {
            let note = format!("Node {} status is now: NodeNotReady", node.name_any());
            self.tell(&reference(&node), "NodeNotReady", note).await;
        }
        self.taint(&node).await?;
        for pod in own {
            self.follow(&node, pod).await?;
        }
        Ok(())
    }

    async fn taint(&self, node: &Node) -> kube::Result<()> {
        let Some(taints) = conditions::taints(node, &now()) else { return Ok(()) };
        let mut new = node.clone();
        new.spec.get_or_insert_default().taints = (!taints.is_empty()).then_some(taints);
        self.nodes().replace(&node.name_any(), &manager(), &new).await.map(drop)
    }

    /// What a Pod owes to the state of its node.
    async fn follow(&self, node: &Node, pod: &Pod) -> kube::Result<()> {
        let api = Api::<Pod>::namespaced(self.client.clone(), &pod.namespace().unwrap_or_default());
        if let Some(status) = eviction::readiness(pod, conditions::is_ready(node), &now()) {
            let new = Pod { status: Some(status), ..pod.clone() };
            api.replace_status(&pod.name_any(), &manager(), &new).await?;
            if !conditions::is_ready(node) {
                self.tell(&reference(pod), "NodeNotReady", "Node is not ready".to_owned()).await;
            }
            return Ok(());
        }
        if !pods::is_terminating(pod) && eviction::is_due(node, pod, &now()) {
            api.delete(&pod.name_any(), &DeleteParams::default()).await?;
        }
        Ok(())
    }

    async fn tell(&self, object: &k8s_openapi::api::core::v1::ObjectReference, reason: &str, note: String) {
        let told = Told { reason, action: "Monitoring", note };
        self.events.tell(object, Tone::Warning, &told).await;
    }

    fn nodes(&self) -> Api<Node> {
        Api::all(self.client.clone())
    }
}

/// A node's latest sign of life.
fn sign(node: &Node, leases: &[Arc<Lease>]) -> Sign {
    let is_its = |lease: &&Arc<Lease>| {
        lease.name_any() == node.name_any() && lease.namespace().as_deref() == Some(LEASES)
    };
    let lease = leases.iter().find(is_its);
    Sign {
        renewed: lease.and_then(|lease| lease.spec.as_ref()?.renew_time.clone()),
        posted: conditions::ready(node).and_then(|condition| condition.last_heartbeat_time.clone()),
        began: conditions::ready(node).is_some(),
    }
}
