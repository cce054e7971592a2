//! A cluster with a real control plane, in network namespaces, without images.
//!
//! ```text
//!   api                     node-1 … node-n              client          namespaces
//!     etcd                    speaker   (the project's)    requests
//!     kube-apiserver          kube-proxy (real)
//!     kube-controller-manager kubelet    (the lab's) ── Pods
//!     controller
//!     eth0 ───────────────────── eth0 ─────────────────────── eth0       segment 192.168.50.0/24, fd00:50::/64
//! ```
//!
//! Real: etcd, kube-apiserver with the RBAC authoriser and an audit log, kube-controller-manager, kube-proxy.
//! Stand-ins of `patina-lab`: the kubelet (its Node, Lease and Ready condition, and Pods that are namespaces with
//! an echo, or Traefik where a Pod names its image), the scheduler. The project's own: controller and speakers, as processes with tokens of their
//! ServiceAccounts.
//!
//! A cluster lives in the lab's box ([`patina_lab::sandbox`]): whatever happens to the program that holds it, nothing
//! of it stays behind. Call [`patina_lab::sandbox::enter`] first, then:
//!
//! ```no_run
//! # async fn story(patina: std::path::PathBuf, tools: patina_realcluster::Tools) -> anyhow::Result<()> {
//! use patina_lab::state::StateDir;
//! use patina_realcluster::{Cluster, Spec};
//!
//! let state = StateDir::take(std::path::Path::new("/tmp/a-folder-of-its-own"))?;
//! let mut cluster = Cluster::start(Spec::with_nodes(2), tools, patina, state).await?;
//! cluster.kube().apiserver_version().await?;
//! cluster.order("node-1", "crash".parse()?).await?;
//! # Ok(()) }
//! ```
//!
//! [`Tools::ready`] builds the programs once into a cache outside the tree; that takes Go, and twenty minutes the
//! first time.

mod access;
mod audit;
mod cluster;
mod control_plane;
mod credentials;
mod door;
mod ground;
mod kubeproxy;
mod node;
pub mod settings;
mod tools;

pub use audit::{Audit, Denied};
pub use cluster::Cluster;
pub use control_plane::{Part, Snapshot};
pub use credentials::Account;
pub use kubeproxy::ProxyMode;
pub use node::{Agent, Node};
pub use tools::{Tool, ToolError, Tools};

/// What a cluster is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// How many nodes; none gives a control plane alone.
    pub nodes: u8,
    /// Nodes, counted from 1, whose kube-proxy programs iptables; the others program nftables.
    pub iptables: Vec<u8>,
    /// Whether the project's daemons run.
    pub daemons: Daemons,
}

/// Whether the project's daemons run in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemons {
    /// Kinds, controller and a speaker on each node.
    Running,
    /// The kinds alone.
    Absent,
}

impl Spec {
    /// So many nodes with nftables and everything of the project.
    pub fn with_nodes(nodes: u8) -> Self {
        Self { nodes, iptables: Vec::new(), daemons: Daemons::Running }
    }

    /// A control plane with the project's kinds and nothing else.
    pub fn control_plane() -> Self {
        Self { nodes: 0, iptables: Vec::new(), daemons: Daemons::Absent }
    }
}
