//! Signals with which somebody wants the program to end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::sandbox::Held;

/// An ear for them.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    quit: Signal,
}

impl Signals {
    /// Listens. In a box, `held` are the signals that came before anybody did.
    ///
    /// # Errors
    /// Signals cannot be caught.
    pub fn listen(held: Option<Held>) -> io::Result<Self> {
        let listening = Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
        };
        drop(held);
        Ok(listening)
    }

    /// Waits for the next one and says its name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hang_up.recv() => "SIGHUP",
            _ = self.quit.recv() => "SIGQUIT",
        }
    }
}
