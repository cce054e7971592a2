//! A program that stays when the one that has started it returns, and goes with it if it never got ready.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::bail;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::signals::Signals;
use crate::wait::wait_for;

/// The program, on its way.
#[derive(Debug)]
pub struct Resident(Child);

impl Resident {
    /// Starts it without a terminal. It should begin with a session of its own (`setsid(2)`).
    ///
    /// # Errors
    /// The program; nothing runs.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Ok(Self(command.spawn()?))
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits until it is ready, and leaves it.
    ///
    /// # Errors
    /// It has ended (its own words), is late, or somebody interrupts this program. Nothing of it runs on.
    pub async fn until(
        mut self,
        what: &str,
        bound: Duration,
        is_ready: impl Fn() -> bool,
    ) -> anyhow::Result<()> {
        let ready = self.ready_or_why(what, bound, is_ready).await;
        if ready.is_err() {
            self.end()?;
        }
        ready
    }

    async fn ready_or_why(
        &mut self,
        what: &str,
        bound: Duration,
        is_ready: impl Fn() -> bool,
    ) -> anyhow::Result<()> {
        let mut signals = Signals::listen(None)?;
        tokio::select! {
            ready = wait_for(what, bound, async || self.look(&is_ready)) => ready?,
            signal = signals.next() => bail!("ended by {signal}; nothing is left behind"),
        }
    }

    /// Ready, still on its way, or ended (then for good, with its own words).
    fn look(&mut self, is_ready: impl Fn() -> bool) -> anyhow::Result<Option<anyhow::Result<()>>> {
        let Some(status) = self.0.try_wait()? else {
            return Ok(is_ready().then_some(Ok(())));
        };
        let mut words = String::new();
        if let Some(mut stderr) = self.0.stderr.take() {
            stderr.read_to_string(&mut words)?;
        }
        let words = words.trim();
        Ok(Some(Err(if words.is_empty() {
            anyhow::anyhow!("it ended: {status}")
        } else {
            anyhow::Error::msg(words.to_owned())
        })))
    }

    /// Ends it gently and waits for it.
    fn end(&mut self) -> anyhow::Result<()> {
        if self.0.try_wait()?.is_none() {
            kill(Pid::from_raw(i32::try_from(self.0.id())?), Signal::SIGTERM)?;
            self.0.wait()?;
        }
        Ok(())
    }
}
