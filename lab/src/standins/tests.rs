//! The stand-ins together, against the embedded API server.

use std::fmt::Debug;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use patina_apiserver::{ApiServer, Options};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json};
use tokio::time::timeout;

use super::StandIns;

/// Longer than any step takes on a busy machine.
const BOUND: Duration = Duration::from_secs(30);

/// How often a state is looked at.
const LOOK: Duration = Duration::from_millis(20);

struct Stage {
    client: Client,
    _standins: StandIns,
    _server: ApiServer,
}

impl Stage {
    async fn set(nodes: &[&str]) -> Self {
        let server = ApiServer::new(Options::default()).expect("a server");
        let client = Client::new(server.local_service(), "default");
        let standins = StandIns::start(&client);
        let stage = Self { client, _standins: standins, _server: server };
        for node in nodes {
            stage.boot(node).await;
        }
        stage
    }

    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), "default")
    }

    async fn boot(&self, name: &str) {
        let nodes = Api::<Node>::all(self.client.clone());
        create(&nodes, json!({"metadata": {"name": name}})).await;
        let heartbeat = "2026-01-01T00:00:00Z";
        let status = json!({"status": {"conditions": [{
            "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "",
            "lastHeartbeatTime": heartbeat, "lastTransitionTime": heartbeat,
        }]}});
        let strategic = Patch::Strategic(status);
        nodes.patch_status(name, &PatchParams::default(), &strategic).await.expect("a status");
        let leases = Api::<Lease>::namespaced(self.client.clone(), "kube-node-lease");
        create(&leases, json!({"metadata": {"name": name}, "spec": {"holderIdentity": name}})).await;
    }

    /// What a kubelet does with each Pod of its node: an address, Running, Ready; and gone when it must go.
    async fn run_pods(&self) {
        let api = self.api::<Pod>();
        let pods = api.list(&ListParams::default()).await.expect("Pods").items;
        for (number, pod) in pods.iter().enumerate() {
            let name = pod.name_any();
            if pod.metadata.deletion_timestamp.is_some() {
                let now = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
                let _ = api.delete(&name, &now).await;
            } else if super::pods::node_of(pod).is_some() && !super::pods::is_running(pod) {
                let four = format!("10.244.0.{}", 10 + number);
                let six = format!("fd00:244::{}", 10 + number);
                let _ = api
                    .patch_status(&name, &PatchParams::default(), &Patch::Strategic(running(&four, &six)))
                    .await;
            }
        }
    }

    /// Waits until `look` has an answer, running Pods on the way.
    async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let waiting = async {
            loop {
                self.run_pods().await;
                if let Some(answer) = look().await {
                    return answer;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        match timeout(BOUND, waiting).await {
            Ok(answer) => answer,
            Err(_) => panic!("never: {what}; there are {}", self.shown().await),
        }
    }

    /// Everything a person needs to see why something did not happen.
    async fn shown(&self) -> String {
        let nodes = Api::<Node>::all(self.client.clone()).list(&ListParams::default()).await;
        let deployments = self.api::<Deployment>().list(&ListParams::default()).await;
        let sets = self.api::<ReplicaSet>().list(&ListParams::default()).await;
        let slices = self.api::<EndpointSlice>().list(&ListParams::default()).await;
        let all = json!([nodes.ok(), deployments.ok(), sets.ok(), self.pods().await, slices.ok()]);
        format!("{all:#}")
    }

    async fn pods(&self) -> Vec<Pod> {
        self.api::<Pod>().list(&ListParams::default()).await.expect("Pods").items
    }

    async fn rolled_out(&self, replicas: i32, image: &str) -> Vec<Pod> {
        let look = async || {
            let deployment = self.api::<Deployment>().get("web").await.expect("the Deployment");
            let status = deployment.status.clone().unwrap_or_default();
            let done = status.observed_generation == deployment.metadata.generation
                && status.updated_replicas == Some(replicas)
                && status.replicas == Some(replicas)
                && status.available_replicas == Some(replicas);
            let pods = self.pods().await;
            let right = pods
                .iter()
                .all(|pod| pod.spec.as_ref().expect("a spec").containers[0].image.as_deref() == Some(image));
            (done && right && pods.len() == usize::try_from(replicas).expect("small")).then_some(pods)
        };
        self.until("the rollout", look).await
    }

    async fn endpoints(&self, family: &str) -> Vec<(String, bool)> {
        let slices = self.api::<EndpointSlice>().list(&ListParams::default()).await.expect("slices").items;
        let of_family = slices.into_iter().filter(|slice| slice.address_type == family);
        let endpoint = |endpoint: k8s_openapi::api::discovery::v1::Endpoint| {
            let ready = endpoint.conditions.and_then(|conditions| conditions.ready) == Some(true);
            (endpoint.node_name.unwrap_or_default(), ready)
        };
        let mut found: Vec<_> = of_family.flat_map(|slice| slice.endpoints).map(endpoint).collect();
        found.sort();
        found
    }
}

async fn create<K>(api: &Api<K>, object: Value) -> K
where
    K: Serialize + DeserializeOwned + Clone + Debug,
{
    let object: K = from_value(object).expect("an object");
    api.create(&PostParams::default(), &object).await.expect("created")
}

fn running(four: &str, six: &str) -> Value {
    let conditions: Vec<Value> = ["Ready", "ContainersReady"]
        .map(|kind| json!({"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}))
        .to_vec();
    json!({"status": {
        "phase": "Running", "podIP": four, "podIPs": [{"ip": four}, {"ip": six}], "conditions": conditions,
    }})
}

fn deployment(replicas: i32, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{
                    "name": "c", "image": image, "ports": [{"name": "http", "containerPort": 8080}],
                }]},
            },
        },
    })
}

fn service() -> Value {
    json!({
        "metadata": {"name": "web"},
        "spec": {
            "type": "LoadBalancer", "ipFamilyPolicy": "PreferDualStack",
            "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}],
        },
    })
}

#[tokio::test]
async fn a_deployment_becomes_pods_on_all_nodes_and_rolls_forward_and_back() {
    let stage = Stage::set(&["a", "b", "c"]).await;
    create(&stage.api::<Deployment>(), deployment(3, "one")).await;
    let pods = stage.rolled_out(3, "one").await;
    let mut nodes: Vec<&str> = pods.iter().filter_map(super::pods::node_of).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, ["a", "b", "c"]);

    let to = |image: &str| {
        Patch::Strategic(
            json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}}),
        )
    };
    let api = stage.api::<Deployment>();
    api.patch("web", &PatchParams::default(), &to("two")).await.expect("patched");
    stage.rolled_out(3, "two").await;
    api.patch("web", &PatchParams::default(), &to("one")).await.expect("patched");
    stage.rolled_out(3, "one").await;
    let revision = stage
        .until("the revision", async || {
            let deployment = api.get("web").await.expect("the Deployment");
            deployment
                .annotations()
                .get("deployment.kubernetes.io/revision")
                .filter(|text| *text == "3")
                .cloned()
        })
        .await;
    assert_eq!(revision, "3");
    let sets = stage.api::<ReplicaSet>().list(&ListParams::default()).await.expect("sets").items;
    assert_eq!(sets.len(), 2);

    let fewer = Patch::Merge(json!({"spec": {"replicas": 1}}));
    api.patch("web", &PatchParams::default(), &fewer).await.expect("patched");
    stage.rolled_out(1, "one").await;
    api.delete("web", &DeleteParams::default()).await.expect("deleted");
    stage.until("everything gone", async || stage.pods().await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn a_service_has_an_endpoint_for_each_ready_pod_and_family() {
    let stage = Stage::set(&["a", "b"]).await;
    create(&stage.api::<Service>(), service()).await;
    let slices = stage.api::<EndpointSlice>();
    let placeholder = async || {
        let slices = slices.list(&ListParams::default()).await.expect("slices").items;
        (slices.len() == 2).then_some(slices)
    };
    let empty = stage.until("a slice for each family", placeholder).await;
    assert!(empty.iter().all(|slice| slice.endpoints.is_empty()));

    create(&stage.api::<Deployment>(), deployment(2, "one")).await;
    let both = vec![("a".to_owned(), true), ("b".to_owned(), true)];
    for family in ["IPv4", "IPv6"] {
        let look = async || (stage.endpoints(family).await == both).then_some(());
        stage.until("both endpoints", look).await;
    }
    let slice = slices.list(&ListParams::default()).await.expect("slices").items.remove(0);
    assert_eq!(slice.labels()["kubernetes.io/service-name"], "web");
    let port = &slice.ports.as_ref().expect("ports")[0];
    assert_eq!((port.port, port.protocol.as_deref()), (Some(8080), Some("TCP")));

    let fewer = Patch::Merge(json!({"spec": {"replicas": 1}}));
    stage.api::<Deployment>().patch("web", &PatchParams::default(), &fewer).await.expect("patched");
    stage.until("one endpoint", async || (stage.endpoints("IPv4").await.len() == 1).then_some(())).await;
    stage.api::<Service>().delete("web", &DeleteParams::default()).await.expect("deleted");
    let gone =
        async || slices.list(&ListParams::default()).await.expect("slices").items.is_empty().then_some(());
    stage.until("no slices", gone).await;
}

#[tokio::test]
async fn a_node_that_says_it_is_not_ready_takes_its_endpoints_along_until_it_is_back() {
    let stage = Stage::set(&["a", "b"]).await;
    create(&stage.api::<Service>(), service()).await;
    create(&stage.api::<Deployment>(), deployment(2, "one")).await;
    let both = vec![("a".to_owned(), true), ("b".to_owned(), true)];
    stage.until("both endpoints", async || (stage.endpoints("IPv4").await == both).then_some(())).await;

    let nodes = Api::<Node>::all(stage.client.clone());
    let say = async |status: &str| {
        let condition = json!({"status": {"conditions": [{"type": "Ready", "status": status}]}});
        let patch = Patch::Strategic(condition);
        nodes.patch_status("a", &PatchParams::default(), &patch).await.expect("a status");
    };
    say("False").await;
    let one = vec![("a".to_owned(), false), ("b".to_owned(), true)];
    stage.until("a not ready", async || (stage.endpoints("IPv4").await == one).then_some(())).await;
    let tainted = async || {
        let taints = nodes.get("a").await.expect("the Node").spec.and_then(|spec| spec.taints);
        taints.filter(|taints| taints.len() == 2)
    };
    let taints = stage.until("taints", tainted).await;
    assert!(taints.iter().all(|taint| taint.key == "node.kubernetes.io/not-ready"));

    say("True").await;
    stage.until("both endpoints", async || (stage.endpoints("IPv4").await == both).then_some(())).await;
    let clean = async || {
        nodes.get("a").await.expect("the Node").spec.is_none_or(|spec| spec.taints.is_none()).then_some(())
    };
    stage.until("no taints", clean).await;
}

#[tokio::test]
async fn a_pod_waits_for_a_node_and_says_why() {
    let stage = Stage::set(&[]).await;
    create(&stage.api::<Deployment>(), deployment(1, "one")).await;
    let waiting = async || {
        let pods = stage.pods().await;
        let condition = super::pods::condition(pods.first()?, "PodScheduled")?.clone();
        condition.message
    };
    let why = stage.until("a reason", waiting).await;
    assert_eq!(why, "0/0 nodes are available: no nodes available to schedule pods.");
    stage.boot("a").await;
    stage.rolled_out(1, "one").await;
}
