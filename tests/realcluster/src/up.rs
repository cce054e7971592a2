//! The cluster that stays. Its folder holds what the next `up` and `down` must know: the lock, which ends with the
//! cluster however that ends, and the number of its process.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use patina_lab::agent;
use patina_lab::sandbox::{self, Side};
use patina_lab::signals::Signals;
use patina_lab::state::{StateDir, StateError};
use patina_lab::wait::wait_for;
use patina_realcluster::{Cluster, Spec, Tools};

/// Longer than the cluster itself waits for its parts.
const UP_WITHIN: Duration = Duration::from_secs(300);
const DOWN_WITHIN: Duration = Duration::from_secs(60);

/// Appears in the folder when the cluster is up.
const READY: &str = "ready";
/// Lies beside the folder, which the cluster empties when it takes it.
const PROCESS: &str = "pid";

/// Finds or builds the control plane's programs.
pub(crate) fn tools() -> anyhow::Result<Tools> {
    Ok(Tools::ready(say)?)
}

/// Starts a cluster and returns when it is ready.
pub(crate) fn up(nodes: u8, folder: &Path) -> anyhow::Result<ExitCode> {
    if StateDir::is_taken(folder) {
        bail!(StateError::Taken(folder.to_owned()));
    }
    tools()?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["stay", "--nodes", &nodes.to_string(), "--state"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("start the cluster")?;
    fs::write(folder.with_extension(PROCESS), child.id().to_string())?;
    runtime()?.block_on(wait_for("the cluster is up", UP_WITHIN, async || is_up(&mut child, folder)))??;
    say(&format!(
        "The cluster is up. What one could do now:\n\n  \
         export KUBECONFIG={}\n  kubectl get nodes\n  kubectl apply -f examples/quickstart\n  \
         cargo xtask realcluster down\n\nLogs: {}/*.log",
        folder.join("kubeconfig").display(),
        folder.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Up, still on its way, or ended (then for good, with its own words).
fn is_up(child: &mut Child, folder: &Path) -> anyhow::Result<Option<anyhow::Result<()>>> {
    if let Some(status) = child.try_wait()? {
        let mut words = format!("the cluster ended: {status}: ");
        if let Some(mut stderr) = child.stderr.take() {
            stderr.read_to_string(&mut words)?;
        }
        return Ok(Some(Err(anyhow::Error::msg(words.trim().to_owned()))));
    }
    Ok(folder.join(READY).exists().then_some(Ok(())))
}

/// Ends the cluster and waits until it is gone.
pub(crate) fn down(folder: &Path) -> anyhow::Result<ExitCode> {
    if !StateDir::is_taken(folder) {
        bail!("no cluster is running; start one with `cargo xtask realcluster up`");
    }
    let record = folder.with_extension(PROCESS);
    let number = fs::read_to_string(&record).with_context(|| record.display().to_string())?;
    kill(Pid::from_raw(number.trim().parse()?), Signal::SIGTERM).context("end the cluster")?;
    let gone = async || Ok((!StateDir::is_taken(folder)).then_some(()));
    runtime()?.block_on(wait_for("the cluster is down", DOWN_WITHIN, gone))?;
    fs::remove_file(record)?;
    say("The cluster is down; nothing of it is left.");
    Ok(ExitCode::SUCCESS)
}

/// The program behind `up`.
pub(crate) fn stay(nodes: u8, folder: &Path) -> anyhow::Result<ExitCode> {
    // It is the leader of nothing yet: `up` has just started it.
    nix::unistd::setsid().context("a session of its own")?;
    let tools = tools()?;
    let held = match sandbox::enter()? {
        Side::Outside(code) => return Ok(code),
        Side::Inside(held) => held,
    };
    let state = StateDir::take(folder)?;
    agent::log_to(fs::File::options().create(true).append(true).open(folder.join("realcluster.log"))?);
    runtime()?.block_on(async {
        // One ear from the start to the end: between two of them a signal would be lost.
        let mut signals = Signals::listen(Some(held))?;
        let started = Cluster::start(spec(nodes), tools, patina()?, state);
        let cluster = tokio::select! {
            started = started => started?,
            signal = signals.next() => bail!("ended by {signal}"),
        };
        fs::write(cluster.folder().join(READY), "")?;
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
fn patina() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("patina-on-realcluster"))
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

fn say(words: &str) {
    // Whoever closed the pipe does not want to know.
    let _ = writeln!(std::io::stdout(), "{words}");
}
