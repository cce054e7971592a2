//! A server and a client to it.

use std::net::TcpListener;

use k8s_openapi::NamespaceResourceScope;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, Resource};
use patina_apiserver::{ApiServer, Options};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A server on loopback, and a client of its administrator.
pub(crate) struct Fixture {
    pub(crate) server: ApiServer,
    pub(crate) client: Client,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let server = ApiServer::new(Options::default()).expect("server");
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("bound");
        server.serve(listener).expect("served");
        let written = server.kubeconfig(&format!("https://{address}"));
        let kubeconfig = Kubeconfig::from_yaml(&written).expect("kubeconfig");
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        let config = config.expect("config");
        let client = Client::try_from(config).expect("client");
        Self { server, client }
    }

    /// Objects of a kind in the namespace `default`.
    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), "default")
    }
}

/// An object of a type, written as JSON.
pub(crate) fn object<K: DeserializeOwned>(json: Value) -> K {
    serde_json::from_value(json).expect("an object of the kind")
}
