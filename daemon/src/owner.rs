//! Our own Pod as the owner of objects: with the Pod they go.

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::client::describe;

/// Our own Pod, as far as it is known.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Its namespace.
    namespace: String,
    /// Its name; outside of a cluster there is none.
    name: Option<String>,
    /// The reference, once the Pod was read.
    read: Option<Value>,
}

impl Owner {
    /// The Pod of this name.
    pub fn new(namespace: &str, name: Option<&str>) -> Self {
        let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
        Self { namespace: namespace.to_owned(), name, read: None }
    }

    /// `metadata.ownerReferences`: empty without a Pod, and as long as it cannot be read.
    pub async fn references(&mut self, client: &Client) -> Vec<Value> {
        if self.read.is_none()
            && let Some(name) = &self.name
        {
            let pods = Api::<Pod>::namespaced(client.clone(), &self.namespace);
            match pods.get(name).await {
                Ok(pod) => self.read = pod.metadata.uid.map(|uid| reference(name, &uid)),
                Err(error) => tracing::debug!(pod = name, reason = describe(&error), "own Pod was not read"),
            }
        }
        self.read.iter().cloned().collect()
    }
}

fn reference(pod: &str, uid: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Pod", "name": pod, "uid": uid })
}
