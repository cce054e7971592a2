//! One Kubernetes node: a host of the segment, its agents and its speaker.

use std::fmt;

use super::ground::Ground;
use super::layout;
use crate::computer::{Afterwards, Computer};
use crate::daemon::{Daemon, Keep, Launch};
use crate::fault::Fault;
use crate::host::Host;
use crate::pods::NodeSpec;

/// Kernel settings of a node. It routes between Pods and segment, and its kernel neither answers for virtual
/// addresses (they are on no link) nor asks in their name.
const SETTINGS: [(&str, &str); 8] = [
    ("net/ipv4/ip_forward", "1"),
    ("net/ipv6/conf/all/forwarding", "1"),
    ("net/ipv4/conf/all/arp_ignore", "1"),
    ("net/ipv4/conf/all/arp_announce", "2"),
    ("net/ipv4/conf/all/send_redirects", "0"),
    ("net/ipv4/conf/default/send_redirects", "0"),
    ("net/ipv4/conf/all/rp_filter", "0"),
    ("net/ipv4/conf/default/rp_filter", "0"),
];

/// A program of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Program {
    /// The stand-ins for kubelet and kube-proxy, and with them the node's Pods.
    Agents,
    Speaker,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agents => "agents",
            Self::Speaker => "speaker",
        })
    }
}

/// A node.
#[derive(Debug)]
pub struct Node {
    number: u8,
    spec: NodeSpec,
    computer: Computer<Program>,
}

impl Node {
    /// Makes the node and starts everything on it.
    pub(super) async fn boot(number: u8, ground: &Ground) -> anyhow::Result<Self> {
        let spec = layout::node(number);
        let hardware = layout::node_hardware(number);
        let host = Host::join(&ground.segment, &spec.name, hardware, &spec.addresses).await?;
        prepare(&host)?;
        route_to_other_pods(&host, number, ground.nodes).await?;
        ground.api.listen_in(host.namespace())?;
        let mut node = Self { number, spec, computer: Computer::new(host) };
        node.start_agents(ground)?;
        node.start_speaker(ground)?;
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

    /// Its speaker, while one runs.
    pub fn speaker(&self) -> Option<&Daemon> {
        self.computer.running(Program::Speaker)
    }

    /// Stops the speaker gently: it hands over first.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub async fn stop_speaker(&mut self) -> anyhow::Result<()> {
        self.computer.stop(Program::Speaker).await
    }

    /// Kills the speaker alone.
    ///
    /// # Errors
    /// The kernel does not let it be killed.
    pub async fn kill_speaker(&mut self) -> anyhow::Result<()> {
        self.computer.kill(Program::Speaker).await
    }

    /// Starts the speaker, unless it runs.
    pub(super) fn start_speaker(&mut self, ground: &Ground) -> anyhow::Result<()> {
        let environment = vec![
            ("KUBECONFIG", ground.node_kubeconfig.display().to_string()),
            ("METALLB_NODE_NAME", self.spec.name.clone()),
            ("METALLB_NAMESPACE", super::NAMESPACE.to_owned()),
            ("METALLB_ML_SECRET_KEY_PATH", ground.key_folder.display().to_string()),
        ];
        self.start(Program::Speaker, ground, vec!["speaker".to_owned()], environment, Keep::Shipped)
    }

    pub(super) async fn inflict(&mut self, fault: Fault, ground: &Ground) -> anyhow::Result<()> {
        self.computer.inflict(fault, &ground.segment).await
    }

    pub(super) async fn heal(&mut self, ground: &Ground) -> anyhow::Result<()> {
        match self.computer.heal(&ground.segment).await? {
            Afterwards::Nothing => {}
            Afterwards::Routes => route_to_other_pods(self.host(), self.number, ground.nodes).await?,
            Afterwards::Boot => *self = Self::boot(self.number, ground).await?,
        }
        Ok(())
    }

    fn start_agents(&mut self, ground: &Ground) -> anyhow::Result<()> {
        let spec = serde_json::to_string(&self.spec)?;
        let arguments = vec!["lab-node".to_owned(), spec, ground.node_kubeconfig.display().to_string()];
        self.start(Program::Agents, ground, arguments, Vec::new(), Keep::Everything)
    }

    fn start(
        &mut self,
        program: Program,
        ground: &Ground,
        arguments: Vec<String>,
        environment: Vec<(&'static str, String)>,
        keep: Keep<'_>,
    ) -> anyhow::Result<()> {
        let log = ground.log(&format!("{}-{program}", self.spec.name));
        let launch = Launch { program: &ground.patina, arguments, environment, keep, log };
        self.computer.start(program, |host| Ok(Daemon::start(host.namespace(), launch)?))
    }
}

/// Makes a host behave as a Kubernetes node does.
///
/// # Errors
/// A setting that this kernel lacks.
pub fn prepare(host: &Host) -> std::io::Result<()> {
    SETTINGS.iter().try_for_each(|(setting, value)| host.namespace().set(setting, value))
}

/// Each node has its share of the Pods behind its own address. Routes through a link vanish with its carrier.
///
/// # Errors
/// The kernel refuses a route.
pub async fn route_to_other_pods(host: &Host, number: u8, nodes: u8) -> anyhow::Result<()> {
    for other in (1..=nodes).filter(|other| *other != number) {
        let spec = layout::node(other);
        for (share, gateway) in spec.shares.iter().zip(&spec.addresses) {
            host.netlink().add_route(*share, Some(gateway.addr()), host.link()).await?;
        }
    }
    Ok(())
}
