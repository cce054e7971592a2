//! /metrics over HTTPS on one port, for those who may read them; /healthz and /readyz on another, for everybody.
//!
//! ```text
//!  scraper ─► https (TLS) ─► scrape ─► guard ─► Memory of verdicts ─► the registry as text
//!                                         └─► review: TokenReview, SubjectAccessReview ─► API server
//!  kubelet ─► https ───────► health ─► Readiness
//! ```
//!
//! *Guarantee*: nobody reads a metric before the API server has said that they may; without its word the answer is an
//! error that says so. A verdict counts for at most [`memory::GRANTED`] after it was given.

mod guard;
mod health;
mod memory;
mod review;
mod scrape;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use kube::Client;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::fatal::Fatal;
use crate::https::{Identity, Limits, TlsFlags, Transport, listen, serve};

/// Probes come on a connection of their own.
const PROBES: Limits = Limits { connections: 256, patience: Duration::from_secs(5) };
/// Scrapers keep their connection from one scrape to the next, which is a minute at most as a rule.
const SCRAPES: Limits = Limits { connections: 64, patience: Duration::from_secs(75) };

/// Whether the daemon does its work, for /readyz.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not everything was read yet.
    Starting,
    /// It works.
    Ready,
    /// It has been told to end.
    Leaving,
}

/// Where to listen. Port 0 means: not at all.
#[derive(Clone, Copy, Debug)]
pub struct Endpoints {
    /// Address of the metrics; every one without it.
    pub metrics_host: Option<IpAddr>,
    /// Port of the metrics.
    pub metrics_port: u16,
    /// Address of the probes; every one without it.
    pub health_host: Option<IpAddr>,
    /// Port of the probes.
    pub health_port: u16,
}

/// What scrapers get, and how.
pub struct Scraped<'a> {
    /// The metrics.
    pub registry: Registry,
    /// Who is asked whether they may have them.
    pub client: Client,
    /// Certificate and versions.
    pub tls: &'a TlsFlags,
}

/// Starts to listen; ends when what is returned is dropped. The daemon is ready when everybody says so that `readiness` hears.
///
/// # Errors
/// One line when a port is taken, or a certificate or TLS setting is of no use.
pub async fn start(
    endpoints: Endpoints,
    scraped: Scraped<'_>,
    readiness: impl IntoIterator<Item = watch::Receiver<Readiness>>,
) -> Result<JoinSet<()>, Fatal> {
    let mut servers = JoinSet::new();
    if let Some(listener) = listen("--port", endpoints.metrics_host, endpoints.metrics_port).await? {
        let identity = Identity::new(scraped.tls).map_err(Fatal::configuration)?;
        let guard = guard::start(scraped.client, &mut servers);
        let router = scrape::router(scraped.registry, guard);
        servers.spawn(serve(listener, Transport::Tls(identity), router, SCRAPES));
    }
    let health = listen("--health-probe-port", endpoints.health_host, endpoints.health_port).await?;
    if let Some(listener) = health {
        servers.spawn(serve(
            listener,
            Transport::Plain,
            health::router(readiness.into_iter().collect()),
            PROBES,
        ));
    }
    Ok(servers)
}
