//! Many Services from empty to assigned.
//!
//! ```text
//!   N Services ─► N bare patches by this process             the yardstick: what the API server takes
//!   N Services ─► the controller starts ─► last address      against it, as a ratio
//!                                        ─► last annotation  queues behind, told apart
//!   single Services, one after another                       against create, see, patch, see by this process
//!   nothing                                                  writes in an idle window
//! ```
//!
//! The controller is a process of its own, built as it ships. Patches are of the same kind (server-side apply with force on
//! `status`), of the same shape and as many at once.

mod bare;
mod observer;
mod single;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::clock::Stopwatch;
use crate::controller::Controller;
use crate::report::{Report, milliseconds, quantiles};
use crate::server::{self, BURST, Server, difference};
use crate::services::{Batch, Class};
use observer::Observer;

/// How to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder with the daemons.
    #[arg(long)]
    daemons: PathBuf,
    /// How many Services.
    #[arg(long, default_value_t = 2_000)]
    services: usize,
    /// A cluster to work against, as its administrator; without one the lab's API server runs in this process. Services
    /// and pool that the benchmark makes there are deleted at the end.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// Single Services, one after another.
    #[arg(long, default_value_t = 100)]
    singles: usize,
    /// How long nothing happens at the end.
    #[arg(long, default_value_t = 0.5)]
    idle_minutes: f64,
}

/// Runs the benchmark.
pub(crate) async fn run(arguments: Arguments) -> Result<Report> {
    let server = Server::reach(arguments.kubeconfig.as_deref(), arguments.services).await?;
    server.prepare().await?;
    let measured = measure(&server, &arguments).await;
    server.clean_up().await?;
    measured
}

async fn measure(server: &Server, arguments: &Arguments) -> Result<Report> {
    let mut report = Report::default();
    let count = arguments.services;
    report.say("API server", server.describe().await?);
    eprintln!("{count} bare patches");
    let bare = bare::run(server, count).await?;
    report.say(format!("{count} bare status patches"), rate(count, bare));
    eprintln!("{count} Services");
    let batch = Batch::create(server, BURST, count, Class::Ours).await?;
    let mut controller = burst(server, arguments, bare, &mut report).await?;
    eprintln!("{} single Services", arguments.singles);
    singles(server, arguments.singles, &mut report).await?;
    idle(server, arguments.idle_minutes, &mut report).await?;
    report.say("RSS of the controller at the end", controller.memory()?.to_string());
    controller.end()?;
    batch.delete(server).await?;
    Ok(report)
}

async fn burst(
    server: &Server,
    arguments: &Arguments,
    bare: Duration,
    report: &mut Report,
) -> Result<Controller> {
    let count = arguments.services;
    let before = server.requests().await?;
    let mut observer = Observer::start(server, BURST).await?;
    let watch = Stopwatch::start();
    let controller = Controller::start(&arguments.daemons, server)?;
    observer.until(1, observer::addressed).await?;
    let first = watch.elapsed();
    observer.until(count, observer::addressed).await?;
    let last = watch.elapsed();
    report.say(
        format!("{count} Services, from the start of the controller to the last address"),
        rate(count, last),
    );
    report.say("… of it until the first address", milliseconds(first));
    let ratio = |time: Duration| format!("{:.2}", time.as_secs_f64() / bare.as_secs_f64());
    report.say("ratio to the bare patches", ratio(last));
    report.say("ratio without the start (first to last address)", ratio(last.saturating_sub(first)));
    observer.until(count, observer::annotated).await?;
    report.say("until the last annotation", milliseconds(watch.elapsed()));
    let after = server.settled().await?;
    report.say("until everything was written, events included", milliseconds(watch.elapsed()));
    for (what, requests) in difference(&before, &after) {
        report.say(format!("requests: {what}"), requests.to_string());
    }
    report.say("RSS of the controller after the burst", controller.memory()?.to_string());
    Ok(controller)
}

async fn singles(server: &Server, count: usize, report: &mut Report) -> Result<()> {
    let (ours, bare) = single::run(server, count).await?;
    let (Some(ours), Some(bare)) = (quantiles(ours), quantiles(bare)) else { return Ok(()) };
    let both = |(middle, high)| format!("p50 {}, p99 {}", milliseconds(middle), milliseconds(high));
    report.say("create → address seen", both(ours));
    report.say("the same round trips alone (create, see, patch, see)", both(bare));
    report.say(
        "the controller's own time (difference of the p50)",
        milliseconds(ours.0.saturating_sub(bare.0)),
    );
    Ok(())
}

async fn idle(server: &Server, minutes: f64, report: &mut Report) -> Result<()> {
    eprintln!("{minutes} minutes of nothing");
    let before = server.settled().await?;
    tokio::time::sleep(Duration::from_secs_f64(minutes * 60.0)).await;
    let after = server.requests().await?;
    let writes: u64 =
        difference(&before, &after).iter().filter(|(what, _)| server::writes(what)).map(|(_, n)| n).sum();
    report.say(format!("API writes in {minutes} idle minutes, Leases aside"), writes.to_string());
    Ok(())
}

fn rate(count: usize, time: Duration) -> String {
    format!("{} ({:.0} a second)", milliseconds(time), count as f64 / time.as_secs_f64())
}
