//! A node as a computer: its place on the segment, the programs that run on it, and the fault that it has.
//!
//! Which programs these are and how they are started is the cluster's to say: `P` names them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use anyhow::Context;

use crate::daemon::Daemon;
use crate::fault::{Fault, FaultError};
use crate::host::Host;
use crate::segment::Segment;

/// A speaker hands over and lingers for a second or two before it exits; nothing else takes longer.
const GENTLE: Duration = Duration::from_secs(10);

/// The computer. Dropping it ends its programs.
#[derive(Debug)]
pub struct Computer<P> {
    host: Host,
    fault: Option<Fault>,
    running: BTreeMap<P, Daemon>,
}

/// What is left to do after a fault is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// Nothing: it goes on.
    Nothing,
    /// Routes through its link are lost.
    Routes,
    /// Everything is lost: another computer has to take its place.
    Boot,
}

impl<P: Copy + Ord + Display> Computer<P> {
    /// One on which nothing runs.
    pub fn new(host: Host) -> Self {
        Self { host, fault: None, running: BTreeMap::new() }
    }

    /// Its place on the segment.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The fault it has.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// One of its programs, while it runs.
    pub fn running(&self, program: P) -> Option<&Daemon> {
        self.running.get(&program)
    }

    /// Starts a program, unless it runs.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(
        &mut self,
        program: P,
        launch: impl FnOnce(&Host) -> anyhow::Result<Daemon>,
    ) -> anyhow::Result<()> {
        if !self.running.contains_key(&program) {
            let daemon =
                launch(&self.host).with_context(|| format!("start {program} on {}", self.host.name()))?;
            self.running.insert(program, daemon);
        }
        Ok(())
    }

    /// Stops a program gently, if it runs.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub async fn stop(&mut self, program: P) -> anyhow::Result<()> {
        let Some(daemon) = self.running.remove(&program) else { return Ok(()) };
        Ok(daemon.stop(GENTLE).await?)
    }

    /// Kills a program, if it runs.
    ///
    /// # Errors
    /// The kernel does not let it be killed.
    pub async fn kill(&mut self, program: P) -> anyhow::Result<()> {
        let Some(daemon) = self.running.remove(&program) else { return Ok(()) };
        Ok(daemon.kill().await?)
    }

    /// Does this to it.
    ///
    /// # Errors
    /// It has a fault already, or the kernel refuses.
    pub async fn inflict(&mut self, fault: Fault, segment: &Segment) -> anyhow::Result<()> {
        if let Some(fault) = self.fault {
            return Err(FaultError::Faulty { node: self.host.name().to_owned(), fault }.into());
        }
        self.fault = Some(fault);
        match fault {
            Fault::Crash => self.crash(segment).await,
            Fault::Carrier => Ok(segment.pull(self.host.port()).await?),
            Fault::Freeze => self.each(Daemon::freeze),
            Fault::Isolate => Ok(segment.unplug(self.host.port()).await?),
        }
    }

    /// Undoes what was done to it, as far as a cable and a signal can.
    ///
    /// # Errors
    /// It has no fault, or the kernel refuses.
    pub async fn heal(&mut self, segment: &Segment) -> anyhow::Result<Afterwards> {
        let fault = self.fault.take().ok_or_else(|| FaultError::Healthy(self.host.name().to_owned()))?;
        match fault {
            Fault::Crash => segment.remove(self.host.port()).await?,
            Fault::Carrier => segment.put_back(self.host.port()).await?,
            Fault::Freeze => self.each(Daemon::thaw)?,
            Fault::Isolate => segment.plug(self.host.port()).await?,
        }
        Ok(match fault {
            Fault::Crash => Afterwards::Boot,
            Fault::Carrier => Afterwards::Routes,
            Fault::Freeze | Fault::Isolate => Afterwards::Nothing,
        })
    }

    async fn crash(&mut self, segment: &Segment) -> anyhow::Result<()> {
        segment.unplug(self.host.port()).await?;
        for (_, daemon) in std::mem::take(&mut self.running) {
            daemon.kill().await?;
        }
        Ok(())
    }

    fn each(&self, act: impl Fn(&Daemon) -> std::io::Result<()>) -> anyhow::Result<()> {
        Ok(self.running.values().try_for_each(act)?)
    }
}
