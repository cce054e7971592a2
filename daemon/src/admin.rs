//! /metrics on one port; /healthz and /readyz on another.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::fatal::Fatal;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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

/// Starts to listen; ends when what is returned is dropped.
///
/// # Errors
/// One line when a port is taken.
pub async fn start(
    endpoints: Endpoints,
    registry: Registry,
    readiness: watch::Receiver<Readiness>,
) -> Result<JoinSet<io::Result<()>>, Fatal> {
    let mut servers = JoinSet::new();
    if let Some(listener) = listen("--port", endpoints.metrics_host, endpoints.metrics_port).await? {
        servers.spawn(axum::serve(listener, metrics_router(registry)).into_future());
    }
    let health = listen("--health-probe-port", endpoints.health_host, endpoints.health_port).await?;
    if let Some(listener) = health {
        servers.spawn(axum::serve(listener, health_router(readiness)).into_future());
    }
    Ok(servers)
}

async fn listen(flag: &str, host: Option<IpAddr>, port: u16) -> Result<Option<TcpListener>, Fatal> {
    if port == 0 {
        return Ok(None);
    }
    let listener = match host {
        Some(host) => TcpListener::bind(SocketAddr::new(host, port)).await,
        None => listen_everywhere(port).await,
    };
    listener
        .map(Some)
        .with_context(|| format!("cannot listen on port {port} ({flag})"))
        .map_err(Fatal::configuration)
}

/// Both families where the kernel has both.
async fn listen_everywhere(port: u16) -> io::Result<TcpListener> {
    let unspecified = |host: IpAddr| SocketAddr::new(host, port);
    match TcpListener::bind(unspecified(Ipv6Addr::UNSPECIFIED.into())).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        Err(_) => TcpListener::bind(unspecified(Ipv4Addr::UNSPECIFIED.into())).await,
        Ok(listener) => Ok(listener),
    }
}

fn metrics_router(registry: Registry) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(Arc::new(registry))
}

fn health_router(readiness: watch::Receiver<Readiness>) -> Router {
    Router::new().route("/healthz", get(async || "ok")).route("/readyz", get(ready)).with_state(readiness)
}

async fn metrics(State(registry): State<Arc<Registry>>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn ready(State(readiness): State<watch::Receiver<Readiness>>) -> (StatusCode, &'static str) {
    match *readiness.borrow() {
        Readiness::Ready => (StatusCode::OK, "ok"),
        Readiness::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Readiness::Leaving => (StatusCode::SERVICE_UNAVAILABLE, "leaving"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn readiness_follows_what_the_daemon_says() {
        let (say, heard) = watch::channel(Readiness::Starting);
        assert_eq!(ready(State(heard.clone())).await.0, StatusCode::SERVICE_UNAVAILABLE);
        say.send_replace(Readiness::Ready);
        assert_eq!(ready(State(heard)).await, (StatusCode::OK, "ok"));
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_named_with_its_flag() {
        let host = Some(IpAddr::from(Ipv4Addr::LOCALHOST));
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = taken.local_addr().unwrap().port();
        let refused = listen("--port", host, port).await.unwrap_err().line();
        assert!(refused.contains(&port.to_string()) && refused.contains("--port"), "{refused}");
    }
}
