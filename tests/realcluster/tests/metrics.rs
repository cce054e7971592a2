//! Metrics and probes of the running daemons, as Prometheus and a kubelet ask for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{GetParams, PostParams};
use kube::core::Request;
use kube::{Api, Client, Config};
use libtest_mimic::Trial;
use patina_lab::manifest;
use patina_lab::netns::Namespace;
use patina_lab::wait::wait_for;
use patina_realcluster::Cluster;

use crate::shared;
use crate::stage::Stage;

const READER: &str = include_str!("../../../charts/patina/manifests/metrics-reader.yaml");
const MONITORING: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: monitoring}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: prometheus, namespace: monitoring}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: stranger, namespace: monitoring}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: prometheus}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: 'metallb-system:metrics-reader'}
subjects: [{kind: ServiceAccount, name: prometheus, namespace: monitoring}]
";
const METRICS: u16 = 9120;
const PROBES: u16 = 17472;
const WITHIN: Duration = Duration::from_secs(60);

pub(crate) fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![
        stage.on(shared(), "metrics::row_87_only_accounts_with_the_right_read_metrics", reviewed),
        stage.on(shared(), "metrics::row_89_probes_are_answered_on_17472", probed),
    ]
}

async fn reviewed(cluster: &mut Cluster) -> anyhow::Result<()> {
    for (name, text) in [("metrics-reader.yaml", READER), ("monitoring", MONITORING)] {
        manifest::apply(cluster.kube(), &manifest::parse(name, text)?).await?;
    }
    let [prometheus, stranger] =
        [token(cluster.kube(), "prometheus").await?, token(cluster.kube(), "stranger").await?];
    let node = cluster.node("node-1")?.host().addresses()[0].addr();
    let api = cluster.api_host().addresses()[0].addr();
    let from = cluster.client().namespace();
    for (host, series) in [(node, "patina_frames_received"), (api, "metallb_k8s_client_config_loaded_bool")] {
        let at = SocketAddr::new(host, METRICS);
        let (code, told) = scrape(from, at, None)?;
        ensure!(code == 401, "{at} without a token: {code} {told}");
        let (code, told) = scrape(from, at, Some("invented".to_owned()))?;
        ensure!(code == 401, "{at} with an invented token: {code} {told}");
        let (code, told) = scrape(from, at, Some(stranger.clone()))?;
        let named = told.contains("system:serviceaccount:monitoring:stranger may not get");
        ensure!(code == 403 && named, "{at} without the right: {code} {told}");
        // The binding is new: until the authoriser knows it, a refusal is remembered for some seconds.
        wait_for(&format!("metrics of {at}"), WITHIN, async || {
            let (code, told) = scrape(from, at, Some(prometheus.clone()))?;
            ensure!(code == 200 && told.contains(series), "with the right: {code} {told}");
            Ok(Some(()))
        })
        .await?;
    }
    Ok(())
}

async fn probed(cluster: &mut Cluster) -> anyhow::Result<()> {
    let speaker = SocketAddr::from(([127, 0, 0, 1], PROBES));
    let controller = SocketAddr::new(cluster.api_host().addresses()[0].addr(), PROBES);
    let node = cluster.node("node-1")?;
    for (from, at) in [(node.host(), speaker), (cluster.client(), controller)] {
        for path in ["healthz", "readyz"] {
            let (code, told) = get(from.namespace(), format!("http://{at}"), path, None)?;
            ensure!(code == 200 && told == "ok", "{at} {path}: {code} {told}");
        }
    }
    let wire = SocketAddr::new(node.host().addresses()[0].addr(), PROBES);
    let heard = get(cluster.client().namespace(), format!("http://{wire}"), "healthz", None);
    ensure!(heard.is_err(), "a speaker answers probes from outside its node: {heard:?}");
    Ok(())
}

/// Asks for metrics from inside a namespace: code and text.
pub(crate) fn scrape(
    from: &Namespace,
    at: SocketAddr,
    token: Option<String>,
) -> anyhow::Result<(u16, String)> {
    get(from, format!("https://{at}"), "metrics", token)
}

fn get(
    from: &Namespace,
    url: String,
    path: &'static str,
    token: Option<String>,
) -> anyhow::Result<(u16, String)> {
    let ask = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(answer(&url, path, token))
    };
    let answered =
        from.thread("scrape", ask)?.join().map_err(|_| anyhow::anyhow!("the scrape has panicked"))?;
    answered?
}

async fn answer(url: &str, path: &str, token: Option<String>) -> anyhow::Result<(u16, String)> {
    let mut config = Config::new(url.parse()?);
    config.accept_invalid_certs = true;
    config.default_retry = false;
    config.auth_info.token = token.map(Into::into);
    let request = Request::new("").get(path, &GetParams::default())?;
    match Client::try_from(config)?.request_text(request).await {
        Ok(text) => Ok((200, text)),
        Err(kube::Error::Api(status)) => Ok((status.code, status.message.clone())),
        Err(error) => Err(error.into()),
    }
}

async fn token(kube: &Client, account: &str) -> anyhow::Result<String> {
    let accounts = Api::<ServiceAccount>::namespaced(kube.clone(), "monitoring");
    let request = TokenRequest { spec: TokenRequestSpec::default(), ..TokenRequest::default() };
    let asked = accounts.create_token_request(account, &PostParams::default(), &request).await?;
    Ok(asked.status.context("no token")?.token)
}
