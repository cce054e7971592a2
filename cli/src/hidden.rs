//! Verbs that only the lab and the tests use: they prepare a process and become another program.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Context;
use clap::{Args, ValueEnum};
use patina_lab::agent::{self, Proxying};
use patina_lab::privilege::{Capability, Confinement, Root, exec_confined};
use patina_lab::sandbox::{self, Side};
use patina_lab::seccomp::Profile;

/// What to keep and what to run.
#[derive(Debug, Args)]
pub(crate) struct Confine {
    /// Capabilities to keep.
    #[arg(long)]
    keep: Vec<Keep>,
    /// Seccomp profile: `controller` or `speaker` as they ship, or a file.
    #[arg(long)]
    seccomp: Option<String>,
    /// Whether the command may write nowhere.
    #[arg(long)]
    read_only: bool,
    /// The one folder to which it may write then.
    #[arg(long, requires = "read_only")]
    volume: Option<PathBuf>,
    /// Which user the command is.
    #[arg(long)]
    user: Option<u32>,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Keep {
    NetRaw,
    SysNice,
    IpcLock,
}

impl From<Keep> for Capability {
    fn from(keep: Keep) -> Self {
        match keep {
            Keep::NetRaw => Self::NetRaw,
            Keep::SysNice => Self::SysNice,
            Keep::IpcLock => Self::IpcLock,
        }
    }
}

/// Which node, and how its agents reach the API server.
#[derive(Debug, Args)]
pub(crate) struct Node {
    /// A `NodeSpec` as JSON.
    spec: String,
    kubeconfig: PathBuf,
    /// Another program leads packets for Services.
    #[arg(long)]
    without_proxy: bool,
}

/// Runs a node's agents in this process's namespace.
pub(crate) fn node(node: &Node) -> anyhow::Result<ExitCode> {
    let spec = serde_json::from_str(&node.spec).context("the node's description")?;
    let proxying = if node.without_proxy { Proxying::Elsewhere } else { Proxying::StandIn };
    agent::log_to_stderr();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(agent::run(spec, &node.kubeconfig, proxying))?;
    Ok(ExitCode::SUCCESS)
}

/// Becomes the command, confined. Returns only what went wrong.
pub(crate) fn confine(confine: Confine) -> anyhow::Error {
    let Some(mut command) = command_of(&confine.command) else {
        return anyhow::anyhow!("no command");
    };
    let seccomp = match confine.seccomp.as_deref().map(Profile::find).transpose() {
        Ok(seccomp) => seccomp,
        Err(error) => return error.into(),
    };
    let kept = confine.keep.into_iter().map(Capability::from).collect();
    let root = if confine.read_only { Root::ReadOnly(confine.volume) } else { Root::Writable };
    let error = exec_confined(&Confinement { kept, seccomp, root, user: confine.user }, &mut command);
    anyhow::Error::new(error).context(format!("run {}", command.get_program().display()))
}

/// Runs the command in a box and returns its exit code.
pub(crate) fn in_box(command: &[OsString]) -> anyhow::Result<ExitCode> {
    match sandbox::enter()? {
        Side::Outside(code) => return Ok(code),
        Side::Inside(held) => drop(held),
    }
    let mut command = command_of(command).context("no command")?;
    let status = command.status().with_context(|| format!("run {}", command.get_program().display()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn command_of(words: &[OsString]) -> Option<Command> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments);
    Some(command)
}
