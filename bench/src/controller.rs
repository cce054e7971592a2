//! The controller as a process of its own.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::memory::Memory;
use crate::server::{NAMESPACE, Server};

const BINARY: &str = "patina-controller";

/// A running controller; dropping it kills it.
pub(crate) struct Controller(Child);

impl Controller {
    /// Starts the binary in this folder.
    pub(crate) fn start(folder: &Path, server: &Server) -> Result<Self> {
        let program = folder.join(BINARY);
        let log = File::create(server.scratch().join("controller.log"))?;
        let child = Command::new(&program)
            .arg("--kubeconfig")
            .arg(server.kubeconfig())
            .args(["--namespace", NAMESPACE, "--port=0", "--health-probe-port=0"])
            .stderr(log.try_clone()?)
            .stdout(log)
            .spawn();
        child.map(Self).with_context(|| program.display().to_string())
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        Memory::of(self.0.id())
    }

    /// Ends it as Kubernetes does.
    pub(crate) fn end(&mut self) -> Result<()> {
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
