//! A place of its own on a server: a namespace with a name that nobody else has, and a client that lives in it.

use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::core::v1::{Namespace, Node};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::core::Status;
use kube::{Api, Client, Config, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::fixture::server::Server;

mod answer;
mod request;
mod server;
mod watch;
mod widgets;

pub(crate) use answer::Answer;
pub(crate) use request::{APPLY, JSON_PATCH, MERGE, STRATEGIC};
pub(crate) use server::Target;
pub(crate) use watch::Events;
pub(crate) use widgets::{DEFINITIONS, Widgets};

/// Longer than anything here takes; reaching it is a failure.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

/// Between two looks at a state that is waited for.
const PAUSE: Duration = Duration::from_millis(50);

/// Label of everything that lives in no namespace, with the case's namespace as its value.
const CASE: &str = "conformance.patina.dev/case";

/// One case's place on a server.
pub(crate) struct Fixture {
    pub(crate) client: Client,
    /// The namespace, which is also a word that no other case has.
    pub(crate) namespace: String,
    server: Server,
    config: Config,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let server = Server::find();
        let config = client_config(server.kubeconfig(), "default").await;
        let client = Client::try_from(config).expect("client");
        let namespaces: Api<Namespace> = Api::all(client);
        let unnamed: Namespace = object(json!({"metadata": {"generateName": "conformance-"}}));
        let namespace = namespaces.create(&PostParams::default(), &unnamed).await.expect("namespace");
        let namespace = namespace.name_any();
        let config = client_config(server.kubeconfig(), &namespace).await;
        let client = Client::try_from(config.clone()).expect("client");
        Self { client, namespace, server, config }
    }

    pub(crate) fn target(&self) -> Target {
        self.server.target()
    }

    /// A client with a token that nobody was given.
    pub(crate) fn stranger(&self) -> Client {
        let mut config = self.config.clone();
        config.auth_info = AuthInfo { token: Some("nobody's".to_owned().into()), ..AuthInfo::default() };
        Client::try_from(config).expect("client")
    }

    /// The kubeconfig of the case's client.
    pub(crate) fn kubeconfig(&self) -> Kubeconfig {
        let mut kubeconfig = self.server.kubeconfig();
        for named in &mut kubeconfig.contexts {
            if let Some(context) = &mut named.context {
                context.namespace = Some(self.namespace.clone());
            }
        }
        kubeconfig
    }

    /// Labels of what lives in no namespace: by them it goes with the case.
    pub(crate) fn labels(&self) -> Value {
        json!({CASE: self.namespace})
    }

    /// Objects of a kind in the case's namespace.
    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Makes the server forget what was before a revision.
    pub(crate) async fn forget_before(&self, revision: &str) {
        self.server.forget_before(revision).await;
    }

    /// Takes away what the case made. What lies inside the namespace goes with it, when the server finds time.
    pub(crate) async fn clean_up(&self) {
        let mine = ListParams::default().labels(&format!("{CASE}={}", self.namespace));
        let definitions: Api<CustomResourceDefinition> = Api::all(self.client.clone());
        definitions.delete_collection(&DeleteParams::default(), &mine).await.expect("definitions deleted");
        let webhooks: Api<ValidatingWebhookConfiguration> = Api::all(self.client.clone());
        webhooks.delete_collection(&DeleteParams::default(), &mine).await.expect("webhooks deleted");
        let nodes: Api<Node> = Api::all(self.client.clone());
        nodes.delete_collection(&DeleteParams::default(), &mine).await.expect("nodes deleted");
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        match namespaces.delete(&self.namespace, &DeleteParams::default()).await {
            Ok(_) => {}
            // The case was about its end.
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => panic!("namespace {}: {error}", self.namespace),
        }
    }
}

async fn client_config(kubeconfig: Kubeconfig, namespace: &str) -> Config {
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    let mut config = config.expect("config");
    config.default_namespace = namespace.to_owned();
    config.default_retry = false;
    config
}

/// Waits until something holds; what a controller does, it does in its own time.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            sleep(PAUSE).await;
        }
    };
    timeout(BOUND, waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

/// An object of a type, written as JSON.
pub(crate) fn object<K: DeserializeOwned>(json: Value) -> K {
    serde_json::from_value(json).expect("an object of the kind")
}

/// The refusal within an error of the client.
pub(crate) fn refusal<T: std::fmt::Debug>(outcome: Result<T, kube::Error>) -> Status {
    match outcome {
        Err(kube::Error::Api(status)) => *status,
        other => panic!("a refusal of the server is expected: {other:?}"),
    }
}
