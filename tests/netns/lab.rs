//! Clusters for tests.

use std::path::{Path, PathBuf};

use patina_lab::cluster::{Cluster, Settings};
use patina_lab::netlink::Snooping;
use patina_lab::state::StateDir;

use crate::boxed::{PATINA, run_name};

/// A cluster with so many nodes, in a folder of its own.
pub(crate) async fn cluster(nodes: u8) -> anyhow::Result<Cluster> {
    cluster_on(nodes, Snooping::Off).await
}

/// The same on a bridge of one's choice.
pub(crate) async fn cluster_on(nodes: u8, snooping: Snooping) -> anyhow::Result<Cluster> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(run_name());
    let state = StateDir::take(&folder)?;
    Cluster::start(Settings { nodes, patina: PathBuf::from(PATINA), state, snooping }).await
}
