//! The validating webhook: refuses at admission what would otherwise be told by conditions. Off unless `--webhook-mode` says so.
//!
//! ```text
//!  API server ─ TLS ─► desk ─► the objects that stand, read for each review ─► admission::judge ─► answer
//!                ▲
//!                └ shown certificate ◄─ life ◄─ watch of its Secret ──────────────── every replica
//!                                         ├──► Secret: made, renewed, adopted
//!                                         └──► caBundle of the ValidatingWebhookConfiguration
//! ```
//!
//! What is judged and when certificates change is the core's (`patina::admission`). Every replica answers and keeps the
//! certificate, whoever leads; resource versions settle who was first.
//!
//! *Guarantee*: nothing here ends the process or holds up the driver. What is missing (a right, the Secret, the port) is one
//! line, and not being ready; it is tried again until it is there.
//!
//! Deliberately absent: conversion of BGPPeer, for the API server converts by itself; HTTP/2.

mod bundle;
mod certificate;
mod desk;
mod flags;
mod folder;
mod life;
mod secret;
mod seen;

use std::time::Duration;

use kube::Client;
use patina_daemon::admin::Readiness;
use patina_daemon::backoff::Backoff;
use patina_daemon::fatal::Fatal;
use patina_daemon::https::{Limits, Transport, listen, offer, serve};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch as value;
use tokio::task::JoinSet;

pub(crate) use flags::{Mode, Settings, WebhookFlags};

use desk::Desk;
use flags::Source;
use life::Life;

/// Each holds at most one review; the API server opens as many as it has reviews at a time.
const REVIEWS: Limits = Limits { connections: 64, patience: Duration::from_secs(75) };
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The running webhook. Dropping it ends it.
pub(crate) struct Webhook {
    /// Whether API servers that ask would be answered.
    pub(crate) readiness: value::Receiver<Readiness>,
    _tasks: JoinSet<()>,
}

/// Starts it; without settings there is none.
///
/// # Errors
/// One line when a TLS flag is of no use.
pub(crate) fn start(
    client: &Client,
    settings: Option<Settings>,
    registry: &mut Registry,
) -> Result<Option<Webhook>, Fatal> {
    let Some(settings) = settings else { return Ok(None) };
    let offer = offer(&settings.tls).map_err(Fatal::configuration)?;
    let (ready, readiness) = value::channel(Readiness::Starting);
    let (show, shown) = value::channel(None);
    let desk = Desk::new(client.clone(), &settings.secret.namespace, registry);
    let life =
        Life::new(client.clone(), settings.secret.clone(), offer.clone(), life::Outlets { show, ready });
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let listener = until_listening(&settings).await;
        let served = serve(listener, Transport::Shown(shown), desk::router(desk), REVIEWS);
        match settings.source {
            Source::Secret => tokio::join!(served, life.run()),
            Source::Folder(folder) => tokio::join!(served, folder::run(folder, offer, life.outlets)),
        };
    });
    Ok(Some(Webhook { readiness, _tasks: tasks }))
}

/// A port that is taken is told once; nothing else waits for it.
async fn until_listening(settings: &Settings) -> TcpListener {
    let mut backoff = Backoff::up_to(LONGEST_PAUSE);
    let mut told = None;
    loop {
        match listen("--webhook-port", settings.host, settings.port).await {
            Ok(Some(listener)) => return listener,
            Ok(None) => std::future::pending().await,
            Err(error) => {
                let reason = error.line();
                if told.as_ref() != Some(&reason) {
                    tracing::error!(reason, "the webhook does not listen; everything else goes on");
                    told = Some(reason);
                }
            }
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}
