//! The same questions asked of an API server.

use std::net::{Ipv4Addr, TcpListener};

use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, Resource};
use patina::api::{ForeignRange, IPAddressPool};
use patina_apiserver::{ApiServer, Options};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::scene::{Scene, foreign_range, pool, service};

/// An API server, and a folder with its kubeconfig and a change.
struct Cluster {
    /// Serves as long as it lives.
    _server: ApiServer,
    client: Client,
    scene: Scene,
}

impl Cluster {
    async fn start(change: &[String]) -> Self {
        let server = ApiServer::new(Options::default()).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        server.serve(listener).unwrap();
        let text = server.kubeconfig(&url);
        let kubeconfig = Kubeconfig::from_yaml(&text).unwrap();
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        let client = Client::try_from(config).unwrap();
        let scene = Scene::new().with_text("kubeconfig", &text).with("change.yaml", change);
        let cluster = Self { _server: server, client, scene };
        for definition in patina::api::crds().unwrap() {
            create(&Api::<CustomResourceDefinition>::all(cluster.client.clone()), definition).await;
        }
        for name in ["metallb-system", "web"] {
            let namespace = json!({ "metadata": { "name": name } });
            create(&Api::<Namespace>::all(cluster.client.clone()), read(namespace)).await;
        }
        cluster
    }

    async fn pool(&self, manifest: &str) {
        let api = Api::<IPAddressPool>::namespaced(self.client.clone(), "metallb-system");
        create(&api, read(serde_yaml::from_str(manifest).unwrap())).await;
    }

    /// Creates the Service and then writes its status, as a controller would.
    async fn service(&self, manifest: &str) {
        let api = Api::<Service>::namespaced(self.client.clone(), "web");
        let mut value: Value = serde_yaml::from_str(manifest).unwrap();
        value["metadata"].as_object_mut().unwrap().retain(|field, _| field == "name");
        value["spec"].as_object_mut().unwrap().remove("clusterIPs");
        let status = json!({ "status": value["status"].take() });
        let name = value["metadata"]["name"].as_str().unwrap().to_owned();
        create(&api, read(value)).await;
        api.patch_status(&name, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
    }
}

fn read<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

async fn create<K>(api: &Api<K>, object: K)
where
    K: Resource + Clone + std::fmt::Debug + Serialize + DeserializeOwned,
{
    api.create(&PostParams::default(), &object).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_read_once_and_left_as_it_is() {
    let change = [pool("lan", "192.0.2.2-192.0.2.2")];
    let cluster = Cluster::start(&change).await;
    cluster.pool(&pool("lan", "192.0.2.1-192.0.2.2")).await;
    for (name, created, address) in [("one", 1, "192.0.2.1"), ("two", 2, "192.0.2.2"), ("three", 3, "")] {
        cluster.service(&service(name, created, address)).await;
    }
    let said = cluster.scene.patina(&["plan", "--kubeconfig", "kubeconfig", "-f", "change.yaml"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:?}");
    assert!(said.line("one").contains("lost"), "{said:?}");
    assert!(said.line("two").contains("kept"), "{said:?}");
    assert!(said.line("three").contains("waiting"), "{said:?}");
    let said = cluster.scene.patina(&["why", "svc/three", "-n", "web", "--kubeconfig", "kubeconfig"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:?}");
    assert!(said.out.contains("1. pool lan, for IPv4: Exhausted"), "{said:?}");
    let pools = Api::<IPAddressPool>::namespaced(cluster.client.clone(), "metallb-system");
    assert_eq!(pools.get("lan").await.unwrap().spec.addresses, ["192.0.2.1-192.0.2.2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_without_our_definitions_is_told_what_it_lacks() {
    let cluster = Cluster::start(&[]).await;
    let definitions = Api::<CustomResourceDefinition>::all(cluster.client.clone());
    definitions.delete("ipaddresspools.metallb.io", &Default::default()).await.unwrap();
    let said = cluster.scene.patina(&["why", "service/one", "--kubeconfig", "kubeconfig"]);
    assert!(said.refused().starts_with("patina: cannot list IPAddressPools: "), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_hold_is_read_from_the_cluster_if_it_has_such_kinds() {
    let cluster = Cluster::start(&[pool("lan", "192.0.2.0/28")]).await;
    let ranges = Api::<ForeignRange>::all(cluster.client.clone());
    create(&ranges, read(serde_yaml::from_str(&foreign_range("office", "192.0.2.0/31")).unwrap())).await;
    cluster.service(&service("one", 1, "")).await;
    let plan = ["plan", "--kubeconfig", "kubeconfig", "-f", "change.yaml"];
    let said = cluster.scene.patina(&plan);
    assert!(said.line("one").contains("served  -    192.0.2.2"), "{said:?}");
    assert!(said.out.contains("ForeignRange office (the office's cluster)"), "{said:?}");
    let definitions = Api::<CustomResourceDefinition>::all(cluster.client.clone());
    definitions.delete("foreignranges.patina.dev", &Default::default()).await.unwrap();
    let said = cluster.scene.patina(&plan);
    assert!(said.line("one").contains("served  -    192.0.2.0"), "{said:?}");
}
