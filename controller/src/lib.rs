//! Assigns addresses to Services of type LoadBalancer: one process per cluster decides, the one that holds the Lease.
//!
//! ```text
//!  settings ─► telemetry ─► client ─► watches ─► driver ─► outbox ─► API server
//!                             ├─► lease ─────────▲  └─► notices, metrics
//!                             ├─► secret of the heartbeats
//!                             ├─► kinds that have no effect yet ─► notices
//!                             ├─► webhook, if it is on ◄─ API servers ask
//!                             └─► configuration ─► ConfigurationState
//! ```
//!
//! Deliberately absent: what a decision is made of, which is in the core, and any state that would have to survive a
//! restart: what Services hold stands in their status.

mod apply;
mod driver;
mod ipam;
mod lease;
mod metrics;
mod outbox;
mod secret;
mod settings;
mod unsupported;
mod webhook;

/// What decides, without clock, client or task: for tests that bring their own cluster.
///
/// ```text
///  Campaign: Lease as read ─► step ─► claim ─► Role        State: events ─► decide ─► poll_effect ─► handle_end
/// ```
pub mod machine {
    pub use crate::apply::{WriteError, Written};
    pub use crate::driver::{KINDS, State};
    pub use crate::lease::{Campaign, Claim, Record, Role, Step, Term, Times};
    pub use crate::metrics::Metrics;
}

use std::pin::pin;
use std::process::ExitCode;

use kube::Client;
use patina_daemon::admin::{self, Readiness, Scraped};
use patina_daemon::configuration::{self, Author};
use patina_daemon::fatal::{self, Fatal};
use patina_daemon::notice::{self, Reporter};
use patina_daemon::owner::Owner;
use patina_daemon::{client, telemetry, watch};
use prometheus_client::registry::Registry;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch as value};
use tokio::task::JoinSet;

pub use settings::Arguments;

use driver::{Census, KINDS, State, Wires};
use settings::{Settings, Work};

/// Name of the process in its own messages.
const NAME: &str = "patina-controller";
/// `reportingController` of Events, as users of MetalLB know it.
const REPORTER: &str = "metallb-controller";
/// Changes that wait for the driver. When full, the watches wait, and then the API server's own buffers fill.
const EVENTS: usize = 1024;

/// Runs the controller until it is told to end; the exit code says whose turn it is.
pub fn main(arguments: Arguments) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let end = runtime.map_err(Fatal::crash).and_then(|runtime| {
        runtime.block_on(async {
            let signals = signals()?;
            run(arguments, signals).await
        })
    });
    fatal::exit(NAME, end)
}

/// Starts every part, and works until `end`; then gives leadership back.
///
/// # Errors
/// One line, and whose turn it is: a setting, a port that is taken, a cluster that is too old.
///
/// # Cancel safety
/// Dropping it is a crash: nothing that a Service holds is lost, but the next leader waits for the Lease to run out.
pub async fn run(arguments: Arguments, end: impl Future<Output = ()>) -> Result<(), Fatal> {
    let settings = Settings::try_from(arguments)?;
    telemetry::start(settings.flags.log_level, settings.flags.log_format);
    let mut end = pin!(end);
    let client = client::client(settings.flags.kubeconfig.as_deref(), NAME).await?;
    let reporter = Reporter { controller: REPORTER, instance: settings.identity.clone() };
    let (notices, _notice_writer) = notice::start(client.clone(), reporter);
    let (mut registry, metrics) = (Registry::default(), metrics::Metrics::default());
    metrics.register(&mut registry, notices.dropped());
    let (readiness, ready) = value::channel(Readiness::Starting);
    let webhook = webhook::start(&client, settings.webhook, &mut registry)?;
    let ready = std::iter::once(ready).chain(webhook.as_ref().map(|webhook| webhook.readiness.clone()));
    let scraped = Scraped { registry, client: client.clone(), tls: &settings.flags.tls };
    let _admin = admin::start(settings.endpoints, scraped, ready).await?;
    tokio::select! {
        answered = client::wait_for_server(&client) => answered?,
        () = &mut end => return Ok(()),
    }
    if settings.work == Work::WebhookOnly {
        readiness.send_replace(Readiness::Ready);
        end.await;
        return Ok(());
    }
    let (send, events) = mpsc::channel(EVENTS);
    let _watches = watch::start(&client, &settings.namespace, &KINDS, &send);
    let _secret = keep_secret(&client, settings.secret);
    let leadership = lease::start(client.clone(), &settings.namespace, settings.identity, settings.times);
    let role = leadership.role.clone();
    let _unsupported = unsupported::start(&client, &settings.namespace, &role, &notices);
    let census = Census { client: client.clone(), namespace: settings.namespace };
    let owner = Owner::new(&census.namespace, settings.flags.pod_name.as_deref());
    let configuration = configuration::start(&client, &census.namespace, Author::Controller, owner);
    let writer = apply::Writer::new(client);
    let wires = Wires {
        events,
        role,
        census,
        times: settings.times,
        writer,
        configuration,
        notices,
        held_back: Vec::new(),
        readiness,
    };
    driver::run(wires, State::new(settings.policy, metrics), end).await;
    leadership.resign().await;
    Ok(())
}

fn keep_secret(client: &Client, place: Option<secret::Place>) -> JoinSet<()> {
    place.into_iter().map(|place| secret::ensure(client.clone(), place)).collect()
}

/// Waits for a signal that ends the process; listens from now on.
fn signals() -> Result<impl Future<Output = ()>, Fatal> {
    let listen = |kind| signal(kind).map_err(Fatal::crash);
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
