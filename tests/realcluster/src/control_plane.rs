//! etcd, kube-apiserver and kube-controller-manager on a host of their own.

mod flags;
mod snapshot;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use patina_lab::cluster::{NAMESPACE, route_to_other_pods};
use patina_lab::daemon::{Daemon, Keep, Launch};
use patina_lab::host::Host;

use crate::credentials::Account;
use crate::door::Door;
use crate::ground::{API_HARDWARE, API_PORT, Ground, api_address, api_addresses};
use crate::tools::Tool;
pub(crate) use flags::{AUDIT_LOG, AUDIT_POLICY};
pub use snapshot::Snapshot;

/// Nodes count from 1: to this host all Pods are another's.
const NO_NODE: u8 = 0;
/// An API server ends its watches before it exits.
const GENTLE: Duration = Duration::from_secs(20);

/// A program of the control plane, or the project's controller beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// etcd.
    Etcd,
    /// kube-apiserver.
    ApiServer,
    /// kube-controller-manager.
    ControllerManager,
    /// The project's controller.
    Controller,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Controller => "controller",
        })
    }
}

/// The host and what runs there.
pub(crate) struct ControlPlane {
    host: Host,
    door: Door,
    store: Door,
    running: BTreeMap<Part, Daemon>,
}

impl ControlPlane {
    /// Makes the host; nothing runs there yet.
    pub(crate) async fn new(ground: &Ground) -> anyhow::Result<Self> {
        let host = Host::join(&ground.segment, "api", API_HARDWARE, &api_addresses()).await?;
        route_to_other_pods(&host, NO_NODE, ground.spec.nodes).await?;
        let server = SocketAddr::new(api_address(), API_PORT);
        let door = Door::open(host.namespace(), server).await.context("a port for kubectl")?;
        let store = Door::open(host.namespace(), flags::ETCD_AT.into()).await.context("a port for etcd")?;
        Ok(Self { host, door, store, running: BTreeMap::new() })
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// The API server's URL on the machine's loopback.
    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.door.at())
    }

    /// etcd's URL on the machine's loopback.
    pub(crate) fn store_url(&self) -> String {
        format!("http://{}", self.store.at())
    }

    pub(crate) fn running(&self, part: Part) -> Option<&Daemon> {
        self.running.get(&part)
    }

    /// Starts a part, unless it runs.
    pub(crate) fn start(&mut self, part: Part, ground: &Ground) -> anyhow::Result<()> {
        if self.running.contains_key(&part) {
            return Ok(());
        }
        let launched = match part {
            Part::Etcd => self.launch(part, ground, Tool::Etcd, flags::etcd(&ground.state)),
            Part::ApiServer => self.launch(part, ground, Tool::ApiServer, flags::api_server(ground)),
            Part::ControllerManager => {
                let kubeconfig = ground.kubeconfig(Account::ControllerManager);
                let flags = flags::controller_manager(ground, &kubeconfig);
                self.launch(part, ground, Tool::ControllerManager, flags)
            }
            Part::Controller => self.launch_controller(ground),
        };
        self.running.insert(part, launched.with_context(|| format!("start {part}"))?);
        Ok(())
    }

    /// Stops a part gently, if it runs.
    pub(crate) async fn stop(&mut self, part: Part) -> anyhow::Result<()> {
        let Some(daemon) = self.running.remove(&part) else { return Ok(()) };
        Ok(daemon.stop(GENTLE).await?)
    }

    /// Kills a part, if it runs.
    pub(crate) async fn kill(&mut self, part: Part) -> anyhow::Result<()> {
        let Some(daemon) = self.running.remove(&part) else { return Ok(()) };
        Ok(daemon.kill().await?)
    }

    /// Fails with the end of the log when a part has ended by itself.
    pub(crate) fn check(&mut self, part: Part) -> anyhow::Result<()> {
        let Some(daemon) = self.running.get_mut(&part) else { return Ok(()) };
        anyhow::ensure!(!daemon.has_ended()?, "{part} has ended; see {}", daemon.log().display());
        Ok(())
    }

    fn launch(
        &self,
        part: Part,
        ground: &Ground,
        tool: Tool,
        arguments: Vec<String>,
    ) -> anyhow::Result<Daemon> {
        let program = ground.tools.path(tool);
        let log = ground.log(&part.to_string());
        let launch =
            Launch { program: &program, arguments, environment: Vec::new(), keep: Keep::Everything, log };
        Ok(Daemon::start(self.host.namespace(), launch)?)
    }

    fn launch_controller(&self, ground: &Ground) -> anyhow::Result<Daemon> {
        let launch = Launch {
            program: &ground.patina,
            arguments: vec!["controller".to_owned()],
            environment: vec![
                ("KUBECONFIG", kubeconfig_of(ground, "controller")),
                ("METALLB_NAMESPACE", NAMESPACE.to_owned()),
                ("METALLB_POD_NAME", "controller-0".to_owned()),
            ],
            keep: Keep::Shipped,
            log: ground.log("controller"),
        };
        Ok(Daemon::start(self.host.namespace(), launch)?)
    }
}

/// Where the kubeconfig of a ServiceAccount is.
pub(crate) fn kubeconfig_of(ground: &Ground, account: &str) -> String {
    ground.state.path().join(Path::new("kubeconfigs")).join(account).display().to_string()
}
