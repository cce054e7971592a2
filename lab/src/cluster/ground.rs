//! What every node of a cluster stands on.

use std::path::PathBuf;

use super::api::Api;
use crate::segment::Segment;
use crate::state::StateDir;

/// The segment, the API server and the files that all nodes share.
pub(super) struct Ground {
    pub(super) segment: Segment,
    pub(super) api: Api,
    pub(super) state: StateDir,
    /// The `patina` command.
    pub(super) patina: PathBuf,
    /// How programs inside the lab reach the API server.
    pub(super) node_kubeconfig: PathBuf,
    /// How programs on the machine reach it.
    pub(super) kubeconfig: PathBuf,
    /// Holds the speakers' shared key.
    pub(super) key_folder: PathBuf,
    /// How many nodes there are.
    pub(super) nodes: u8,
}

impl Ground {
    /// Where a program's output goes.
    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.state.file(&format!("{name}.log"))
    }
}
