//! A whole cluster: nodes, a client, an API server, the real controller and the real speakers.
//!
//! ```text
//!   control         node-1 … node-n            client          namespaces
//!     controller      speaker  (NET_RAW)         requests
//!                     agents ── Pods
//!     127.0.0.1:6443  127.0.0.1:6443     ◄── the API server, in the lab itself
//!                     eth0 ─────────────────────── eth0        segment 192.168.50.0/24, fd00:50::/64
//! ```
//!
//! The API server is heard in every namespace on a loopback address, so what happens to the segment never
//! happens to the API, and the other way round.

mod api;
mod ground;
pub mod install;
pub mod layout;
mod node;
mod view;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use kube::Client;
use patina::addr::HardwareAddr;

use crate::agent;
use crate::daemon::{Daemon, Keep, Launch};
use crate::fault::{FaultError, Order};
use crate::host::Host;
use crate::netlink::{Netlink, Snooping};
use crate::netns::Namespace;
use crate::segment::Segment;
use crate::standins::StandIns;
use crate::state::StateDir;
use crate::wait::wait_for;
use api::Api;
use ground::Ground;
pub use layout::MOST_NODES;
pub use node::{Node, prepare, route_to_other_pods};
pub use view::{NodeView, ServiceView, Told, View, addresses, all_ready, announcements};

/// Where controller, speakers and pools live.
pub const NAMESPACE: &str = "metallb-system";

/// From nothing to Ready, on a slow machine.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// What a cluster is made of.
#[derive(Debug)]
pub struct Settings {
    /// How many nodes, 1 to [`MOST_NODES`].
    pub nodes: u8,
    /// The `patina` command: the lab runs it as controller, speaker and node agents.
    pub patina: PathBuf,
    /// The folder for sockets, keys and logs.
    pub state: StateDir,
    /// Whether the segment's bridge snoops.
    pub snooping: Snooping,
}

/// A running cluster. Dropping it ends everything in it.
pub struct Cluster {
    kube: Client,
    client: Host,
    control: Namespace,
    controller: Option<Daemon>,
    nodes: BTreeMap<String, Node>,
    _standins: StandIns,
    ground: Ground,
}

impl Cluster {
    /// Starts a cluster and waits until its nodes are Ready.
    ///
    /// # Errors
    /// Whatever did not start; everything that did is ended.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        // Where the limit cannot be raised the lab still works, with fewer requests at a time.
        let _ = agent::raise_file_limit();
        let ground = lay(settings).await?;
        let kube = agent::client(&ground.kubeconfig).await?;
        install::install(&kube).await?;
        let standins = StandIns::start(&kube);
        let client =
            Host::join(&ground.segment, "client", layout::CLIENT_HARDWARE, &layout::client()).await?;
        let control = Namespace::new("control")?;
        Netlink::open(&control)?.loopback_up().await?;
        ground.api.listen_in(&control)?;
        let mut cluster = Self {
            kube,
            client,
            control,
            controller: None,
            nodes: BTreeMap::new(),
            _standins: standins,
            ground,
        };
        cluster.start_controller()?;
        cluster.ground.key_folder = install::mount_key(&cluster.kube, &cluster.ground.state).await?;
        for number in 1..=cluster.ground.nodes {
            let node = Node::boot(number, &cluster.ground).await?;
            cluster.nodes.insert(node.name().to_owned(), node);
        }
        cluster.until_ready().await?;
        Ok(cluster)
    }

    /// A client of its API server, as administrator.
    pub fn kube(&self) -> &Client {
        &self.kube
    }

    /// The kubeconfig file for programs on this machine.
    pub fn kubeconfig(&self) -> &Path {
        &self.ground.kubeconfig
    }

    /// The host outside the cluster that asks for services.
    pub fn client(&self) -> &Host {
        &self.client
    }

    /// The segment of nodes and client.
    pub fn segment(&self) -> &Segment {
        &self.ground.segment
    }

    /// Its nodes by name.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    /// One node.
    ///
    /// # Errors
    /// No such node.
    pub fn node(&self, name: &str) -> Result<&Node, FaultError> {
        self.nodes.get(name).ok_or_else(|| FaultError::NoNode(name.to_owned()))
    }

    /// The node whose link has this hardware address.
    pub fn node_with(&self, hardware: HardwareAddr) -> Option<&Node> {
        self.nodes.values().find(|node| node.host().hardware() == hardware)
    }

    /// Does something to a node, or undoes it.
    ///
    /// # Errors
    /// No such node, nothing to heal, a fault already; or the kernel refused.
    pub async fn order(&mut self, name: &str, order: Order) -> anyhow::Result<()> {
        let node = self.nodes.get_mut(name).ok_or_else(|| FaultError::NoNode(name.to_owned()))?;
        match order {
            Order::Inflict(fault) => node.inflict(fault, &self.ground).await,
            Order::Heal => node.heal(&self.ground).await,
        }
    }

    /// Stops a node's speaker gently, as a rolling update does.
    ///
    /// # Errors
    /// No such node.
    pub async fn stop_speaker(&mut self, name: &str) -> anyhow::Result<()> {
        let node = self.nodes.get_mut(name).ok_or_else(|| FaultError::NoNode(name.to_owned()))?;
        node.stop_speaker().await
    }

    /// Kills a node's speaker alone; the node lives.
    ///
    /// # Errors
    /// No such node.
    pub async fn kill_speaker(&mut self, name: &str) -> anyhow::Result<()> {
        let node = self.nodes.get_mut(name).ok_or_else(|| FaultError::NoNode(name.to_owned()))?;
        node.kill_speaker().await
    }

    /// Starts a node's speaker again.
    ///
    /// # Errors
    /// No such node, or the program does not start.
    pub fn start_speaker(&mut self, name: &str) -> anyhow::Result<()> {
        let node = self.nodes.get_mut(name).ok_or_else(|| FaultError::NoNode(name.to_owned()))?;
        node.start_speaker(&self.ground)
    }

    /// The API server stops answering, and breaks what is under way.
    pub fn stop_api(&self) {
        self.ground.api.pause();
    }

    /// The API server answers again.
    pub fn start_api(&self) {
        self.ground.api.resume();
    }

    /// Waits until every node without a fault is Ready, as kubectl shows it.
    ///
    /// # Errors
    /// Not within a minute; names the nodes, and the programs that have ended.
    pub async fn until_ready(&mut self) -> anyhow::Result<()> {
        let wanted: Vec<String> =
            self.nodes.values().filter(|node| node.fault().is_none()).map(|n| n.name().to_owned()).collect();
        let kube = self.kube.clone();
        let what = format!("{} Ready", wanted.join(", "));
        wait_for(&what, READY_WITHIN, async || view::all_ready(&kube, &wanted).await)
            .await
            .with_context(|| format!("see the logs in {}", self.ground.state.path().display()))
    }

    /// What a person wants to see of it.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn view(&self) -> anyhow::Result<View> {
        View::of(self).await
    }

    /// The last lines of every program's log, for a failure that has to be explained.
    pub fn last_words(&self) -> Vec<(String, Vec<String>)> {
        last_words(self.ground.state.path())
    }

    fn start_controller(&mut self) -> anyhow::Result<()> {
        let launch = Launch {
            program: &self.ground.patina,
            arguments: vec!["controller".to_owned()],
            environment: vec![
                ("KUBECONFIG", self.ground.node_kubeconfig.display().to_string()),
                ("METALLB_NAMESPACE", NAMESPACE.to_owned()),
                ("METALLB_POD_NAME", "controller-lab".to_owned()),
            ],
            keep: Keep::Shipped,
            log: self.ground.log("controller"),
        };
        self.controller = Some(Daemon::start(&self.control, launch).context("start the controller")?);
        Ok(())
    }
}

/// The last lines of every log (`*.log`) in a folder, by program.
pub fn last_words(folder: &Path) -> Vec<(String, Vec<String>)> {
    const LINES: usize = 12;
    let logs = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let logs = logs.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "log"));
    let mut words: Vec<_> = logs
        .filter_map(|path| {
            let text = std::fs::read_to_string(&path).ok()?;
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let name = path.file_stem()?.to_string_lossy().into_owned();
            Some((name, lines[lines.len().saturating_sub(LINES)..].to_vec()))
        })
        .collect();
    words.sort();
    words
}

/// Segment, API server, files.
async fn lay(settings: Settings) -> anyhow::Result<Ground> {
    let Settings { nodes, patina, state, snooping } = settings;
    let api = Api::start()?;
    let outside = api.listen_on_host()?;
    let kubeconfig = state.write("kubeconfig", api.kubeconfig(&outside).as_bytes())?;
    let inside = api.kubeconfig(&Api::inside_url());
    let node_kubeconfig = state.write("nodes/kubeconfig", inside.as_bytes())?;
    let key_folder = state.file("key");
    let segment = Segment::new(snooping).await?;
    Ok(Ground { segment, api, state, patina, node_kubeconfig, kubeconfig, key_folder, nodes })
}
