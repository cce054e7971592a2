//! Flags and environment, read once. Names are MetalLB's where they mean the same.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::Args;
use patina::election::{ExcludeLabel, Scope};
use patina::name::NodeName;
use patina_daemon::admin::Endpoints;
use patina_daemon::settings::Flags;

use crate::key::{self, Authentication, KeyError};

/// What a speaker is told at its start.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// What both daemons understand.
    #[command(flatten)]
    pub flags: Flags,
    /// Name of this node, as the API server knows it.
    #[arg(long, env = "METALLB_NODE_NAME")]
    pub node_name: String,
    /// Announce also from nodes labelled node.kubernetes.io/exclude-from-external-load-balancers.
    #[arg(long)]
    pub ignore_exclude_lb: bool,
    /// Folder of the mounted Secret that holds the key of the heartbeats, as the file `secretkey`.
    #[arg(long, env = "METALLB_ML_SECRET_KEY_PATH", value_name = "FOLDER")]
    pub ml_secret_key_path: Option<PathBuf>,
    /// Speak without a key: anybody on the segment can then pretend to be a node.
    #[arg(long)]
    pub insecure_heartbeats: bool,
    /// File that keeps the last known world, so that a restart without the API server goes on with it.
    #[arg(long, value_name = "FILE")]
    pub snapshot_path: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) memberlist: Memberlist,
}

/// Settings of MetalLB's memberlist: accepted, so that manifests need no change, and answered with a notice.
#[derive(Args, Clone, Debug)]
pub(crate) struct Memberlist {
    /// Accepted for MetalLB's manifests; heartbeats are always on, on the segment itself.
    #[arg(long, env = "METALLB_ML_BIND_ADDR", hide = true)]
    ml_bindaddr: Option<String>,
    /// Accepted for MetalLB's manifests.
    #[arg(long, env = "METALLB_ML_BIND_PORT", hide = true)]
    ml_bindport: Option<u16>,
    /// Accepted for MetalLB's manifests.
    #[arg(long, env = "METALLB_ML_LABELS", hide = true)]
    ml_labels: Option<String>,
    /// Accepted for MetalLB's manifests.
    #[arg(long, hide = true)]
    ml_wan_config: bool,
}

impl Memberlist {
    /// Flags that were given and mean nothing here.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let given = [
            ("--ml-bindaddr", self.ml_bindaddr.is_some()),
            ("--ml-bindport", self.ml_bindport.is_some()),
            ("--ml-labels", self.ml_labels.is_some()),
            ("--ml-wan-config", self.ml_wan_config),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }
}

impl Arguments {
    /// This node, and whom it works for.
    pub(crate) fn scope(&self) -> Scope {
        let exclude_label =
            if self.ignore_exclude_lb { ExcludeLabel::Ignored } else { ExcludeLabel::Respected };
        let node = NodeName::from(self.node_name.as_str());
        Scope { node, class: self.flags.class().map(Into::into), exclude_label }
    }

    /// The key of the heartbeats.
    pub(crate) fn key(&self) -> Result<Option<Vec<u8>>, KeyError> {
        let authentication =
            if self.insecure_heartbeats { Authentication::Waived } else { Authentication::Required };
        key::read(self.ml_secret_key_path.as_deref(), authentication)
    }

    /// Probes are answered on loopback: the Pod is in the node's own network.
    pub(crate) fn endpoints(&self) -> Endpoints {
        Endpoints {
            metrics_host: self.flags.host,
            metrics_port: self.flags.port,
            health_host: Some(IpAddr::from(Ipv4Addr::LOCALHOST)),
            health_port: self.flags.health_probe_port,
        }
    }
}
