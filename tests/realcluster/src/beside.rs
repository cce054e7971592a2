//! A control plane for one command: both live in one box and end with each other, whoever ends first and however.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{ExitCode, ExitStatus};

use anyhow::{Context, bail};
use patina_lab::agent;
use patina_lab::sandbox::{self, Side};
use patina_lab::signals::Signals;
use patina_lab::state::StateDir;
use patina_realcluster::{Cluster, Spec};
use tokio::process::Command;

use crate::up::{patina, runtime, tools};

/// Where the suites find the server that they are to talk to, and its etcd.
const KUBECONFIG: [&str; 2] = ["PATINA_CONFORMANCE_KUBECONFIG", "PATINA_PARITY_KUBECONFIG"];
const ETCD: &str = "PATINA_CONFORMANCE_ETCD";

/// Starts a control plane without nodes, then the command, and returns the command's exit code.
pub(crate) fn run(state: &Path, command: &[OsString]) -> anyhow::Result<ExitCode> {
    let tools = tools()?;
    let held = match sandbox::enter()? {
        Side::Outside(code) => {
            StateDir::sweep(state);
            return Ok(code);
        }
        Side::Inside(held) => held,
    };
    let state = StateDir::take(state)?;
    agent::log_to(fs::File::create(state.file("realcluster.log"))?);
    let ended = runtime()?.block_on(async {
        let mut signals = Signals::listen(Some(held))?;
        let running = async {
            let cluster = Cluster::start(Spec::control_plane(), tools, patina()?, state).await?;
            until_ended(&cluster, command).await
        };
        tokio::select! {
            ended = running => ended,
            signal = signals.next() => bail!("ended by {signal}; nothing is left behind"),
        }
    })?;
    Ok(ended.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

async fn until_ended(cluster: &Cluster, command: &[OsString]) -> anyhow::Result<ExitStatus> {
    let (program, arguments) = command.split_first().context("no command")?;
    let mut child = Command::new(program);
    child.args(arguments).envs(KUBECONFIG.map(|name| (name, cluster.kubeconfig())));
    child.env(ETCD, cluster.store_url()).kill_on_drop(true);
    let ended = child.status().await;
    ended.with_context(|| format!("run {}", program.display()))
}
