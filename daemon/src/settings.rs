//! Flags and environment that both daemons understand, under MetalLB's names where they mean the same.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use crate::fatal::Fatal;
use crate::https::TlsFlags;

/// Where a Pod finds the name of its own namespace (Kubernetes, "Accessing the Kubernetes API from a Pod").
const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Flags of both daemons.
#[derive(Args, Clone, Debug)]
pub struct Flags {
    /// Kubeconfig to use outside a cluster.
    #[arg(long, env = "KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Namespace of our own objects; in a Pod its own one.
    #[arg(long, env = "METALLB_NAMESPACE")]
    pub namespace: Option<String>,
    /// Name of our own Pod.
    #[arg(long, env = "METALLB_POD_NAME")]
    pub pod_name: Option<String>,
    /// Class of the Services to serve; without it, those that have none.
    #[arg(long, value_name = "CLASS", default_value = "")]
    pub lb_class: String,
    /// How much to log.
    #[arg(long, value_enum, default_value_t = LogLevel::Info)]
    pub log_level: LogLevel,
    /// Form of the log lines.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Port of the metrics, over HTTPS; 0 switches them off.
    #[arg(long, default_value_t = 9120)]
    pub port: u16,
    /// Address that the metrics are bound to; without it, every address.
    #[arg(long, env = "METALLB_HOST")]
    pub host: Option<IpAddr>,
    /// Port of /healthz and /readyz; 0 switches them off.
    #[arg(long, default_value_t = 17472)]
    pub health_probe_port: u16,
    /// How the metrics are secured.
    #[command(flatten)]
    pub tls: TlsFlags,
}

/// How much to log, in MetalLB's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Everything, every packet included.
    All,
    /// Paths taken, and why.
    Debug,
    /// What a person can notice.
    Info,
    /// What is worth a look in the morning.
    Warn,
    /// What is broken now.
    Error,
    /// Nothing.
    None,
}

/// Form of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For eyes.
    Text,
    /// One JSON object a line.
    Json,
}

impl Flags {
    /// The namespace of our own objects.
    ///
    /// # Errors
    /// One line when neither flag, variable nor Pod tells it.
    pub fn namespace(&self) -> Result<String, Fatal> {
        if let Some(namespace) = self.namespace.as_deref().filter(|n| !n.is_empty()) {
            return Ok(namespace.to_owned());
        }
        namespace_in(Path::new(NAMESPACE_FILE))
            .ok_or_else(|| Fatal::configuration(anyhow!("set METALLB_NAMESPACE or --namespace")))
    }

    /// The class that is served; `None` stands for Services without one.
    pub fn class(&self) -> Option<&str> {
        Some(self.lb_class.as_str()).filter(|class| !class.is_empty())
    }
}

fn namespace_in(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    Some(text.trim().to_owned()).filter(|name| !name.is_empty())
}
