//! A lab that stays: `up` starts it as a program of its own session, `down` ends it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use patina_lab::control::{self, Request};
use patina_lab::resident::Resident;
use patina_lab::sandbox::{self, Side};
use patina_lab::settings;
use patina_lab::signals::Signals;
use patina_lab::state::{StateDir, StateError};
use patina_lab::wait::wait_for;
use patina_lab::{agent, cluster};

use super::{Size, own_path, runtime, settings_of};
use crate::output::say;

/// Longer than the lab itself waits for its nodes.
const UP_WITHIN: Duration = Duration::from_secs(90);
const DOWN_WITHIN: Duration = Duration::from_secs(30);

/// What `up` tells the program that it starts.
#[derive(Debug, Args)]
pub(crate) struct Cluster {
    #[command(flatten)]
    size: Size,
    /// The lab's folder.
    #[arg(long)]
    state: PathBuf,
}

/// Starts a cluster and returns when it is ready.
pub(super) fn up(size: Size, folder: &Path) -> anyhow::Result<ExitCode> {
    if StateDir::is_taken(folder) {
        bail!(StateError::Taken(folder.to_owned()));
    }
    let mut command = Command::new(own_path()?);
    command.args(["lab-cluster", "--nodes", &size.nodes.to_string(), "--state"]).arg(folder);
    let resident = Resident::start(&mut command).context("start the cluster")?;
    let is_up = || control::ask(folder, &Request::Status).is_ok();
    let up = runtime()?.block_on(resident.until("the lab is up", UP_WITHIN, is_up));
    // Its words come with the program's name, as this program's will.
    up.map_err(|error| anyhow::Error::msg(format!("{error:#}").trim_start_matches("patina: ").to_owned()))?;
    say(&next_steps(size, folder));
    Ok(ExitCode::SUCCESS)
}

fn next_steps(size: Size, folder: &Path) -> String {
    let called = settings::called();
    let nodes = if size.nodes == 1 { "1 node".to_owned() } else { format!("{} nodes", size.nodes) };
    format!(
        "The lab is up, with {nodes}. What one could do now:\n\n  \
         export KUBECONFIG={}\n  \
         kubectl apply -f examples/quickstart\n  \
         kubectl get services -A\n  \
         {called} curl http://192.168.50.240/\n  \
         {called} status\n  \
         {called} fault node-1 crash\n  \
         {called} down\n\n\
         Logs of controller, speakers and node agents: {}/*.log",
        folder.join("kubeconfig").display(),
        folder.display()
    )
}

/// Ends the cluster and waits until it is gone.
pub(super) fn down(folder: &Path) -> anyhow::Result<ExitCode> {
    super::ask(folder, &Request::Down)?;
    let gone = async || Ok((!StateDir::is_taken(folder)).then_some(()));
    runtime()?.block_on(wait_for("the lab is down", DOWN_WITHIN, gone))?;
    say("The lab is down; nothing of it is left.");
    Ok(ExitCode::SUCCESS)
}

/// The program behind `up`.
pub(crate) fn run_cluster(arguments: &Cluster) -> anyhow::Result<ExitCode> {
    // It is the leader of nothing yet: `up` has just started it.
    nix::unistd::setsid().context("a session of its own")?;
    let held = match sandbox::enter()? {
        Side::Outside(code) => return Ok(code),
        Side::Inside(held) => held,
    };
    let folder = &arguments.state;
    let settings = settings_of(arguments.size, folder)?;
    let log = File::options().create(true).append(true).open(folder.join("lab.log"))?;
    agent::log_to(log);
    runtime()?.block_on(async {
        let mut signals = Signals::listen(Some(held))?;
        let mut cluster = tokio::select! {
            started = cluster::Cluster::start(settings) => started?,
            signal = signals.next() => bail!("ended by {signal}"),
        };
        control::serve(&mut cluster, folder, &mut signals).await
    })?;
    // `up` may be gone, and with it the pipe.
    let _ = std::io::stderr().flush();
    Ok(ExitCode::SUCCESS)
}
