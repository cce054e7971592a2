//! A cluster with nothing in it, a controller that comes and goes, and waits that have a bound.

use std::fmt::Debug;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use clap::Parser;
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, Resource};
use patina::api::{IPAddressPool, L2Advertisement};
use patina_apiserver::{ApiServer, Options};
use patina_tests::services::{addresses, condition, each_has_its_own, origin};
use patina_tests::wait::eventually;
use patina_tests::way::Way;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Namespace of our own objects.
pub(crate) const OWN: &str = "metallb-system";
/// Namespace of the Services.
pub(crate) const WEB: &str = "web";

/// An API server with our definitions and two namespaces, and somebody who uses it.
pub(crate) struct Cluster {
    pub(crate) server: ApiServer,
    pub(crate) client: Client,
    kubeconfig: PathBuf,
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    arguments: patina_controller::Arguments,
}

impl Cluster {
    /// With our own definitions.
    pub(crate) async fn start() -> Self {
        Self::with_definitions(patina::api::crds().unwrap()).await
    }

    pub(crate) async fn with_definitions(definitions: Vec<CustomResourceDefinition>) -> Self {
        let server = ApiServer::new(Options::default()).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        server.serve(listener).unwrap();
        let text = server.kubeconfig(&format!("https://127.0.0.1:{port}"));
        let kubeconfig =
            std::env::temp_dir().join(format!("patina-controller-test-{port}-{}", std::process::id()));
        std::fs::write(&kubeconfig, &text).unwrap();
        let client = client(&text).await;
        let cluster = Self { server, client, kubeconfig };
        for definition in definitions {
            cluster.create(&Api::all(cluster.client.clone()), definition).await;
        }
        for name in [OWN, WEB] {
            cluster.create(&Api::<Namespace>::all(cluster.client.clone()), named(json!({}), name)).await;
        }
        cluster
    }

    /// A controller with these flags besides those that every test needs.
    pub(crate) fn controller(&self, flags: &[&str]) -> Controller {
        self.controller_with(&self.kubeconfig, flags)
    }

    /// A controller that reaches the API server by this way only.
    pub(crate) fn controller_by(&self, way: &Way, flags: &[&str]) -> Controller {
        self.controller_with(way.kubeconfig(), flags)
    }

    fn controller_with(&self, kubeconfig: &Path, flags: &[&str]) -> Controller {
        let kubeconfig = kubeconfig.to_str().unwrap();
        let always =
            ["test", "--kubeconfig", kubeconfig, "--namespace", OWN, "--port=0", "--health-probe-port=0"];
        let command = Command::parse_from(always.iter().chain(flags));
        let (stop, stopped) = oneshot::channel();
        let end = async move {
            let _ = stopped.await;
        };
        let task = tokio::spawn(async move { patina_controller::run(command.arguments, end).await.unwrap() });
        Controller { stop: Some(stop), task }
    }

    pub(crate) async fn create<K>(&self, api: &Api<K>, object: K) -> K
    where
        K: Clone + DeserializeOwned + Serialize + Debug,
    {
        api.create(&PostParams::default(), &object).await.unwrap()
    }

    pub(crate) fn own<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), OWN)
    }

    pub(crate) fn services(&self) -> Api<Service> {
        Api::namespaced(self.client.clone(), WEB)
    }

    pub(crate) async fn pool(&self, name: &str, addresses: &[&str]) {
        let pool: IPAddressPool = named(json!({ "spec": { "addresses": addresses } }), name);
        self.create(&self.own(), pool).await;
    }

    pub(crate) async fn advertisement(&self, name: &str) {
        self.create(&self.own(), named::<L2Advertisement>(json!({ "spec": {} }), name)).await;
    }

    /// A Service of type LoadBalancer.
    pub(crate) async fn service(&self, name: &str) {
        let spec = json!({ "type": "LoadBalancer", "ports": [{ "port": 80 }], "selector": { "app": name } });
        self.create(&self.services(), named(json!({ "spec": spec }), name)).await;
    }

    /// So many Services of type LoadBalancer, the oldest with the first name.
    pub(crate) async fn burst(&self, count: usize) {
        for i in 0..count {
            self.service(&format!("burst-{i:03}")).await;
        }
    }

    /// Waits until every Service has exactly one address, and nobody that of another.
    pub(crate) async fn each_has_its_own(&self) {
        each_has_its_own(&self.services()).await;
    }

    pub(crate) async fn delete_service(&self, name: &str) {
        self.services().delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Waits until the Service is as told.
    pub(crate) async fn until(&self, name: &str, told: impl Fn(&Service) -> bool) -> Service {
        let api = self.services();
        eventually(name, async || api.get(name).await.unwrap(), told).await
    }

    /// Waits until the Service has an address.
    pub(crate) async fn address_of(&self, name: &str) -> String {
        let service = self.until(name, |service| !addresses(service).is_empty()).await;
        addresses(&service).join(",")
    }

    /// Waits until everything stands that is said of a Service with an address.
    pub(crate) async fn settled(&self, name: &str) -> Service {
        let complete = |s: &Service| origin(s).is_some() && condition(s, "patina.dev/Announced").is_some();
        self.until(name, complete).await
    }

    /// Reasons of the Events about an object, in the order of their names.
    pub(crate) async fn events(&self, namespace: &str, name: &str) -> Vec<Event> {
        let events = Api::<Event>::namespaced(self.client.clone(), namespace);
        let list = events.list(&ListParams::default()).await.unwrap();
        list.into_iter()
            .filter(|e| e.regarding.as_ref().is_some_and(|r| r.name.as_deref() == Some(name)))
            .collect()
    }

    /// Waits until there is an Event of this reason about an object.
    pub(crate) async fn event(&self, namespace: &str, name: &str, reason: &str) -> Event {
        let of_reason = |events: &Vec<Event>| events.iter().any(|e| e.reason.as_deref() == Some(reason));
        let events = eventually(reason, async || self.events(namespace, name).await, of_reason).await;
        events.into_iter().find(|e| e.reason.as_deref() == Some(reason)).unwrap()
    }

    /// Writes to Services and to pools that controllers have made so far.
    pub(crate) async fn writes(&self) -> u64 {
        let audit = self.server.audit().await.unwrap();
        audit.sum(|key| {
            key.agent.starts_with("patina-controller")
                && key.verb.writes()
                && !key.resource.starts_with("leases")
                && !key.resource.starts_with("events")
        })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.kubeconfig);
    }
}

/// A running controller. Dropping it is a crash.
pub(crate) struct Controller {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Controller {
    /// As SIGTERM does; returns when it has ended.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.task).await.unwrap();
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn client(kubeconfig: &str) -> Client {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

/// An object from its fields and its name.
pub(crate) fn named<K: DeserializeOwned + Resource<DynamicType = ()>>(mut fields: Value, name: &str) -> K {
    fields["apiVersion"] = K::api_version(&()).into();
    fields["kind"] = K::kind(&()).into();
    fields["metadata"]["name"] = name.into();
    serde_json::from_value(fields).unwrap()
}
