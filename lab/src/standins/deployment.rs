//! Deployments: a ReplicaSet for each version of the template, and the way from one to the next.
//!
//! ```text
//!   template changes ──▶ new ReplicaSet, scaled up within maxSurge
//!                        old ones scaled down within maxUnavailable
//!   all Pods new and available ──▶ Progressing: NewReplicaSetAvailable ──▶ old ones kept for undo
//! ```
//!
//! Each round takes the steps that are due ([`rollout::steps`]) and writes the status that follows
//! ([`status::status`]); the next change of a ReplicaSet rings for the next round.
//!
//! Otherwise than the real controller: while a Deployment that is between two versions is scaled, the
//! versions are not scaled in proportion but by the rules of the rollout; a paused Deployment is scaled
//! through its newest ReplicaSet alone.

mod limits;
mod revision;
mod rollout;
mod status;
mod template;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use super::events::{Events, Told, Tone, reference};
use super::mirror::{Mirrors, filled, is_outrun};
use super::{MANAGER, manager, now};
use rollout::Step;

/// Looks again without a change: a rollout that stands still is noticed by the clock alone.
const REST: Duration = Duration::from_secs(10);

/// Runs the controller for ever.
pub async fn start(client: Client) {
    let mut mirrors = Mirrors::new(client);
    let deployments = mirrors.all::<Deployment>();
    let sets = mirrors.all::<ReplicaSet>();
    filled(&deployments).await;
    filled(&sets).await;
    let controller = Controller {
        events: Events::of("deployment-controller", mirrors.client()),
        client: mirrors.client().clone(),
    };
    loop {
        for deployment in deployments.state() {
            if let Err(error) = controller.reconcile(&deployment, &sets.state()).await {
                if !is_outrun(&error) {
                    tracing::warn!(%error, deployment = deployment.name_any(), "not reconciled");
                }
                mirrors.retry().await;
            }
        }
        mirrors.changed(REST).await;
    }
}

/// Whether this ReplicaSet belongs to that Deployment.
fn owns(deployment: &Deployment, set: &ReplicaSet) -> bool {
    let uid = deployment.uid().unwrap_or_default();
    set.owner_references().iter().any(|owner| owner.controller == Some(true) && owner.uid == uid)
}

struct Controller {
    events: Events,
    client: Client,
}

impl Controller {
    async fn reconcile(&self, deployment: &Deployment, sets: &[Arc<ReplicaSet>]) -> kube::Result<()> {
        if deployment.metadata.deletion_timestamp.is_some() {
            return Ok(());
        }
        let own: Vec<&ReplicaSet> =
            sets.iter().map(|set| &**set).filter(|set| owns(deployment, set)).collect();
        for step in rollout::steps(deployment, &own) {
            self.take(deployment, step).await?;
        }
        self.revise(deployment, &own).await?;
        let status = status::status(deployment, &own, &now());
        if deployment.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let new = Deployment { status: Some(status), ..deployment.clone() };
        let api = Api::<Deployment>::namespaced(self.client.clone(), &namespace(deployment));
        api.replace_status(&deployment.name_any(), &manager(), &new).await.map(drop)
    }

    async fn take(&self, deployment: &Deployment, step: Step<'_>) -> kube::Result<()> {
        let api = Api::<ReplicaSet>::namespaced(self.client.clone(), &namespace(deployment));
        match step {
            Step::Create(set) => {
                let created = api.create(&manager(), &set).await?;
                let replicas = rollout::replicas(&set);
                self.tell(deployment, &created.name_any(), 0, replicas).await;
                Ok(())
            }
            Step::Scale { set, replicas } => {
                let mut new = set.clone();
                new.spec.get_or_insert_default().replicas = Some(replicas);
                new.annotations_mut().extend(revision::size(deployment));
                api.replace(&set.name_any(), &manager(), &new).await?;
                let before = rollout::replicas(set);
                self.tell(deployment, &set.name_any(), before, replicas).await;
                Ok(())
            }
            Step::Forget(set) => {
                let same = Preconditions { uid: set.uid(), resource_version: set.resource_version() };
                let parameters = DeleteParams { preconditions: Some(same), ..DeleteParams::default() };
                api.delete(&set.name_any(), &parameters).await.map(drop)
            }
        }
    }

    /// Numbers the versions: the newest template has the highest revision.
    async fn revise(&self, deployment: &Deployment, sets: &[&ReplicaSet]) -> kube::Result<()> {
        let Some((set, revision)) = revision::due(deployment, sets) else { return Ok(()) };
        let annotate = json!({"metadata": {"annotations": {revision::ANNOTATION: revision.to_string()}}});
        let by = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        let patch = Patch::Merge(&annotate);
        if revision::of(set) != Some(revision) {
            let api = Api::<ReplicaSet>::namespaced(self.client.clone(), &namespace(deployment));
            api.patch(&set.name_any(), &by, &patch).await?;
        }
        if revision::of(deployment) != Some(revision) {
            let api = Api::<Deployment>::namespaced(self.client.clone(), &namespace(deployment));
            api.patch(&deployment.name_any(), &by, &patch).await?;
        }
        Ok(())
    }

    async fn tell(&self, deployment: &Deployment, set: &str, before: i32, after: i32) {
        let way = if after > before { "up" } else { "down" };
        let note = format!("Scaled {way} replica set {set} from {before} to {after}");
        let told = Told { reason: "ScalingReplicaSet", action: "Scaling", note };
        self.events.tell(&reference(deployment), Tone::Normal, &told).await;
    }
}

fn namespace(deployment: &Deployment) -> String {
    deployment.namespace().unwrap_or_default()
}
