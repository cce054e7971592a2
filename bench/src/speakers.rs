//! What speakers keep in memory and what they write: without a Service, and with many.
//!
//! ```text
//!   this process: the lab's API server      the controller          the machine's own network namespace
//!   node-1 … node-n: a speaker each, with NET_RAW alone             namespaces on one segment, in the lab's box
//! ```
//!
//! Both daemons are those that ship, each a process of its own. Services, EndpointSlices and Nodes are objects and no more:
//! no packet is sent to an address.

mod node;
mod objects;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use kube::Api;
use kube::api::ListParams;
use patina::api::ServiceL2Status;
use patina_lab::netlink::Snooping;
use patina_lab::segment::Segment;
use patina_lab::wait::wait_for;

use crate::controller::Controller;
use crate::report::Report;
use crate::server::{NAMESPACE, Server, difference, writes};
use crate::services::Batch;
use node::Node;
pub(crate) use node::become_speaker;

/// A speaker asks for seconds whether anybody has an address before it announces it.
const ANNOUNCED_WITHIN: Duration = Duration::from_secs(300);
/// From a start to the first heartbeats and back, with all pauses that speakers make.
const SETTLED_AFTER: Duration = Duration::from_secs(45);

/// How to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder with the daemons.
    #[arg(long)]
    daemons: PathBuf,
    /// How many Services.
    #[arg(long, default_value_t = 1_000)]
    services: usize,
    /// How many nodes.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=100))]
    nodes: u8,
    /// How long nothing happens at the end.
    #[arg(long, default_value_t = 0.5)]
    idle_minutes: f64,
}

/// Runs the benchmark; in the lab's box.
pub(crate) async fn run(arguments: Arguments) -> Result<Report> {
    let mut report = Report::default();
    let server = Server::reach(None, arguments.services).await?;
    server.prepare().await?;
    objects::advertisement(&server).await?;
    let mut controller = Controller::start(&arguments.daemons, &server)?;
    let segment = Segment::new(Snooping::Off).await?;
    let mut nodes = Vec::new();
    for number in 1..=arguments.nodes {
        nodes.push(Node::boot(number, &segment, &server, &arguments.daemons).await?);
    }
    eprintln!("{} speakers and no Service", nodes.len());
    tokio::time::sleep(SETTLED_AFTER).await;
    memory("without a Service", &controller, &nodes, &mut report)?;
    eprintln!("{} Services", arguments.services);
    let before = server.settled().await?;
    objects::endpoint_slices(&server, arguments.services).await?;
    let _batch = Batch::create(&server, arguments.services).await?;
    announced(&server, arguments.services).await?;
    let after = server.settled().await?;
    for (what, requests) in difference(&before, &after) {
        report.say(format!("requests: {what}"), requests.to_string());
    }
    let loaded = format!("with {} Services", arguments.services);
    memory(&loaded, &controller, &nodes, &mut report)?;
    idle(&server, arguments.idle_minutes, &mut report).await?;
    memory("at the end", &controller, &nodes, &mut report)?;
    controller.end()?;
    Ok(report)
}

fn memory(when: &str, controller: &Controller, nodes: &[Node], report: &mut Report) -> Result<()> {
    report.say(format!("RSS of the controller, {when}"), controller.memory()?.to_string());
    for node in nodes {
        report.say(format!("RSS of the speaker on {}, {when}", node.name()), node.memory()?.to_string());
    }
    Ok(())
}

/// Waits until somebody says of each Service that it announces it.
async fn announced(server: &Server, services: usize) -> Result<()> {
    let statuses = Api::<ServiceL2Status>::namespaced(server.client().clone(), NAMESPACE);
    wait_for("every Service is announced", ANNOUNCED_WITHIN, async || {
        let said = statuses.list_metadata(&ListParams::default()).await?.items.len();
        Ok((said >= services).then_some(()))
    })
    .await
}

async fn idle(server: &Server, minutes: f64, report: &mut Report) -> Result<()> {
    eprintln!("{minutes} minutes of nothing");
    let before = server.settled().await?;
    tokio::time::sleep(Duration::from_secs_f64(minutes * 60.0)).await;
    let after = server.requests().await?;
    let written: u64 =
        difference(&before, &after).iter().filter(|(what, _)| writes(what)).map(|(_, n)| n).sum();
    report.say(
        format!("API writes of all daemons in {minutes} idle minutes, Leases aside"),
        written.to_string(),
    );
    Ok(())
}
