//! One Kubernetes node: a host of the segment, its agents and its speaker.

use std::time::Duration;

use anyhow::Context;

use super::ground::Ground;
use super::layout;
use crate::daemon::{Daemon, Launch};
use crate::fault::{Fault, FaultError};
use crate::host::Host;
use crate::pods::NodeSpec;
use crate::privilege::Capability;

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

/// A speaker hands over and lingers for a second or two before it exits.
const GENTLE: Duration = Duration::from_secs(10);

/// A node.
#[derive(Debug)]
pub struct Node {
    number: u8,
    spec: NodeSpec,
    host: Host,
    fault: Option<Fault>,
    agent: Option<Daemon>,
    speaker: Option<Daemon>,
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
        let mut node = Self { number, spec, host, fault: None, agent: None, speaker: None };
        node.agent = Some(node.start_agent(ground)?);
        node.speaker = Some(node.launch_speaker(ground)?);
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

    /// Its speaker, while one runs.
    pub fn speaker(&self) -> Option<&Daemon> {
        self.speaker.as_ref()
    }

    /// Stops the speaker gently: it hands over first.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub async fn stop_speaker(&mut self) -> anyhow::Result<()> {
        let Some(speaker) = self.speaker.take() else { return Ok(()) };
        Ok(speaker.stop(GENTLE).await?)
    }

    /// Kills the speaker alone.
    ///
    /// # Errors
    /// The kernel does not let it be killed.
    pub async fn kill_speaker(&mut self) -> anyhow::Result<()> {
        let Some(speaker) = self.speaker.take() else { return Ok(()) };
        Ok(speaker.kill().await?)
    }

    /// Starts the speaker again after it was stopped or killed.
    pub(super) fn start_speaker(&mut self, ground: &Ground) -> anyhow::Result<()> {
        if self.speaker.is_none() {
            self.speaker = Some(self.launch_speaker(ground)?);
        }
        Ok(())
    }

    pub(super) async fn inflict(&mut self, fault: Fault, ground: &Ground) -> anyhow::Result<()> {
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

    pub(super) async fn heal(&mut self, ground: &Ground) -> anyhow::Result<()> {
        let fault = self.fault.take().ok_or_else(|| FaultError::Healthy(self.spec.name.clone()))?;
        match fault {
            Fault::Crash => {
                ground.segment.remove(self.host.port()).await?;
                *self = Self::boot(self.number, ground).await?;
                Ok(())
            }
            Fault::Carrier => {
                ground.segment.put_back(self.host.port()).await?;
                route_to_other_pods(&self.host, self.number, ground.nodes).await
            }
            Fault::Freeze => self.each(Daemon::thaw),
            Fault::Isolate => Ok(ground.segment.plug(self.host.port()).await?),
        }
    }

    async fn crash(&mut self, ground: &Ground) -> anyhow::Result<()> {
        ground.segment.unplug(self.host.port()).await?;
        for daemon in [self.speaker.take(), self.agent.take()].into_iter().flatten() {
            daemon.kill().await?;
        }
        Ok(())
    }

    fn each(&self, act: impl Fn(&Daemon) -> std::io::Result<()>) -> anyhow::Result<()> {
        for daemon in self.speaker.iter().chain(&self.agent) {
            act(daemon)?;
        }
        Ok(())
    }

    fn start_agent(&self, ground: &Ground) -> anyhow::Result<Daemon> {
        let spec = serde_json::to_string(&self.spec)?;
        let arguments = vec!["lab-node".to_owned(), spec, ground.node_kubeconfig.display().to_string()];
        self.launch(ground, "agents", arguments, Vec::new(), None)
    }

    fn launch_speaker(&self, ground: &Ground) -> anyhow::Result<Daemon> {
        let environment = vec![
            ("KUBECONFIG", ground.node_kubeconfig.display().to_string()),
            ("METALLB_NODE_NAME", self.spec.name.clone()),
            ("METALLB_NAMESPACE", super::NAMESPACE.to_owned()),
            ("METALLB_ML_SECRET_KEY_PATH", ground.key_folder.display().to_string()),
        ];
        self.launch(ground, "speaker", vec!["speaker".to_owned()], environment, Some(&[Capability::NetRaw]))
    }

    fn launch(
        &self,
        ground: &Ground,
        what: &str,
        arguments: Vec<String>,
        environment: Vec<(&'static str, String)>,
        keep: Option<&[Capability]>,
    ) -> anyhow::Result<Daemon> {
        let log = ground.log(&format!("{}-{what}", self.spec.name));
        let launch = Launch { program: &ground.patina, arguments, environment, keep, log };
        Daemon::start(self.host.namespace(), launch)
            .with_context(|| format!("start {what} on {}", self.spec.name))
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
