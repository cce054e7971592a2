//! A node: a host of the segment, its object, and a speaker.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ipnet::{IpNet, Ipv4Net};
use patina::addr::HardwareAddr;
use patina_lab::daemon::{Daemon, Keep, Launch};
use patina_lab::host::Host;
use patina_lab::privilege::{Capability, Confinement, Root, exec_confined};
use patina_lab::seccomp::Profile;
use patina_lab::segment::Segment;

use super::objects;
use crate::memory::Memory;
use crate::server::{NAMESPACE, Server};

const BINARY: &str = "patina-speaker";
/// Name of the speaker's seccomp profile.
const PROFILE: &str = "speaker";
/// Where a node hears the API server.
const API: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 6443);
/// In the network of the pool, at its other end.
const FIRST: Ipv4Addr = Ipv4Addr::new(198, 19, 255, 0);
const PREFIX: u8 = 15;
/// Nodes of a benchmark need no secret from each other.
const KEY: &[u8] = b"the key of the benchmark";

/// A node with a running speaker.
pub(super) struct Node {
    host: Host,
    speaker: Daemon,
}

impl Node {
    pub(super) async fn boot(number: u8, segment: &Segment, server: &Server, daemons: &Path) -> Result<Self> {
        let name = format!("node-{number}");
        let address = Ipv4Addr::from_bits(FIRST.to_bits() + u32::from(number));
        let network = IpNet::V4(Ipv4Net::new_assert(address, PREFIX));
        let host = Host::join(segment, &name, HardwareAddr([2, 0x50, 0, 0, 0, number]), &[network]).await?;
        let listener = host.namespace().enter(|| TcpListener::bind(API))??;
        let kubeconfig = server.listen(listener, &name)?;
        objects::node(server, &name, address).await?;
        let speaker = start(&host, &kubeconfig, server.scratch(), daemons)?;
        Ok(Self { host, speaker })
    }

    pub(super) fn name(&self) -> &str {
        self.host.name()
    }

    pub(super) fn memory(&self) -> Result<Memory> {
        Memory::of(self.speaker.pid().try_into()?)
    }
}

fn start(host: &Host, kubeconfig: &Path, scratch: &Path, daemons: &Path) -> Result<Daemon> {
    let key = scratch.join("key");
    std::fs::create_dir_all(&key)?;
    std::fs::write(key.join("secretkey"), KEY)?;
    let own = std::env::current_exe()?;
    let launch = Launch {
        program: &own,
        arguments: vec!["speaker-alone".to_owned(), daemons.join(BINARY).display().to_string()],
        environment: vec![
            ("KUBECONFIG", kubeconfig.display().to_string()),
            ("METALLB_NODE_NAME", host.name().to_owned()),
            ("METALLB_NAMESPACE", NAMESPACE.to_owned()),
            ("METALLB_ML_SECRET_KEY_PATH", key.display().to_string()),
        ],
        keep: Keep::Everything,
        log: scratch.join(format!("{}.log", host.name())),
    };
    Daemon::start(host.namespace(), launch).with_context(|| format!("start {}", own.display()))
}

/// Becomes a speaker that may do what the chart's may by default: NET_RAW, the system calls of its profile, and to write
/// nowhere. Returns only what went wrong.
pub(crate) fn become_speaker(program: &PathBuf) -> anyhow::Error {
    let profile = match Profile::find(PROFILE) {
        Ok(profile) => profile,
        Err(error) => return error.into(),
    };
    let confinement = Confinement {
        kept: vec![Capability::NetRaw],
        seccomp: Some(profile),
        root: Root::ReadOnly(None),
        user: None,
    };
    let error = exec_confined(&confinement, &mut std::process::Command::new(program));
    anyhow::Error::new(error).context(program.display().to_string())
}
