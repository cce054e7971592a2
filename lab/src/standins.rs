//! What stands in for kube-controller-manager and kube-scheduler.
//!
//! ```text
//!   Deployment ──▶ ReplicaSet ──▶ Pods ──▶ (bound to a node) ──▶ kubelet
//!   Service + Pods ──▶ EndpointSlices ──▶ kube-proxy, controller, speakers
//!   Lease not renewed ──▶ Node Unknown ──▶ its Pods not ready ──▶ its endpoints not ready
//! ```
//!
//! Each stand-in is a pure decision about objects and a loop that mirrors them, decides and writes. The
//! loops know nothing of each other: like the real controllers they meet in the API server alone.
//!
//! Otherwise than in a real cluster: there are no DaemonSets, StatefulSets and Jobs (such objects are
//! kept and nothing comes of them), no `Endpoints` objects, and the scheduler weighs nodes by their
//! Pods only.

mod deployment;
mod endpointslice;
mod events;
mod mirror;
mod nodes;
mod pods;
mod replicaset;
#[cfg(test)]
mod samples;
mod scheduler;
#[cfg(test)]
mod tests;
mod unseen;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use kube::api::PostParams;
use tokio::task::JoinSet;

pub use deployment::start as start_deployments;
pub use endpointslice::start as start_endpoint_slices;
pub use nodes::start as start_nodes;
pub use replicaset::start as start_replica_sets;
pub use scheduler::start as start_scheduler;

/// The name under which the stand-ins write, as kube-controller-manager does.
const MANAGER: &str = "kube-controller-manager";

fn manager() -> PostParams {
    PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() }
}

/// Now, as Kubernetes writes times.
fn now() -> Time {
    Time(Timestamp::from_second(crate::clock::unix_seconds()).unwrap_or_default())
}

/// All stand-ins at work; dropping this ends them.
#[derive(Debug)]
pub struct StandIns {
    _tasks: JoinSet<()>,
}

impl StandIns {
    /// Starts all of them. They wait for the API server and for each other by themselves.
    pub fn start(client: &Client) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(start_deployments(client.clone()));
        tasks.spawn(start_replica_sets(client.clone()));
        tasks.spawn(start_scheduler(client.clone()));
        tasks.spawn(start_endpoint_slices(client.clone()));
        tasks.spawn(start_nodes(client.clone()));
        Self { _tasks: tasks }
    }
}
