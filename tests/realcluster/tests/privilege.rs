//! The shipped Pods before the real API server: every field is known, and Pod Security lets them in where it should.

use std::sync::Arc;

use anyhow::{Context, ensure};
use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use libtest_mimic::Trial;
use patina_lab::manifest;
use patina_realcluster::Cluster;
use serde_json::{Value, json};

use crate::shared;
use crate::stage::Stage;

const CONTROLLER: &str = include_str!("../../../charts/patina/manifests/controller.yaml");
const SPEAKER: &str = include_str!("../../../charts/patina/manifests/speaker.yaml");

pub(crate) fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![stage.on(shared(), "privilege::row_93_pods_are_admitted_with_no_more_than_they_need", admitted)]
}

async fn admitted(cluster: &mut Cluster) -> anyhow::Result<()> {
    let kube = cluster.kube();
    is_admitted(kube, "restricted", CONTROLLER).await.context("the controller")?;
    is_admitted(kube, "privileged", SPEAKER).await.context("a speaker")?;
    let refused = is_admitted(kube, "baseline", SPEAKER).await;
    ensure!(
        refused.is_err_and(|error| format!("{error:#}").contains("NET_RAW")),
        "Pod Security is not at work"
    );
    Ok(())
}

/// Asks the API server without keeping anything: for the whole object, and for a Pod of it under a level of Pod Security.
async fn is_admitted(kube: &Client, level: &str, text: &str) -> anyhow::Result<()> {
    let object = manifest::parse("a shipped manifest", text)?.remove(0);
    let namespace = guarded(kube, level, &object.name_any()).await?;
    let types = object.types.clone().context("its kind")?;
    let resource = kube::api::ApiResource::from_gvk(&(&types).try_into()?);
    let objects = Api::<DynamicObject>::namespaced_with(kube.clone(), "metallb-system", &resource);
    let dry = PatchParams::apply("test").dry_run().validation_strict();
    objects.patch(&object.name_any(), &dry, &Patch::Apply(&object)).await?;

    let mut pod = object.data["spec"]["template"].clone();
    pod["metadata"]["name"] = json!("pod");
    let pods = Api::<Pod>::namespaced(kube.clone(), &namespace);
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    pods.create(&dry, &serde_json::from_value(pod)?).await?;
    Ok(())
}

async fn guarded(kube: &Client, level: &str, account: &str) -> anyhow::Result<String> {
    let name = format!("{level}-{account}");
    let labels = json!({"pod-security.kubernetes.io/enforce": level});
    apply::<Namespace>(&Api::all(kube.clone()), &name, json!({"labels": labels})).await?;
    apply::<ServiceAccount>(&Api::namespaced(kube.clone(), &name), account, json!({})).await?;
    Ok(name)
}

async fn apply<K>(api: &Api<K>, name: &str, metadata: Value) -> anyhow::Result<()>
where
    K: kube::Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let mut object = json!({"apiVersion": K::api_version(&()), "kind": K::kind(&()), "metadata": metadata});
    object["metadata"]["name"] = name.into();
    api.patch(name, &PatchParams::apply("test"), &Patch::Apply(object)).await?;
    Ok(())
}
