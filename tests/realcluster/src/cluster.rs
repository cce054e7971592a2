//! The whole: starts in order, answers questions, takes orders.

mod start;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::Client;
use patina::addr::HardwareAddr;
use patina_lab::daemon::Daemon;
use patina_lab::fault::{FaultError, Order};
use patina_lab::host::Host;
use patina_lab::segment::Segment;
use patina_lab::wait::wait_for;
use tokio::task::JoinSet;

use crate::Spec;
use crate::audit::Audit;
use crate::control_plane::{AUDIT_LOG, ControlPlane, Part, Snapshot};
use crate::ground::Ground;
use crate::node::{Agent, Node};

/// From its start to `/readyz`, on a slow machine.
const ANSWERS_WITHIN: Duration = Duration::from_secs(120);
/// From its registration to Ready, on a slow machine.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// A running cluster. Dropping it ends everything in it.
pub struct Cluster {
    kube: Client,
    kubeconfig: PathBuf,
    client: Host,
    control: ControlPlane,
    nodes: BTreeMap<String, Node>,
    _scheduler: JoinSet<()>,
    ground: Ground,
}

impl Cluster {
    /// What it was started as.
    pub fn spec(&self) -> &Spec {
        &self.ground.spec
    }

    /// A client of its API server, as administrator (`system:masters`).
    pub fn kube(&self) -> &Client {
        &self.kube
    }

    /// An administrator's kubeconfig file for programs on this machine.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// etcd's URL for programs on this machine.
    pub fn store_url(&self) -> String {
        self.control.store_url()
    }

    /// The folder with its files: logs (`*.log`), credentials, etcd's data.
    pub fn folder(&self) -> &Path {
        self.ground.state.path()
    }

    /// What its API server was asked, and what it forbade.
    pub fn audit(&self) -> Audit {
        Audit::at(self.ground.state.file(AUDIT_LOG))
    }

    /// The host outside the cluster that asks for services.
    pub fn client(&self) -> &Host {
        &self.client
    }

    /// The host of the control plane.
    pub fn api_host(&self) -> &Host {
        self.control.host()
    }

    /// The segment of nodes, client and API server.
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

    /// A part of the control plane, or the controller, while it runs.
    pub fn part(&self, part: Part) -> Option<&Daemon> {
        self.control.running(part)
    }

    /// Does something to a node, or undoes it.
    ///
    /// # Errors
    /// No such node, nothing to heal, a fault already; or the kernel refused.
    pub async fn order(&mut self, node: &str, order: Order) -> anyhow::Result<()> {
        let node = self.nodes.get_mut(node).ok_or_else(|| FaultError::NoNode(node.to_owned()))?;
        match order {
            Order::Inflict(fault) => node.inflict(fault, &self.ground).await,
            Order::Heal => node.heal(&self.ground).await,
        }
    }

    /// Starts a program of a node, unless it runs.
    ///
    /// # Errors
    /// No such node, or the program does not start.
    pub fn start_agent(&mut self, node: &str, agent: Agent) -> anyhow::Result<()> {
        let node = self.nodes.get_mut(node).ok_or_else(|| FaultError::NoNode(node.to_owned()))?;
        node.start(agent, &self.ground)
    }

    /// Stops a program of a node gently, as a rolling update does.
    ///
    /// # Errors
    /// No such node, or the kernel does not tell.
    pub async fn stop_agent(&mut self, node: &str, agent: Agent) -> anyhow::Result<()> {
        let node = self.nodes.get_mut(node).ok_or_else(|| FaultError::NoNode(node.to_owned()))?;
        node.stop(agent).await
    }

    /// Kills a program of a node; the node lives.
    ///
    /// # Errors
    /// No such node, or the kernel refuses.
    pub async fn kill_agent(&mut self, node: &str, agent: Agent) -> anyhow::Result<()> {
        let node = self.nodes.get_mut(node).ok_or_else(|| FaultError::NoNode(node.to_owned()))?;
        node.kill(agent).await
    }

    /// Starts a part of the control plane or the controller, unless it runs. Does not wait for it.
    ///
    /// # Errors
    /// The program does not start.
    pub fn start_part(&mut self, part: Part) -> anyhow::Result<()> {
        self.control.start(part, &self.ground)
    }

    /// Stops a part gently, if it runs.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub async fn stop_part(&mut self, part: Part) -> anyhow::Result<()> {
        self.control.stop(part).await
    }

    /// Kills a part, if it runs.
    ///
    /// # Errors
    /// The kernel refuses.
    pub async fn kill_part(&mut self, part: Part) -> anyhow::Result<()> {
        self.control.kill(part).await
    }

    /// Puts etcd's data aside. etcd stands still for a moment.
    ///
    /// # Errors
    /// The file system refuses, or etcd does not start again.
    pub async fn snapshot(&mut self, name: &str) -> anyhow::Result<Snapshot> {
        let snapshot = self.control.snapshot(name, &self.ground).await?;
        self.until_answering().await?;
        Ok(snapshot)
    }

    /// Puts etcd's data back as it was, and waits until the API server answers again. Resource versions go back.
    ///
    /// # Errors
    /// The file system refuses, or a program does not start again.
    pub async fn restore(&mut self, snapshot: &Snapshot) -> anyhow::Result<()> {
        self.control.restore(snapshot, &self.ground).await?;
        self.control.start(Part::Etcd, &self.ground)?;
        self.control.start(Part::ApiServer, &self.ground)?;
        self.until_answering().await
    }

    /// Waits until the API server says that it is ready.
    ///
    /// # Errors
    /// Not within two minutes, or a part has ended.
    pub async fn until_answering(&mut self) -> anyhow::Result<()> {
        let Self { kube, control, .. } = self;
        let ended = async || {
            control.check(Part::Etcd)?;
            control.check(Part::ApiServer)?;
            start::ready(kube).await
        };
        wait_for("the API server is ready", ANSWERS_WITHIN, ended).await
    }

    /// Waits until every node without a fault is Ready.
    ///
    /// # Errors
    /// Not within two minutes; names the nodes.
    pub async fn until_ready(&self) -> anyhow::Result<()> {
        let sound = self.nodes.values().filter(|node| node.fault().is_none());
        let wanted: Vec<String> = sound.map(|node| node.name().to_owned()).collect();
        let look = async || patina_lab::cluster::all_ready(&self.kube, &wanted).await;
        wait_for(&format!("{} Ready", wanted.join(", ")), READY_WITHIN, look).await
    }

    /// The last lines of every program's log, for a failure that has to be explained.
    pub fn last_words(&self) -> Vec<(String, Vec<String>)> {
        patina_lab::cluster::last_words(self.folder())
    }
}
