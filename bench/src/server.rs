//! The API server that is worked against: the lab's in this process, or one that a kubeconfig leads to.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use hyper::Request;
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, Resource, ResourceExt};
use patina::api::IPAddressPool;
use patina_apiserver::{ApiServer, Options};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Namespace of the controller's own objects.
pub(crate) const NAMESPACE: &str = "metallb-system";
/// Namespaces of Services.
pub(crate) const BURST: &str = "patina-bench-burst";
pub(crate) const SINGLE: &str = "patina-bench-single";
const POOL: &str = "bench";
/// Addresses for benchmarks (RFC 2544).
const ADDRESSES: &str = "198.18.0.0/15";
/// Requests that count, as `verb resource`.
pub(crate) type Counts = BTreeMap<String, u64>;

const OWNER: &str = "bench";
/// What the controller writes.
const WRITTEN: [&str; 7] = [
    "services",
    "events",
    "ipaddresspools",
    "poolstates",
    "l2advertisements",
    "servicel2statuses",
    "configurationstates",
];
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// So many looks at the counts without a write between them mean that everything was written.
const CALM_LOOKS: u32 = 3;

/// The server, and the way to it.
#[derive(Clone)]
pub(crate) struct Server {
    client: Client,
    kubeconfig: PathBuf,
    scratch: Arc<Scratch>,
    /// When it runs in this process.
    lab: Option<Arc<ApiServer>>,
}

/// A directory that goes with the benchmark.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left in a temporary directory does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Server {
    /// The server of this kubeconfig, or one of the lab that remembers enough changes for `services` Services.
    pub(crate) async fn reach(kubeconfig: Option<&Path>, services: usize) -> Result<Self> {
        let scratch =
            Arc::new(Scratch(std::env::temp_dir().join(format!("patina-bench-{}", std::process::id()))));
        std::fs::create_dir_all(&scratch.0)?;
        let (kubeconfig, lab) = match kubeconfig {
            Some(path) => (path.to_owned(), None),
            None => lab(&scratch.0, services)?,
        };
        let parsed = Kubeconfig::read_from(&kubeconfig)?;
        let config = Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await?;
        Ok(Self { client: Client::try_from(config)?, kubeconfig, scratch, lab })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    pub(crate) fn scratch(&self) -> &Path {
        &self.scratch.0
    }

    /// Lets the lab's server listen there too; a kubeconfig for that place.
    pub(crate) fn listen(&self, listener: TcpListener, place: &str) -> Result<PathBuf> {
        let lab = self.lab.as_ref().context("only the lab's API server listens anywhere else")?;
        let kubeconfig = self.scratch.0.join(format!("{place}.kubeconfig"));
        std::fs::write(&kubeconfig, lab.kubeconfig(&format!("https://{}", listener.local_addr()?)))?;
        lab.serve(listener)?;
        Ok(kubeconfig)
    }

    pub(crate) fn services(&self, namespace: &str) -> Api<Service> {
        Api::namespaced(self.client.clone(), namespace)
    }

    pub(crate) async fn describe(&self) -> Result<String> {
        let version = self.client.apiserver_version().await?.git_version;
        let kind = if self.lab.is_some() { "the lab's, in this process" } else { "kube-apiserver" };
        Ok(format!("{kind}, {version}"))
    }

    /// Definitions, namespace and a pool that is large enough.
    pub(crate) async fn prepare(&self) -> Result<()> {
        for definition in patina::api::crds()? {
            self.apply(&Api::<CustomResourceDefinition>::all(self.client.clone()), &definition).await?;
        }
        self.namespace(NAMESPACE).await?;
        let pool: IPAddressPool = serde_json::from_value(json!({
            "apiVersion": "metallb.io/v1beta1",
            "kind": "IPAddressPool",
            "metadata": { "name": POOL },
            "spec": { "addresses": [ADDRESSES] },
        }))?;
        let pools = Api::<IPAddressPool>::namespaced(self.client.clone(), NAMESPACE);
        while self.apply(&pools, &pool).await.is_err() {
            // The definition is being established.
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }

    pub(crate) async fn namespace(&self, name: &str) -> Result<()> {
        let namespace: Namespace = serde_json::from_value(json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": { "name": name },
        }))?;
        self.apply(&Api::all(self.client.clone()), &namespace).await
    }

    async fn apply<K>(&self, api: &Api<K>, object: &K) -> Result<()>
    where
        K: Resource + Clone + DeserializeOwned + Serialize + std::fmt::Debug,
    {
        let parameters = PatchParams::apply(OWNER).force();
        let mut applied = serde_json::to_value(object)?;
        applied["metadata"]["managedFields"].take();
        api.patch(&object.name_any(), &parameters, &Patch::Apply(applied)).await?;
        Ok(())
    }

    /// Requests so far, by verb and resource. A real server's are those of all its clients.
    pub(crate) async fn requests(&self) -> Result<Counts> {
        match &self.lab {
            Some(server) => {
                let audit = server.audit().await.map_err(|status| anyhow::anyhow!("{status:?}"))?;
                let ours = audit.iter().filter(|(key, _)| key.agent.starts_with("patina-"));
                Ok(ours.fold(Counts::new(), |mut counts, (key, count)| {
                    *counts.entry(format!("{} {}", key.verb.word(), key.resource)).or_default() += count;
                    counts
                }))
            }
            None => {
                let request = http_get("/metrics")?;
                Ok(counted(&self.client.request_text(request).await?))
            }
        }
    }

    /// Waits until nothing is written any more; the requests until then.
    pub(crate) async fn settled(&self) -> Result<Counts> {
        let (mut before, mut calm) = (self.requests().await?, 0);
        while calm < CALM_LOOKS {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            let now = self.requests().await?;
            let same = before
                .iter()
                .filter(|(what, _)| writes(what))
                .eq(now.iter().filter(|(what, _)| writes(what)));
            calm = if same { calm + 1 } else { 0 };
            before = now;
        }
        Ok(before)
    }

    /// Deletes Services and pool. Namespaces and definitions stay: others may use them by now.
    pub(crate) async fn clean_up(&self) -> Result<()> {
        if self.lab.is_some() {
            return Ok(());
        }
        for name in [BURST, SINGLE] {
            self.services(name).delete_collection(&DeleteParams::default(), &Default::default()).await?;
        }
        let pools = Api::<IPAddressPool>::namespaced(self.client.clone(), NAMESPACE);
        pools.delete(POOL, &DeleteParams::default()).await?;
        Ok(())
    }
}

/// What has come between two looks.
pub(crate) fn difference(before: &Counts, after: &Counts) -> Counts {
    let grown = |(what, count): (&String, &u64)| {
        let more = count - before.get(what).copied().unwrap_or_default();
        (more > 0).then(|| (what.clone(), more))
    };
    after.iter().filter_map(grown).collect::<BTreeMap<_, _>>()
}

/// Whether this is a write to what the controller writes, but for Leases. A real server counts its own writes too.
pub(crate) fn writes(what: &str) -> bool {
    let reads = ["get ", "list ", "watch "].iter().any(|verb| what.starts_with(verb));
    let resource = what.split_once(' ').map_or("", |(_, resource)| resource);
    !reads && WRITTEN.iter().any(|written| resource.starts_with(written))
}

fn lab(scratch: &Path, services: usize) -> Result<(PathBuf, Option<Arc<ApiServer>>)> {
    let server = ApiServer::new(Options { history: 4 * services, ..Options::default() })?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let url = format!("https://{}", listener.local_addr()?);
    server.serve(listener)?;
    let kubeconfig = scratch.join("kubeconfig");
    std::fs::write(&kubeconfig, server.kubeconfig(&url))?;
    Ok((kubeconfig, Some(Arc::new(server))))
}

fn http_get(path: &str) -> Result<Request<Vec<u8>>> {
    Request::get(path).body(Vec::new()).context("a request")
}

/// The counters of a kube-apiserver: `apiserver_request_total{...} n`.
fn counted(metrics: &str) -> Counts {
    let lines = metrics.lines().filter_map(|line| line.strip_prefix("apiserver_request_total{"));
    let mut counts = Counts::new();
    for line in lines {
        let Some((labels, count)) = line.split_once("} ") else { continue };
        let label = |name: &str| {
            let value =
                labels.split("\",").find_map(|label| label.trim_start().strip_prefix(&format!("{name}=\"")));
            value.unwrap_or_default().trim_end_matches('"')
        };
        let subresource = Some(label("subresource")).filter(|s| !s.is_empty()).map(|s| format!("/{s}"));
        let what =
            format!("{} {}{}", verb(label("verb")), label("resource"), subresource.unwrap_or_default());
        *counts.entry(what).or_default() += count.parse::<f64>().map_or(0, |count| count as u64);
    }
    counts
}

fn verb(of_the_metric: &str) -> String {
    match of_the_metric {
        "APPLY" | "PATCH" => "patch".to_owned(),
        "POST" => "create".to_owned(),
        "PUT" => "update".to_owned(),
        other => other.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_a_real_server_are_added_up_by_verb_and_resource() {
        let metrics = "# HELP\n\
            apiserver_request_total{code=\"200\",group=\"\",resource=\"services\",subresource=\"status\",verb=\"APPLY\"} 10\n\
            apiserver_request_total{code=\"409\",group=\"\",resource=\"services\",subresource=\"status\",verb=\"APPLY\"} 2\n\
            apiserver_request_total{code=\"200\",group=\"\",resource=\"leases\",subresource=\"\",verb=\"PUT\"} 1e+00\n";
        let counts = counted(metrics);
        assert_eq!(counts["patch services/status"], 12);
        assert_eq!(counts["update leases"], 1);
        assert!(writes("patch services/status") && !writes("update leases") && !writes("watch services"));
    }
}
