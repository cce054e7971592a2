//! `patina lab-node`: what runs on every Kubernetes node beside the Pods, as one program per node, so that a
//! node can be killed or frozen as a whole.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use anyhow::Context;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tracing_subscriber::filter::LevelFilter;

use crate::netlink::Netlink;
use crate::netns::Namespace;
use crate::pods::NodeSpec;
use crate::proxy::Place;
use crate::{pods, proxy};

/// What leads packets for Services on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxying {
    /// The lab's stand-in for kube-proxy.
    StandIn,
    /// Another program beside the agents, such as kube-proxy itself.
    Elsewhere,
}

/// Runs the node's agents in the calling process's namespace, for ever.
///
/// # Errors
/// No access to the API server's credentials or to netlink, or an agent ended.
pub async fn run(spec: NodeSpec, kubeconfig: &Path, proxying: Proxying) -> anyhow::Result<()> {
    let netlink = Netlink::open(&Namespace::current(&spec.name)?)?;
    let client = client(kubeconfig).await?;
    if proxying == Proxying::Elsewhere {
        return pods::run(client, &netlink, &spec).await.context("kubelet");
    }
    let place =
        Place { node: spec.name.clone(), addresses: spec.addresses.iter().map(ipnet::IpNet::addr).collect() };
    tokio::select! {
        ended = pods::run(client.clone(), &netlink, &spec) => ended.context("kubelet"),
        ended = proxy::run(client, &netlink, place) => ended.context("kube-proxy"),
    }
}

/// A client for the API server that a kubeconfig file names.
///
/// # Errors
/// The file cannot be read or names no server.
pub async fn client(kubeconfig: &Path) -> anyhow::Result<Client> {
    let read = Kubeconfig::read_from(kubeconfig).with_context(|| kubeconfig.display().to_string())?;
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

/// Lets this process and its children hold as many sockets as the kernel allows: one for each flow.
///
/// # Errors
/// The kernel refuses; the limit is as before.
pub fn raise_file_limit() -> nix::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
}

/// Sends the log of this program to a file.
pub fn log_to(file: File) {
    let writer = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_ansi(false)
        .with_writer(Mutex::new(file));
    // A second subscriber in one program is refused, and the first one stays.
    let _ = writer.try_init();
}

/// Sends the log of this program to standard error.
pub fn log_to_stderr() {
    let writer =
        tracing_subscriber::fmt().with_max_level(LevelFilter::INFO).with_ansi(false).with_writer(io::stderr);
    let _ = writer.try_init();
}
