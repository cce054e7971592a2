//! A program that runs inside a namespace of the lab, as a child of the lab, with a log file.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::netns::Namespace;
use crate::privilege::Capability;
use crate::shipped::{self, Shipped};

/// A running program. Dropping it kills it, and the programs that are part of it.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    pid: Pid,
    group: Group,
    log: PathBuf,
}

/// Which group of processes a program is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    /// One that it leads.
    Own,
    /// That of the program that starts it.
    Starter,
}

/// What to run.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The program; with capabilities to keep it must be the `patina` command, which confines itself.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Environment, complete: nothing of the lab's own environment is passed on.
    pub environment: Vec<(&'static str, String)>,
    /// What is left to it.
    pub keep: Keep<'a>,
    /// Where its output goes.
    pub log: PathBuf,
}

/// What a program may do.
#[derive(Clone, Copy, Debug)]
pub enum Keep<'a> {
    /// All that root may.
    Everything,
    /// What ships for its verb, which is its first argument ([`shipped`]).
    Shipped,
    /// The same, and a folder to write to, as a volume.
    ShippedWith(&'a Path),
    /// These capabilities, and else what ships for its verb.
    Capabilities(&'a [Capability]),
}

impl Daemon {
    /// Starts it inside `namespace`.
    ///
    /// # Errors
    /// The program or its log file; nothing runs.
    pub fn start(namespace: &Namespace, launch: Launch<'_>) -> io::Result<Self> {
        Self::start_in(Group::Own, namespace, launch)
    }

    /// Starts it inside `namespace` as a part of the calling program: whoever holds that one as a daemon and kills,
    /// freezes or thaws it does the same to this one.
    ///
    /// # Errors
    /// The program or its log file; nothing runs.
    pub fn start_part(namespace: &Namespace, launch: Launch<'_>) -> io::Result<Self> {
        Self::start_in(Group::Starter, namespace, launch)
    }

    fn start_in(group: Group, namespace: &Namespace, launch: Launch<'_>) -> io::Result<Self> {
        let output = File::options().create(true).append(true).open(&launch.log)?;
        let mut command = Command::new(launch.program);
        command.args(confinement(&launch)?);
        command
            .args(launch.arguments.iter().map(OsStr::new))
            .env_clear()
            .envs(launch.environment)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true);
        if group == Group::Own {
            command.process_group(0);
        }
        let child = namespace.enter(|| command.spawn())??;
        let number = child.id().and_then(|id| i32::try_from(id).ok());
        let pid = Pid::from_raw(number.ok_or_else(|| io::Error::other("the program ended at once"))?);
        Ok(Self { child, pid, group, log: launch.log })
    }

    /// Its log file.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Its process number.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Whether it has ended by itself.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Kills it, and waits until it is gone.
    ///
    /// # Errors
    /// The kernel does not let it be killed.
    pub async fn kill(mut self) -> io::Result<()> {
        self.signal_all(Signal::SIGKILL)?;
        self.child.wait().await.map(drop)
    }

    /// Asks it to stop (SIGTERM) and waits for it; after `patience` it is killed. What is part of it ends with it.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub async fn stop(mut self, patience: Duration) -> io::Result<()> {
        kill(self.pid, Signal::SIGTERM)?;
        // Whether it ended by itself or will now: what is left of its group goes.
        let ended = timeout(patience, self.child.wait()).await;
        self.signal_all(Signal::SIGKILL)?;
        match ended {
            Ok(ended) => ended.map(drop),
            Err(_) => self.child.wait().await.map(drop),
        }
    }

    /// Stops its clock (SIGSTOP): it lives and does nothing.
    ///
    /// # Errors
    /// It has ended.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal_all(Signal::SIGSTOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// It has ended.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal_all(Signal::SIGCONT)
    }

    /// To all of its group; one without anybody left is no error.
    fn signal_all(&self, signal: Signal) -> io::Result<()> {
        let sent = match self.group {
            Group::Own => killpg(self.pid, signal),
            Group::Starter => kill(self.pid, signal),
        };
        match sent {
            Err(Errno::ESRCH) => Ok(()),
            sent => Ok(sent?),
        }
    }
}

/// Arguments of the `patina` command with which it confines itself before it becomes a daemon.
fn confinement(launch: &Launch<'_>) -> io::Result<Vec<OsString>> {
    let verb = launch.arguments.first().map_or("", String::as_str);
    let shipped = || shipped::of(verb).map_err(io::Error::other);
    let (shipped, volume) = match launch.keep {
        Keep::Everything => return Ok(Vec::new()),
        Keep::Shipped => (shipped()?, None),
        Keep::ShippedWith(folder) => (shipped()?, Some(folder)),
        Keep::Capabilities(kept) => (Shipped { kept: kept.to_vec(), ..shipped()? }, None),
    };
    let mut arguments: Vec<OsString> = shipped.arguments().into_iter().map(OsString::from).collect();
    if let Some(folder) = volume {
        arguments.extend(["--volume".into(), folder.into()]);
    }
    arguments.extend(["--".into(), launch.program.into()]);
    Ok(arguments)
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Its number is its own only while nobody has waited for it.
        if self.child.id().is_some() {
            // What the kernel refuses now, the end of the box does.
            let _ = self.signal_all(Signal::SIGKILL);
        }
    }
}
