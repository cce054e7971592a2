//! The cluster that stays. Its folder holds what the next `up` and `down` must know: the lock, which ends with the
//! cluster however that ends, the number of its process, and whether it is ready.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use patina_lab::agent;
use patina_lab::resident::Resident;
use patina_lab::sandbox::{self, Side};
use patina_lab::signals::Signals;
use patina_lab::state::{StateDir, StateError};
use patina_lab::wait::wait_for;
use patina_realcluster::{Cluster, Spec, Tools};

/// Longer than the cluster itself waits for its parts.
const UP_WITHIN: Duration = Duration::from_secs(300);
const DOWN_WITHIN: Duration = Duration::from_secs(60);

/// Appears in the folder when the cluster is up, with the number of its process.
const READY: &str = "ready";
/// Has that number from the start.
const PROCESS: &str = "pid";

/// Finds or builds the control plane's programs.
pub(crate) fn tools() -> anyhow::Result<Tools> {
    Ok(Tools::ready(say)?)
}

/// Starts a cluster and returns when it is ready.
pub(crate) fn up(nodes: u8, folder: &Path) -> anyhow::Result<ExitCode> {
    if StateDir::is_taken(folder) {
        bail!(
            "a cluster is running already, in {}; `cargo xtask realcluster down` ends it",
            folder.display()
        );
    }
    tools()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["stay", "--nodes", &nodes.to_string(), "--state"]).arg(folder);
    let resident = Resident::start(&mut command).context("start the cluster")?;
    // Two may be on their way, of which one gets the folder.
    let number = resident.id().to_string();
    let is_up = || fs::read_to_string(folder.join(READY)).is_ok_and(|ready| ready == number);
    runtime()?.block_on(resident.until("the cluster is up", UP_WITHIN, is_up))?;
    say(&format!("{}\n\nLogs: {}/*.log", next_steps(nodes, folder), folder.display()));
    Ok(ExitCode::SUCCESS)
}

fn taken(folder: &Path) -> String {
    format!("a cluster is running already, in {}; `cargo xtask realcluster down` ends it", folder.display())
}

/// Without nodes nothing would come of a Service.
fn next_steps(nodes: u8, folder: &Path) -> String {
    let example = if nodes == 0 { "" } else { "  kubectl apply -f examples/quickstart\n" };
    format!(
        "The cluster is up. What one could do now:\n\n  \
         export KUBECONFIG={}\n  kubectl get nodes\n{example}  cargo xtask realcluster down",
        folder.join("kubeconfig").display(),
    )
}

/// Ends the cluster and waits until it is gone.
pub(crate) fn down(folder: &Path) -> anyhow::Result<ExitCode> {
    if !StateDir::is_taken(folder) {
        bail!("no cluster is running; start one with `cargo xtask realcluster up`");
    }
    let record = folder.join(PROCESS);
    let number = fs::read_to_string(&record).with_context(|| record.display().to_string())?;
    kill(Pid::from_raw(number.trim().parse()?), Signal::SIGTERM).context("end the cluster")?;
    let gone = async || Ok((!StateDir::is_taken(folder)).then_some(()));
    runtime()?.block_on(wait_for("the cluster is down", DOWN_WITHIN, gone))?;
    say("The cluster is down; nothing of it is left.");
    Ok(ExitCode::SUCCESS)
}

/// The program behind `up`.
pub(crate) fn stay(nodes: u8, folder: &Path) -> anyhow::Result<ExitCode> {
    // It is the leader of nothing yet: `up` has just started it.
    nix::unistd::setsid().context("a session of its own")?;
    let tools = tools()?;
    // Inside the box it will have another one.
    let number = std::process::id().to_string();
    let held = match sandbox::enter()? {
        Side::Outside(code) => {
            StateDir::sweep(folder);
            return Ok(code);
        }
        Side::Inside(held) => held,
    };
    let state = match StateDir::take(folder) {
        Err(StateError::Taken(_)) => bail!(taken(folder)),
        state => state?,
    };
    state.write(PROCESS, number.as_bytes())?;
    agent::log_to(fs::File::options().create(true).append(true).open(folder.join("realcluster.log"))?);
    runtime()?.block_on(async {
        // One ear from the start to the end: between two of them a signal would be lost.
        let mut signals = Signals::listen(Some(held))?;
        let started = Cluster::start(spec(nodes), tools, patina()?, state);
        let cluster = tokio::select! {
            started = started => started?,
            signal = signals.next() => bail!("ended by {signal}"),
        };
        fs::write(cluster.folder().join(READY), number)?;
        signals.next().await;
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Without nodes, a control plane alone: whoever asks for it wants nobody else to write there.
fn spec(nodes: u8) -> Spec {
    if nodes == 0 { Spec::control_plane() } else { Spec::with_nodes(nodes) }
}

/// It is built beside this program.
pub(crate) fn patina() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("patina-on-realcluster"))
}

pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

fn say(words: &str) {
    // Whoever closed the pipe does not want to know.
    let _ = writeln!(std::io::stdout(), "{words}");
}
