//! A cluster with nothing in it but two namespaces of the case, and a controller that comes and goes.

mod clean_up;
mod controller;
mod server;
mod services;
mod webhook;
mod wishes;
mod written;

use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, Config, Resource, ResourceExt};
use patina_tests::way::Way;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) use controller::Controller;
pub(crate) use patina_tests::services::{addresses, condition, origin};
pub(crate) use patina_tests::wait::{eventually, next_second};
pub(crate) use server::Server;
pub(crate) use services::Services;
pub(crate) use wishes::{
    annotation, both_families, class, family, labels, named_addresses, named_pool, policy, ports, selector,
    sharing_key,
};

/// Label of a case's namespaces, with the name of the first as its value.
const CASE: &str = "parity.patina.dev/case";

/// One case's place on a server.
pub(crate) struct Cluster {
    /// The Services of the case's own namespace.
    pub(crate) web: Services,
    pub(crate) client: Client,
    /// Namespace of the controller, its pools and its advertisements.
    pub(crate) own: String,
    pub(crate) server: Server,
}

impl Cluster {
    /// Two new namespaces on this server.
    pub(crate) async fn new(server: Server) -> Self {
        let config = server.config().await;
        let client = Client::try_from(config).unwrap();
        match server {
            Server::Lab { .. } => define(&client).await,
            Server::Real { .. } => assert_unused(&client).await,
        }
        let own = namespace(&client, json!({ "generateName": "parity-own-" })).await;
        let web = namespace(&client, json!({ "generateName": "parity-", "labels": { CASE: &own } })).await;
        Self { web: Services::of(&client, &web), client, own, server }
    }

    /// One more namespace with these labels.
    pub(crate) async fn namespace(&self, labels: Value) -> Services {
        let mut metadata = json!({ "generateName": "parity-", "labels": labels });
        metadata["labels"][CASE] = self.own.as_str().into();
        Services::of(&self.client, &namespace(&self.client, metadata).await)
    }

    /// Objects of a kind beside the controller.
    pub(crate) fn own<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.own)
    }

    /// A controller with these flags besides those that every case needs.
    pub(crate) fn controller(&self, flags: &[&str]) -> Controller {
        Controller::start(self.server.kubeconfig(), &self.own, flags)
    }

    /// A controller that reaches the API server by this way only.
    pub(crate) fn controller_by(&self, way: &Way, flags: &[&str]) -> Controller {
        Controller::start(way.kubeconfig(), &self.own, flags)
    }

    /// An open way to the API server.
    pub(crate) async fn way(&self) -> Way {
        Way::to(self.client.clone()).await
    }

    pub(crate) async fn config(&self) -> Config {
        self.server.config().await
    }
}

async fn define(client: &Client) {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in patina::api::crds().unwrap() {
        definitions.create(&PostParams::default(), &definition).await.unwrap();
    }
}

/// The controller of a case serves the whole cluster: nobody else's Services may be there.
async fn assert_unused(client: &Client) {
    let services: Api<Service> = Api::all(client.clone());
    let all = services.list(&ListParams::default()).await.unwrap();
    let of_type = |s: &Service| s.spec.as_ref().is_some_and(|s| s.type_.as_deref() == Some("LoadBalancer"));
    let used: Vec<_> = all.iter().filter(|s| of_type(s)).map(ResourceExt::name_any).collect();
    assert!(used.is_empty(), "the server has Services of type LoadBalancer: {used:?}");
}

async fn namespace(client: &Client, metadata: Value) -> String {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let unnamed: Namespace = object(json!({ "metadata": metadata }));
    namespaces.create(&PostParams::default(), &unnamed).await.unwrap().name_any()
}

/// An object of a kind, written as JSON.
pub(crate) fn object<K: DeserializeOwned + Resource<DynamicType = ()>>(mut fields: Value) -> K {
    fields["apiVersion"] = K::api_version(&()).into();
    fields["kind"] = K::kind(&()).into();
    serde_json::from_value(fields).unwrap()
}
