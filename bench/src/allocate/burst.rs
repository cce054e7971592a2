//! The controller starts and finds many Services without an address.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::observer::{self, Observer};
use crate::clock::Stopwatch;
use crate::controller::Controller;
use crate::server::{BURST, Counts, Server};

/// A burst whose last address was seen. The controller still writes what queues behind.
pub(super) struct Burst {
    pub(super) controller: Controller,
    pub(super) observer: Observer,
    /// Runs since the start of the controller.
    pub(super) watch: Stopwatch,
    /// Requests before it.
    pub(super) before: Counts,
    pub(super) first: Duration,
    pub(super) last: Duration,
}

impl Burst {
    /// Starts the controller of this folder and waits until `count` Services have an address.
    pub(super) async fn run(server: &Server, daemons: &Path, count: usize) -> Result<Self> {
        let before = server.requests().await?;
        let mut observer = Observer::start(server, BURST).await?;
        let watch = Stopwatch::start();
        let controller = Controller::start(daemons, server)?;
        observer.until(1, observer::addressed).await?;
        let first = watch.elapsed();
        observer.until(count, observer::addressed).await?;
        let last = watch.elapsed();
        Ok(Self { controller, observer, watch, before, first, last })
    }
}
