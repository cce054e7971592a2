//! The controller as a process of its own.

use std::fmt;
use std::fs::{self, File};
use std::process::{Child, Command};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::server::{NAMESPACE, Server};

const BINARY: &str = "patina-controller";

/// A running controller; dropping it kills it.
pub(super) struct Controller(Child);

impl Controller {
    /// Starts the binary that lies beside this one.
    pub(super) fn start(server: &Server) -> Result<Self> {
        let beside = std::env::current_exe()?.with_file_name(BINARY);
        let log = File::create(server.scratch().join("controller.log"))?;
        let child = Command::new(&beside)
            .arg("--kubeconfig")
            .arg(server.kubeconfig())
            .args(["--namespace", NAMESPACE, "--port=0", "--health-probe-port=0"])
            .stderr(log.try_clone()?)
            .stdout(log)
            .spawn();
        child.map(Self).with_context(|| beside.display().to_string())
    }

    pub(super) fn memory(&self) -> Result<Memory> {
        let path = format!("/proc/{}/status", self.0.id());
        let status = fs::read_to_string(&path).context(path)?;
        Ok(Memory { now: field(&status, "VmRSS:")?, most: field(&status, "VmHWM:")? })
    }

    /// Ends it as Kubernetes does.
    pub(super) fn end(&mut self) -> Result<()> {
        kill(Pid::from_raw(i32::try_from(self.0.id())?), Signal::SIGTERM)?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Memory that is in RAM, in kibibytes.
pub(super) struct Memory {
    now: u64,
    most: u64,
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = |kibibytes: u64| kibibytes as f64 / 1024.0;
        write!(f, "{:.1} MiB (at most {:.1} MiB so far)", mebibytes(self.now), mebibytes(self.most))
    }
}

fn field(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| name.to_owned())?;
    line.trim().trim_end_matches(" kB").parse().with_context(|| line.to_owned())
}
