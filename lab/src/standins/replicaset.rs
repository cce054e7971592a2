//! ReplicaSets: as many Pods as asked for.
//!
//! Pods that are being deleted or have ended do not count. Pods that must go are chosen as the real
//! controller does: first those without a node, then those not running, then those not ready, then the
//! youngest.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::DeleteParams;
use kube::runtime::reflector::Store;
use kube::{Api, Client, Resource, ResourceExt};

use super::events::{Events, Told, Tone, reference};
use super::manager;
use super::mirror::{Mirrors, filled, is_outrun};
use super::pods;
use super::unseen::Unseen;
use crate::clock;

/// Looks again without a change, in case one was missed.
const REST: Duration = Duration::from_secs(30);

/// Runs the controller for ever.
pub async fn start(client: Client) {
    let mut mirrors = Mirrors::new(client);
    let sets = mirrors.all::<ReplicaSet>();
    let pods = mirrors.all::<Pod>();
    filled(&sets).await;
    filled(&pods).await;
    let mut controller = Controller {
        events: Events::of("replicaset-controller", mirrors.client()),
        client: mirrors.client().clone(),
        pods,
        unseen: Unseen::default(),
    };
    loop {
        for set in sets.state() {
            if let Err(error) = controller.reconcile(&set).await {
                if !is_outrun(&error) {
                    tracing::warn!(%error, replica_set = set.name_any(), "not reconciled");
                }
                mirrors.retry().await;
            }
        }
        mirrors.changed(REST).await;
    }
}

struct Controller {
    events: Events,
    client: Client,
    pods: Store<Pod>,
    unseen: Unseen,
}

impl Controller {
    async fn reconcile(&mut self, set: &ReplicaSet) -> kube::Result<()> {
        if set.metadata.deletion_timestamp.is_some() {
            return Ok(());
        }
        let uid = set.uid().unwrap_or_default();
        let all = self.pods.state();
        let with = |uid: &str| all.iter().find(|pod| pod.uid().as_deref() == Some(uid));
        let alive = |uid: &str| with(uid).is_some_and(|pod| pods::is_active(pod));
        if !self.unseen.is_over(&uid, |uid| with(uid).is_some(), alive, clock::now()) {
            return Ok(());
        }
        let own: Vec<&Pod> =
            all.iter().map(|pod| &**pod).filter(|pod| pods::is_owned_by(pod, &uid)).collect();
        let active: Vec<&Pod> = own.into_iter().filter(|pod| pods::is_active(pod)).collect();
        self.carry_out(set, &plan(set, &active)).await?;
        self.write_status(set, status(set, &active)).await
    }

    async fn carry_out(&mut self, set: &ReplicaSet, plan: &Plan<'_>) -> kube::Result<()> {
        let api = Api::<Pod>::namespaced(self.client.clone(), &set.namespace().unwrap_or_default());
        let uid = set.uid().unwrap_or_default();
        for _ in 0..plan.create {
            let pod = api.create(&manager(), &new_pod(set)).await?;
            self.unseen.created(&uid, pod.uid(), clock::now());
            let note = format!("Created pod: {}", pod.name_any());
            self.tell(set, "SuccessfulCreate", note).await;
        }
        for pod in &plan.delete {
            api.delete(&pod.name_any(), &DeleteParams::default()).await?;
            self.unseen.deleted(&uid, pod.uid(), clock::now());
            let note = format!("Deleted pod: {}", pod.name_any());
            self.tell(set, "SuccessfulDelete", note).await;
        }
        Ok(())
    }

    async fn tell(&self, set: &ReplicaSet, reason: &str, note: String) {
        let told = Told { reason, action: "Scaling", note };
        self.events.tell(&reference(set), Tone::Normal, &told).await;
    }

    async fn write_status(&self, set: &ReplicaSet, status: ReplicaSetStatus) -> kube::Result<()> {
        if set.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let api = Api::<ReplicaSet>::namespaced(self.client.clone(), &set.namespace().unwrap_or_default());
        let new = ReplicaSet { status: Some(status), ..set.clone() };
        api.replace_status(&set.name_any(), &manager(), &new).await.map(drop)
    }
}

/// What brings the number of Pods to the number asked for.
#[derive(Debug, Default, PartialEq)]
struct Plan<'a> {
    create: usize,
    delete: Vec<&'a Pod>,
}

fn plan<'a>(set: &ReplicaSet, active: &[&'a Pod]) -> Plan<'a> {
    let wanted = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let wanted = usize::try_from(wanted).unwrap_or(0);
    if active.len() <= wanted {
        return Plan { create: wanted - active.len(), delete: Vec::new() };
    }
    let mut dispensable = active.to_vec();
    dispensable.sort_by_key(|pod| {
        let placed = pods::node_of(pod).is_some();
        (placed, pods::is_running(pod), pods::is_ready(pod), std::cmp::Reverse(pod.creation_timestamp()))
    });
    dispensable.truncate(active.len() - wanted);
    Plan { create: 0, delete: dispensable }
}

fn new_pod(set: &ReplicaSet) -> Pod {
    let template = set.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default();
    let meta = template.metadata.unwrap_or_default();
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", set.name_any())),
            namespace: set.namespace(),
            labels: meta.labels,
            annotations: meta.annotations,
            finalizers: meta.finalizers,
            owner_references: set.controller_owner_ref(&()).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        spec: template.spec,
        status: None,
    }
}

fn status(set: &ReplicaSet, active: &[&Pod]) -> ReplicaSetStatus {
    let count = |test: &dyn Fn(&Pod) -> bool| {
        i32::try_from(active.iter().filter(|pod| test(pod)).count()).unwrap_or(i32::MAX)
    };
    let labels = set.spec.as_ref().and_then(|spec| spec.template.as_ref()?.metadata.as_ref()?.labels.clone());
    let labels = labels.unwrap_or_default();
    let labelled = |pod: &Pod| labels.iter().all(|(name, value)| pod.labels().get(name) == Some(value));
    // Without minReadySeconds, which the lab does not imitate, a ready Pod is an available one.
    let ready = count(&pods::is_ready);
    ReplicaSetStatus {
        replicas: count(&|_| true),
        fully_labeled_replicas: some(count(&labelled)),
        ready_replicas: some(ready),
        available_replicas: some(ready),
        observed_generation: set.metadata.generation,
        conditions: None,
        terminating_replicas: None,
    }
}

/// Zero is left out, as the real controller's status is written.
fn some(count: i32) -> Option<i32> {
    (count != 0).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn set(replicas: i32) -> ReplicaSet {
        samples::replica_set("web-1", "u1", replicas, "1")
    }

    #[test]
    fn missing_pods_are_created_and_ended_ones_do_not_count() {
        let ready = samples::ready_pod("a", "node-1");
        assert_eq!(plan(&set(3), &[&ready]).create, 2);
        assert!(pods::is_active(&ready));
        assert!(!pods::is_active(&samples::ended_pod("b")));
    }

    #[test]
    fn the_least_useful_pods_go_first() {
        let ready = samples::ready_pod("ready", "node-1");
        let unready = samples::unready_pod("unready", "node-1");
        let waiting = samples::pending_pod("waiting");
        let active = [&ready, &unready, &waiting];
        let names = |wanted| -> Vec<String> {
            plan(&set(wanted), &active).delete.iter().map(|pod| pod.name_any()).collect()
        };
        assert_eq!(names(3), Vec::<String>::new());
        assert_eq!(names(2), ["waiting"]);
        assert_eq!(names(1), ["waiting", "unready"]);
        assert_eq!(names(0), ["waiting", "unready", "ready"]);
    }

    #[test]
    fn a_new_pod_belongs_to_its_set() {
        let pod = new_pod(&set(1));
        assert_eq!(pod.metadata.generate_name.as_deref(), Some("web-1-"));
        assert!(pods::is_owned_by(&pod, "u1"));
        assert_eq!(pod.labels().get("app").map(String::as_str), Some("web"));
    }

    #[test]
    fn the_status_counts_what_is_ready() {
        let ready = samples::ready_pod("a", "node-1");
        let unready = samples::unready_pod("b", "node-1");
        let status = status(&set(2), &[&ready, &unready]);
        assert_eq!(
            (status.replicas, status.ready_replicas, status.available_replicas),
            (2, Some(1), Some(1))
        );
        assert_eq!(status.fully_labeled_replicas, Some(2));
    }
}
