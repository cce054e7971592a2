//! Programs that are part of another: what a container is to the node that it runs on.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use patina_lab::daemon::{Daemon, Keep, Launch};
use patina_lab::netns::Namespace;
use patina_lab::state::StateDir;
use patina_lab::wait::wait_for;

use crate::boxed::{boxed, run_name};

const WITHIN: Duration = Duration::from_secs(30);
/// Starts a program of its own, writes its number into the log, and waits.
const SCRIPT: &str = "sleep 3600 & echo $!; wait";

#[test]
fn whoever_freezes_thaws_or_kills_a_program_does_it_to_its_parts() {
    boxed(async || {
        let state = StateDir::take(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(run_name()))?;
        let (daemon, part) = with_part(&state, "one").await?;
        daemon.freeze()?;
        until(part, Some('T')).await?;
        daemon.thaw()?;
        until(part, Some('S')).await?;
        daemon.kill().await?;
        until(part, None).await?;
        let (daemon, part) = with_part(&state, "two").await?;
        daemon.stop(WITHIN).await?;
        until(part, None).await?;
        let (daemon, part) = with_part(&state, "three").await?;
        drop(daemon);
        until(part, None).await
    });
}

/// A program, and the number of its part.
async fn with_part(state: &StateDir, name: &str) -> anyhow::Result<(Daemon, i32)> {
    let launch = Launch {
        program: Path::new("/bin/sh"),
        arguments: vec!["-c".to_owned(), SCRIPT.to_owned()],
        environment: vec![("PATH", "/usr/bin:/bin".to_owned())],
        keep: Keep::Everything,
        log: state.file(&format!("{name}.log")),
    };
    let daemon = Daemon::start(&Namespace::current(name)?, launch)?;
    let look =
        async || Ok(std::fs::read_to_string(daemon.log())?.lines().next().map(str::parse).transpose()?);
    let part = wait_for("the part's number", WITHIN, look).await?;
    Ok((daemon, part))
}

/// Waits until the kernel shows the process in this state (`proc_pid_stat(5)`); `None`: no more, or nobody has waited for it.
async fn until(process: i32, wanted: Option<char>) -> anyhow::Result<()> {
    let look = async || {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) else {
            return Ok(wanted.is_none().then_some(()));
        };
        let (_, rest) = stat.rsplit_once(')').context("no name")?;
        let state = rest.trim_start().chars().next().filter(|state| *state != 'Z');
        Ok((state == wanted).then_some(()))
    };
    wait_for(&format!("process {process} in state {wanted:?}"), WITHIN, look).await
}
