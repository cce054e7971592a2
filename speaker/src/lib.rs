//! Answers ARP and NDP for external addresses on one node.
//!
//! ```text
//!   watches ──► driver: World ─► eligibility ─► offers ──► packet thread (net) ──► segment
//!   links ────────┘  ▲                                          │
//!                    └───────── reports: took, dropped ◄────────┘
//!                    └─► status objects, events, metrics, one log line for each transition
//! ```
//!
//! The driver may be late, and the API server away: the packet thread goes on with what it was told last.

mod driver;
mod key;
mod metrics;
pub mod net;
mod publish;
mod report;
mod settings;
mod snapshot;

use std::path::Path;
use std::process::ExitCode;

use patina::hot;
use patina::reconcile::Writer;
use patina_daemon::admin::{self, Readiness, Scraped};
use patina_daemon::configuration::{self, Author};
use patina_daemon::fatal::{self, Fatal};
use patina_daemon::notice::{self, Reporter};
use patina_daemon::owner::Owner;
use patina_daemon::{client, clock, telemetry, watch};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

pub use settings::Arguments;

/// Name of the process in its own messages.
const NAME: &str = "patina-speaker";
/// Changes that wait for the driver. When full, the watches wait, and then the API server's own buffers fill.
const EVENTS: usize = 256;

/// Runs the speaker until it is told to end; the exit code says whose turn it is.
pub fn main(arguments: Arguments) -> ExitCode {
    telemetry::start(arguments.flags.log_level, arguments.flags.log_format);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let end = runtime.map_err(Fatal::crash).and_then(|runtime| runtime.block_on(run(arguments)));
    fatal::exit(NAME, end)
}

/// Starts every part, and waits for the driver to end.
///
/// # Errors
/// One line: a setting, the key, the privilege, or a port that is taken.
pub async fn run(arguments: Arguments) -> Result<(), Fatal> {
    let ends = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    let [terminate, interrupt] = ends;
    let ends = (terminate.map_err(Fatal::crash)?, interrupt.map_err(Fatal::crash)?);
    let writer = Writer { node: arguments.scope().node, namespace: arguments.flags.namespace()? };
    let key = arguments.key().map_err(Fatal::configuration)?;
    notify_of_memberlist(&arguments);
    let client = client::client(arguments.flags.kubeconfig.as_deref(), NAME).await?;
    let net = start_net(&writer, key).await?;
    tell_of_extras(net.extras);
    let (registry, metrics) = metrics::register(&writer, &net.counters);
    let (ready, readiness) = tokio::sync::watch::channel(Readiness::Starting);
    let scraped = Scraped { registry, client: client.clone(), tls: &arguments.flags.tls };
    let _admin = admin::start(arguments.endpoints(), scraped, [readiness]).await?;
    let (events, changes) = mpsc::channel(EVENTS);
    let _watches = watch::start(&client, &writer.namespace, &driver::KINDS, &events);
    let reporter = Reporter { controller: "metallb-speaker", instance: arguments.node_name.clone() };
    let (notices, _notice_writer) = notice::start(client.clone(), reporter);
    let server = client::wait_for_server(&client);
    let owner = Owner::new(&writer.namespace, arguments.flags.pod_name.as_deref());
    let author = Author::Speaker { node: arguments.node_name.clone() };
    let configuration = configuration::start(&client, &writer.namespace, author, owner.clone());
    let publisher = publish::start(client.clone(), owner, metrics.clone());
    let snapshot = snapshot::Keeper::new(arguments.snapshot_path.clone());
    let outlets = driver::Outlets { net, publisher, notices, configuration, metrics, ready, snapshot };
    let driver = driver::Driver::new(arguments.scope(), writer, outlets).run(changes, ends);
    // The driver goes on with what it knows while the API server is away; only one that is too old ends it.
    let too_old = async {
        match server.await {
            Ok(()) => std::future::pending().await,
            Err(fatal) => fatal,
        }
    };
    tokio::select! {
        end = driver => end,
        fatal = too_old => Err(fatal),
    }
}

async fn start_net(writer: &Writer, key: Option<Vec<u8>>) -> Result<net::Net, Fatal> {
    let exclusion = net::Exclusion::read(Path::new(net::EXCLUSION_FILE)).map_err(Fatal::configuration)?;
    let started_at = u64::try_from(clock::wall().as_second()).unwrap_or_default();
    let seed = clock::now().as_nanos() ^ u64::from(std::process::id());
    let machine = hot::Settings::new(writer.node.clone(), started_at, key, seed);
    net::start(net::NetSettings { machine, exclusion }).await.map_err(|error| match error {
        net::StartError::Privilege(missing) => Fatal::privilege(missing),
        other @ (net::StartError::Links(_) | net::StartError::PacketThread(_)) => Fatal::crash(other),
    })
}

fn tell_of_extras(extras: net::Extras) {
    let missing: Vec<_> = extras.missing().collect();
    if missing.is_empty() {
        tracing::info!("the packet thread has a real-time priority and locked memory");
        return;
    }
    tracing::info!(
        capabilities = missing.join(", "),
        "works without; with them the packet thread would be on time on a node short of CPU or memory"
    );
}

fn notify_of_memberlist(arguments: &Arguments) {
    let given = arguments.memberlist.given();
    if !given.is_empty() {
        tracing::info!(
            flags = given.join(", "),
            "accepted and without effect: heartbeats are always on, on the segment of the address"
        );
    }
}
