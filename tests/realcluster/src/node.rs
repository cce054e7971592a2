//! One node: a host of the segment with kubelet, kube-proxy and speaker.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use ipnet::IpNet;
use patina_lab::cluster::{NAMESPACE, layout, prepare, route_to_other_pods};
use patina_lab::daemon::{Daemon, Launch};
use patina_lab::fault::{Fault, FaultError};
use patina_lab::host::Host;
use patina_lab::pods::NodeSpec;
use patina_lab::privilege::Capability;

use crate::control_plane::kubeconfig_of;
use crate::credentials::Account;
use crate::ground::{Ground, api_addresses};
use crate::kubeproxy::{self, ProxyMode};
use crate::tools::Tool;
use crate::{Daemons, settings};

/// A speaker hands over and lingers for a second or two before it exits.
const GENTLE: Duration = Duration::from_secs(10);

/// A program of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agent {
    /// The lab's stand-in for the kubelet, and with it the node's Pods.
    Kubelet,
    /// kube-proxy.
    Proxy,
    /// The project's speaker.
    Speaker,
}

impl fmt::Display for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kubelet => "kubelet",
            Self::Proxy => "kube-proxy",
            Self::Speaker => "speaker",
        })
    }
}

/// A node.
#[derive(Debug)]
pub struct Node {
    number: u8,
    spec: NodeSpec,
    host: Host,
    fault: Option<Fault>,
    agents: BTreeMap<Agent, Daemon>,
}

impl Node {
    /// Makes the node and starts everything on it.
    pub(crate) async fn boot(number: u8, ground: &Ground) -> anyhow::Result<Self> {
        let spec = NodeSpec { programs: ground.programs()?, ..layout::node(number) };
        let hardware = layout::node_hardware(number);
        let host = Host::join(&ground.segment, &spec.name, hardware, &spec.addresses).await?;
        prepare(&host)?;
        lay_routes(&host, number, ground).await?;
        let mut node = Self { number, spec, host, fault: None, agents: BTreeMap::new() };
        node.start(Agent::Kubelet, ground)?;
        node.start(Agent::Proxy, ground)?;
        if ground.spec.daemons == Daemons::Running {
            node.start(Agent::Speaker, ground)?;
        }
        Ok(node)
    }

    /// `metadata.name` of the Node.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Its place on the segment.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The fault it has.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// One of its programs, while it runs.
    pub fn agent(&self, agent: Agent) -> Option<&Daemon> {
        self.agents.get(&agent)
    }

    /// What its kube-proxy programs.
    pub fn proxy_mode(&self, spec: &crate::Spec) -> ProxyMode {
        if spec.iptables.contains(&self.number) { ProxyMode::Iptables } else { ProxyMode::Nftables }
    }

    /// Starts a program, unless it runs.
    pub(crate) fn start(&mut self, agent: Agent, ground: &Ground) -> anyhow::Result<()> {
        if self.agents.contains_key(&agent) {
            return Ok(());
        }
        let launched = match agent {
            Agent::Kubelet => self.launch_kubelet(ground),
            Agent::Proxy => self.launch_proxy(ground),
            Agent::Speaker => self.launch_speaker(ground),
        };
        let daemon = launched.with_context(|| format!("start {agent} on {}", self.spec.name))?;
        self.agents.insert(agent, daemon);
        Ok(())
    }

    /// Stops a program gently, if it runs.
    pub(crate) async fn stop(&mut self, agent: Agent) -> anyhow::Result<()> {
        let Some(daemon) = self.agents.remove(&agent) else { return Ok(()) };
        Ok(daemon.stop(GENTLE).await?)
    }

    /// Kills a program, if it runs.
    pub(crate) async fn kill(&mut self, agent: Agent) -> anyhow::Result<()> {
        let Some(daemon) = self.agents.remove(&agent) else { return Ok(()) };
        Ok(daemon.kill().await?)
    }

    pub(crate) async fn inflict(&mut self, fault: Fault, ground: &Ground) -> anyhow::Result<()> {
        if let Some(fault) = self.fault {
            return Err(FaultError::Faulty { node: self.spec.name.clone(), fault }.into());
        }
        self.fault = Some(fault);
        match fault {
            Fault::Crash => self.crash(ground).await,
            Fault::Carrier => Ok(ground.segment.pull(self.host.port()).await?),
            Fault::Freeze => self.each(Daemon::freeze),
            Fault::Isolate => Ok(ground.segment.unplug(self.host.port()).await?),
        }
    }

    pub(crate) async fn heal(&mut self, ground: &Ground) -> anyhow::Result<()> {
        let fault = self.fault.take().ok_or_else(|| FaultError::Healthy(self.spec.name.clone()))?;
        match fault {
            Fault::Crash => {
                ground.segment.remove(self.host.port()).await?;
                *self = Self::boot(self.number, ground).await?;
                Ok(())
            }
            Fault::Carrier => {
                ground.segment.put_back(self.host.port()).await?;
                lay_routes(&self.host, self.number, ground).await
            }
            Fault::Freeze => self.each(Daemon::thaw),
            Fault::Isolate => Ok(ground.segment.plug(self.host.port()).await?),
        }
    }

    async fn crash(&mut self, ground: &Ground) -> anyhow::Result<()> {
        ground.segment.unplug(self.host.port()).await?;
        for (_, daemon) in std::mem::take(&mut self.agents) {
            daemon.kill().await?;
        }
        Ok(())
    }

    fn each(&self, act: impl Fn(&Daemon) -> std::io::Result<()>) -> anyhow::Result<()> {
        Ok(self.agents.values().try_for_each(act)?)
    }

    fn launch_kubelet(&self, ground: &Ground) -> anyhow::Result<Daemon> {
        let spec = serde_json::to_string(&self.spec)?;
        let kubeconfig = ground.kubeconfig(Account::StandIn).display().to_string();
        let arguments = ["lab-node", &spec, &kubeconfig, "--without-proxy"].map(str::to_owned);
        self.launch(Agent::Kubelet, &ground.patina, ground, arguments.to_vec(), Vec::new(), None)
    }

    fn launch_proxy(&self, ground: &Ground) -> anyhow::Result<Daemon> {
        let kubeconfig = ground.kubeconfig(Account::Proxy);
        let configuration =
            kubeproxy::configuration(&self.spec.name, self.proxy_mode(&ground.spec), &kubeconfig).to_string();
        let file = format!("kube-proxy/{}.yaml", self.spec.name);
        let file: PathBuf = ground.state.write(&file, configuration.as_bytes())?;
        let arguments = vec![format!("--config={}", file.display())];
        let environment = vec![("PATH", settings::search_path())];
        self.launch(Agent::Proxy, &ground.tools.path(Tool::Proxy), ground, arguments, environment, None)
    }

    fn launch_speaker(&self, ground: &Ground) -> anyhow::Result<Daemon> {
        let environment = vec![
            ("KUBECONFIG", kubeconfig_of(ground, "speaker")),
            ("METALLB_NODE_NAME", self.spec.name.clone()),
            ("METALLB_NAMESPACE", NAMESPACE.to_owned()),
            ("METALLB_ML_SECRET_KEY_PATH", ground.key_folder.display().to_string()),
        ];
        let keep = Some([Capability::NetRaw].as_slice());
        self.launch(Agent::Speaker, &ground.patina, ground, vec!["speaker".to_owned()], environment, keep)
    }

    fn launch(
        &self,
        agent: Agent,
        program: &Path,
        ground: &Ground,
        arguments: Vec<String>,
        environment: Vec<(&'static str, String)>,
        keep: Option<&[Capability]>,
    ) -> anyhow::Result<Daemon> {
        let log = ground.log(&format!("{}-{agent}", self.spec.name));
        let launch = Launch { program, arguments, environment, keep, log };
        Ok(Daemon::start(self.host.namespace(), launch)?)
    }
}

/// To the other nodes' Pods, and to everywhere: without any route a node's own request for a cluster IP ends before
/// kube-proxy's rules see it. Routes through a link vanish with its carrier.
async fn lay_routes(host: &Host, number: u8, ground: &Ground) -> anyhow::Result<()> {
    route_to_other_pods(host, number, ground.spec.nodes).await?;
    for gateway in api_addresses() {
        let everywhere = match gateway {
            IpNet::V4(_) => IpNet::from_str("0.0.0.0/0"),
            IpNet::V6(_) => IpNet::from_str("::/0"),
        };
        host.netlink().add_route(everywhere?, Some(gateway.addr()), host.link()).await?;
    }
    Ok(())
}
