//! What an operator installs before the first pool: the kinds, the namespace, the speakers' key.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use kube::Client;
use kube::api::DynamicObject;

use super::NAMESPACE;
use crate::manifest;
use crate::state::StateDir;

macro_rules! definition {
    ($kind:literal) => {{
        const FILE: &str = concat!("charts/patina/crds/metallb.io_", $kind, ".yaml");
        (FILE, include_str!(concat!("../../../charts/patina/crds/metallb.io_", $kind, ".yaml")))
    }};
}
/// The kinds as the chart ships them.
const DEFINITIONS: [(&str, &str); 9] = [
    definition!("bfdprofiles"),
    definition!("bgpadvertisements"),
    definition!("bgppeers"),
    definition!("communities"),
    definition!("configurationstates"),
    definition!("ipaddresspools"),
    definition!("l2advertisements"),
    definition!("servicebgpstatuses"),
    definition!("servicel2statuses"),
];

/// Name of the key's file; MetalLB's Secret has it so.
const KEY_FILE: &str = "key/secretkey";
/// A key of 256 random bits, written in hexadecimal.
const KEY_BYTES: usize = 32;

/// Installs kinds and namespace.
pub(super) async fn install(client: &Client) -> anyhow::Result<()> {
    let mut objects: Vec<DynamicObject> = Vec::new();
    for (file, text) in DEFINITIONS {
        objects.extend(manifest::parse(file, text)?);
    }
    let namespace = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n");
    objects.extend(manifest::parse("namespace", &namespace)?);
    manifest::apply(client, &objects).await.context("install the kinds of metallb.io")?;
    Ok(())
}

/// Writes a fresh key and returns its folder.
pub(super) fn write_key(state: &StateDir) -> anyhow::Result<PathBuf> {
    let mut random = [0; KEY_BYTES];
    std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut random))?;
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let file = state.write(KEY_FILE, text.as_bytes())?;
    Ok(file.parent().context("the key's folder")?.to_owned())
}
