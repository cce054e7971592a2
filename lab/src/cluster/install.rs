//! What stands before the first pool: the kinds, the namespace, the speakers' key.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use k8s_openapi::api::core::v1::Secret;
use kube::api::DynamicObject;
use kube::{Api, Client};

use super::NAMESPACE;
use crate::manifest;
use crate::state::StateDir;
use crate::wait::wait_for;

macro_rules! definition {
    ($kind:literal) => {
        definition!("metallb.io", $kind)
    };
    ($group:literal, $kind:literal) => {{
        const FILE: &str = concat!("charts/patina/crds/", $group, "_", $kind, ".yaml");
        (FILE, include_str!(concat!("../../../charts/patina/crds/", $group, "_", $kind, ".yaml")))
    }};
}
/// The kinds as the chart ships them.
const DEFINITIONS: [(&str, &str); 11] = [
    definition!("bfdprofiles"),
    definition!("bgpadvertisements"),
    definition!("bgppeers"),
    definition!("communities"),
    definition!("configurationstates"),
    definition!("ipaddresspools"),
    definition!("l2advertisements"),
    definition!("servicebgpstatuses"),
    definition!("servicel2statuses"),
    definition!("patina.dev", "foreignranges"),
    definition!("patina.dev", "poolstates"),
];

/// The Secret that the controller makes when it is missing, and its one entry; MetalLB's names.
const SECRET: &str = "metallb-memberlist";
const ENTRY: &str = "secretkey";
const SECRET_WITHIN: Duration = Duration::from_secs(30);

/// Installs kinds and namespace.
///
/// # Errors
/// The first object that the API server refused.
pub async fn install(client: &Client) -> anyhow::Result<()> {
    let mut objects: Vec<DynamicObject> = Vec::new();
    for (file, text) in DEFINITIONS {
        objects.extend(manifest::parse(file, text)?);
    }
    let namespace = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n");
    objects.extend(manifest::parse("namespace", &namespace)?);
    manifest::apply(client, &objects).await.context("install the kinds of metallb.io")?;
    Ok(())
}

/// Writes the speakers' key into a folder, as a kubelet mounts the Secret, and returns the folder.
///
/// # Errors
/// The controller does not make the Secret, or the file system refuses.
pub async fn mount_key(client: &Client, state: &StateDir) -> anyhow::Result<PathBuf> {
    let secrets = Api::<Secret>::namespaced(client.clone(), NAMESPACE);
    let look = async || {
        let data = secrets.get_opt(SECRET).await?.and_then(|secret| secret.data);
        Ok(data.and_then(|mut data| data.remove(ENTRY)))
    };
    let key = wait_for(&format!("the controller makes Secret {SECRET}"), SECRET_WITHIN, look).await?;
    let file = state.write(&format!("key/{ENTRY}"), &key.0)?;
    file.parent().map(PathBuf::from).context("the key's folder")
}
