//! The shipped webhook under a real API server: asked, believed, and missed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use libtest_mimic::Trial;
use patina::api::IPAddressPool;
use patina_lab::cluster::NAMESPACE;
use patina_lab::daemon::{Daemon, Keep, Launch};
use patina_lab::manifest;
use patina_lab::wait::wait_for;
use patina_realcluster::{Cluster, Daemons, Spec};
use serde_json::{Value, json};

use crate::stage::{PATINA, Stage};

const MANIFEST: &str = include_str!("../../../charts/patina/manifests/webhook.yaml");
const CONFIGURATION: &str = "metallb-webhook-configuration";
const WITHIN: Duration = Duration::from_secs(60);

pub(crate) fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let spec = Spec { daemons: Daemons::Absent, ..Spec::with_nodes(1) };
    let name = "webhook::rows_90_91_92_a_fresh_install_is_asked_and_its_failure_policy_decides_without_it";
    vec![stage.on(spec, name, life)]
}

/// What ships, led to the controller, which runs beside the API server and is no Pod.
pub(crate) fn shipped() -> anyhow::Result<Vec<DynamicObject>> {
    let mut objects = manifest::parse("webhook.yaml", MANIFEST)?;
    for object in &mut objects {
        if object.types.as_ref().is_some_and(|types| types.kind == "Service") {
            object.data["spec"] = json!({ "type": "ExternalName", "externalName": "localhost" });
        }
        for webhook in webhooks(object) {
            webhook["clientConfig"]["service"]["port"] = 9443.into();
        }
    }
    Ok(objects)
}

/// The webhooks of a ValidatingWebhookConfiguration; of any other object none.
pub(crate) fn webhooks(object: &mut DynamicObject) -> impl Iterator<Item = &mut Value> {
    object.data.get_mut("webhooks").and_then(Value::as_array_mut).into_iter().flatten()
}

async fn life(cluster: &mut Cluster) -> anyhow::Result<()> {
    let (kube, objects) = (cluster.kube(), shipped()?);
    manifest::apply(kube, &objects).await?;
    let outcome = told(cluster).await;
    manifest::delete(kube, &objects).await?;
    Api::<Secret>::namespaced(kube.clone(), NAMESPACE)
        .delete_collection(
            &Default::default(),
            &ListParams::default().fields("metadata.name=metallb-webhook-cert"),
        )
        .await?;
    let forgotten = until(kube, "nobody is asked any more", &["192.0.2.0/28"], Result::is_ok).await;
    outcome.and(forgotten)
}

async fn told(cluster: &Cluster) -> anyhow::Result<()> {
    let kube = cluster.kube();
    let named = "failed calling webhook \"ipaddresspoolvalidationwebhook.metallb.io\"";
    until(kube, "Fail refuses", &["192.0.2.0/28"], |said| says(said, named)).await?;
    policy(kube, "Ignore").await?;
    until(kube, "Ignore lets pass", &["192.0.2.0/28"], Result::is_ok).await?;
    policy(kube, "Fail").await?;
    until(kube, "Fail refuses again", &["192.0.2.0/28"], |said| says(said, named)).await?;
    let daemon = start(cluster)?;
    let outcome = asked(kube).await;
    daemon.kill().await?;
    outcome
}

async fn asked(kube: &Client) -> anyhow::Result<()> {
    until(kube, "the webhook answers", &["192.0.2.0/28"], Result::is_ok).await?;
    let gold = pool("gold", &["192.0.2.0/28"]);
    pools(kube, NAMESPACE).create(&PostParams::default(), &gold).await?;
    let said = judged(kube, NAMESPACE, &["192.0.2.15-192.0.2.20"]).await;
    let denied =
        "admission webhook \"ipaddresspoolvalidationwebhook.metallb.io\" denied the request: OverlapWith: ";
    ensure!(says(&said, denied) && says(&said, "gold"), "{said:?}");
    let said = judged(kube, "default", &["198.51.100.0/28"]).await;
    ensure!(says(&said, "WrongNamespace"), "{said:?}");
    pools(kube, NAMESPACE).delete("gold", &Default::default()).await?;
    Ok(())
}

/// Started as its manifest does, with the webhook on.
fn start(cluster: &Cluster) -> anyhow::Result<Daemon> {
    let account = cluster.folder().join("kubeconfigs/controller");
    let launch = Launch {
        program: Path::new(PATINA),
        arguments: vec!["controller".to_owned(), "--webhook-mode=enabled".to_owned()],
        environment: vec![
            ("KUBECONFIG", account.display().to_string()),
            ("METALLB_NAMESPACE", NAMESPACE.to_owned()),
            ("METALLB_POD_NAME", "webhook".to_owned()),
        ],
        keep: Keep::Shipped,
        log: cluster.folder().join("webhook.log"),
    };
    Ok(Daemon::start(cluster.api_host().namespace(), launch)?)
}

async fn policy(kube: &Client, policy: &str) -> anyhow::Result<()> {
    let configurations = Api::<ValidatingWebhookConfiguration>::all(kube.clone());
    let webhooks = configurations.get(CONFIGURATION).await?.webhooks.unwrap_or_default();
    let webhooks: Vec<_> =
        webhooks.iter().map(|webhook| json!({ "name": webhook.name, "failurePolicy": policy })).collect();
    let patch = Patch::Strategic(json!({ "webhooks": webhooks }));
    configurations.patch(CONFIGURATION, &PatchParams::default(), &patch).await?;
    Ok(())
}

fn pools(kube: &Client, namespace: &str) -> Api<DynamicObject> {
    Api::namespaced_with(kube.clone(), namespace, &ApiResource::erase::<IPAddressPool>(&()))
}

fn pool(name: &str, addresses: &[&str]) -> DynamicObject {
    let data = json!({ "spec": { "addresses": addresses } });
    DynamicObject::new(name, &ApiResource::erase::<IPAddressPool>(&())).data(data)
}

/// What is said of a pool that is judged and not kept.
async fn judged(kube: &Client, namespace: &str, addresses: &[&str]) -> Result<(), String> {
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let said = pools(kube, namespace).create(&dry, &pool("probe", addresses)).await;
    said.map(drop).map_err(|error| error.to_string())
}

fn says(said: &Result<(), String>, words: &str) -> bool {
    said.as_ref().is_err_and(|error| error.contains(words))
}

/// The API server needs a moment to see a change of the configuration.
async fn until(
    kube: &Client,
    what: &str,
    addresses: &[&str],
    right: impl Fn(&Result<(), String>) -> bool,
) -> anyhow::Result<()> {
    let look = async || {
        let said = judged(kube, NAMESPACE, addresses).await;
        ensure!(right(&said), "{said:?}");
        Ok(Some(()))
    };
    wait_for(what, WITHIN, look).await
}
