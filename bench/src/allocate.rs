//! Many Services from empty to assigned.
//!
//! ```text
//!   N Services ─► N bare patches by this process             the yardstick: what the API server takes
//!       │            as many that take it all back
//!       └───────► the controller starts ─► last address      against it, as a ratio; both by turns, in rounds
//!                                       ─► last annotation   queues behind, told apart
//!   single Services, one after another                       against create, see, patch, see by this process
//!   nothing                                                  writes in an idle window
//! ```
//!
//! The controller is a process of its own, built as it ships. Patches are of the same kind (server-side apply with force on
//! `status`), of the same shape and as many at once.

mod bare;
mod burst;
mod observer;
mod rounds;
mod single;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::report::{Report, milliseconds, quantiles};
use crate::server::{self, Server, difference};
use crate::services::Batch;
use burst::Burst;
use rounds::Rounds;

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
    /// Rounds of bare patches and the controller's burst. The rest is measured in the last one.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
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
    eprintln!("creating {count} Services");
    let batch = Batch::create(server, count).await?;
    let mut rounds = Rounds::default();
    for _ in 1..arguments.rounds {
        round(server, arguments, &mut rounds).await?.controller.end()?;
        bare::clear(server, count).await?;
    }
    let mut last = round(server, arguments, &mut rounds).await?;
    rounds.report(count, &mut report);
    queue(server, &mut last, count, &mut report).await?;
    eprintln!("{} single Services", arguments.singles);
    singles(server, arguments.singles, &mut report).await?;
    idle(server, arguments.idle_minutes, &mut report).await?;
    report.say("RSS of the controller at the end", last.controller.memory()?.to_string());
    last.controller.end()?;
    batch.delete(server).await?;
    Ok(report)
}

async fn round(server: &Server, arguments: &Arguments, rounds: &mut Rounds) -> Result<Burst> {
    let count = arguments.services;
    eprintln!("{count} bare patches");
    let bare = bare::run(server, count).await?;
    bare::clear(server, count).await?;
    eprintln!("{count} addresses");
    let burst = Burst::run(server, &arguments.daemons, count).await?;
    rounds.add(bare, burst.first, burst.last);
    Ok(burst)
}

/// What queues behind the addresses.
async fn queue(server: &Server, burst: &mut Burst, count: usize, report: &mut Report) -> Result<()> {
    burst.observer.until(count, observer::annotated).await?;
    report.say("until the last annotation", milliseconds(burst.watch.elapsed()));
    let after = server.settled().await?;
    report.say("until everything was written, events included", milliseconds(burst.watch.elapsed()));
    for (what, requests) in difference(&burst.before, &after) {
        report.say(format!("requests: {what}"), requests.to_string());
    }
    report.say("RSS of the controller after the burst", burst.controller.memory()?.to_string());
    Ok(())
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
