//! One node: a host of the segment with kubelet, kube-proxy and speaker.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use ipnet::IpNet;
use patina_lab::cluster::{NAMESPACE, layout, prepare, route_to_other_pods};
use patina_lab::computer::{Afterwards, Computer};
use patina_lab::daemon::{Daemon, Keep, Launch};
use patina_lab::fault::Fault;
use patina_lab::host::Host;
use patina_lab::pods::NodeSpec;

use crate::control_plane::kubeconfig_of;
use crate::credentials::Account;
use crate::ground::{Ground, api_addresses};
use crate::kubeproxy::{self, ProxyMode};
use crate::tools::Tool;
use crate::{Daemons, settings};

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
    computer: Computer<Agent>,
}

impl Node {
    /// Makes the node and starts everything on it.
    pub(crate) async fn boot(number: u8, ground: &Ground) -> anyhow::Result<Self> {
        let spec = NodeSpec { programs: ground.programs()?, ..layout::node(number) };
        let hardware = layout::node_hardware(number);
        let host = Host::join(&ground.segment, &spec.name, hardware, &spec.addresses).await?;
        prepare(&host)?;
        lay_routes(&host, number, ground).await?;
        let mut node = Self { number, spec, computer: Computer::new(host) };
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
        self.computer.host()
    }

    /// The fault it has.
    pub fn fault(&self) -> Option<Fault> {
        self.computer.fault()
    }

    /// One of its programs, while it runs.
    pub fn agent(&self, agent: Agent) -> Option<&Daemon> {
        self.computer.running(agent)
    }

    /// Starts a program, unless it runs.
    pub(crate) fn start(&mut self, agent: Agent, ground: &Ground) -> anyhow::Result<()> {
        let Self { number, spec, computer } = self;
        let iptables = ground.spec.iptables.contains(number);
        let mode = if iptables { ProxyMode::Iptables } else { ProxyMode::Nftables };
        computer.start(agent, |host| match agent {
            Agent::Kubelet => launch_kubelet(host, spec, ground),
            Agent::Proxy => launch_proxy(host, mode, ground),
            Agent::Speaker => launch_speaker(host, ground),
        })
    }

    /// Stops a program gently, if it runs.
    pub(crate) async fn stop(&mut self, agent: Agent) -> anyhow::Result<()> {
        self.computer.stop(agent).await
    }

    /// Kills a program, if it runs.
    pub(crate) async fn kill(&mut self, agent: Agent) -> anyhow::Result<()> {
        self.computer.kill(agent).await
    }

    pub(crate) async fn inflict(&mut self, fault: Fault, ground: &Ground) -> anyhow::Result<()> {
        self.computer.inflict(fault, &ground.segment).await
    }

    pub(crate) async fn heal(&mut self, ground: &Ground) -> anyhow::Result<()> {
        match self.computer.heal(&ground.segment).await? {
            Afterwards::Nothing => {}
            Afterwards::Routes => lay_routes(self.host(), self.number, ground).await?,
            Afterwards::Boot => {
                std::fs::remove_dir_all(world(self.host(), ground))?;
                *self = Self::boot(self.number, ground).await?;
            }
        }
        Ok(())
    }
}

fn launch_kubelet(host: &Host, spec: &NodeSpec, ground: &Ground) -> anyhow::Result<Daemon> {
    let spec = serde_json::to_string(spec)?;
    let kubeconfig = ground.kubeconfig(Account::StandIn).display().to_string();
    let launch = Launch {
        program: &ground.patina,
        arguments: ["lab-node", &spec, &kubeconfig, "--without-proxy"].map(str::to_owned).to_vec(),
        environment: Vec::new(),
        keep: Keep::Everything,
        log: log(host, Agent::Kubelet, ground),
    };
    Ok(Daemon::start(host.namespace(), launch)?)
}

fn launch_proxy(host: &Host, mode: ProxyMode, ground: &Ground) -> anyhow::Result<Daemon> {
    let kubeconfig = ground.kubeconfig(Account::Proxy);
    let configuration = kubeproxy::configuration(host.name(), mode, &kubeconfig).to_string();
    let file = format!("kube-proxy/{}.yaml", host.name());
    let file = ground.state.write(&file, configuration.as_bytes())?;
    let launch = Launch {
        program: &ground.tools.path(Tool::Proxy),
        arguments: vec![format!("--config={}", file.display())],
        environment: vec![("PATH", settings::search_path())],
        keep: Keep::Everything,
        log: log(host, Agent::Proxy, ground),
    };
    Ok(Daemon::start(host.namespace(), launch)?)
}

/// With the folder that its manifest mounts for its snapshot.
fn launch_speaker(host: &Host, ground: &Ground) -> anyhow::Result<Daemon> {
    let world = world(host, ground);
    std::fs::create_dir_all(&world)?;
    let launch = Launch {
        program: &ground.patina,
        arguments: vec!["speaker".to_owned(), format!("--snapshot-path={}/world.json", world.display())],
        environment: vec![
            ("KUBECONFIG", kubeconfig_of(ground, "speaker")),
            ("METALLB_NODE_NAME", host.name().to_owned()),
            ("METALLB_NAMESPACE", NAMESPACE.to_owned()),
            ("METALLB_ML_SECRET_KEY_PATH", ground.key_folder.display().to_string()),
        ],
        keep: Keep::ShippedWith(&world),
        log: log(host, Agent::Speaker, ground),
    };
    Ok(Daemon::start(host.namespace(), launch)?)
}

/// Outlives the speaker, and not its node.
fn world(host: &Host, ground: &Ground) -> PathBuf {
    ground.state.file(&format!("world/{}", host.name()))
}

fn log(host: &Host, agent: Agent, ground: &Ground) -> PathBuf {
    ground.log(&format!("{}-{agent}", host.name()))
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
