//! Sockets and connections. Every connection is bounded in time, and their number too, so that strangers on
//! a port cost a little memory and nothing else.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::certificate::Identity;
use crate::clock;
use crate::fatal::Fatal;

/// Time to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Rest after the kernel refused to hand over a connection, so that a full table of descriptors is no busy loop.
const REST: Duration = Duration::from_millis(50);
/// Longest head of a request, in bytes: room for a token of a whole ServiceAccount and everything around it.
const LONGEST_HEAD: usize = 16 * 1024;

/// What strangers may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time; more wait in the kernel.
    pub connections: usize,
    /// How long a connection may be silent before a request is whole.
    pub patience: Duration,
}

/// What lies between connection and HTTP.
pub enum Transport {
    /// Nothing.
    Plain,
    /// TLS with a certificate of the daemon's own.
    Tls(Identity),
    /// TLS with what somebody shows; while it is nothing, no connection is taken further.
    Shown(watch::Receiver<Shown>),
}

/// What a connection that begins now is secured with.
pub type Shown = Option<Arc<ServerConfig>>;

/// What is done with a connection.
enum Security {
    Plain,
    Tls(TlsAcceptor),
    Closed,
}

/// Binds to `port`, which was set by `flag`; 0 means: not at all.
///
/// # Errors
/// One line with port and flag.
pub async fn listen(flag: &str, host: Option<IpAddr>, port: u16) -> Result<Option<TcpListener>, Fatal> {
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

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener, mut transport: Transport, router: Router, limits: Limits) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            taken = listener.accept(), if connections.len() < limits.connections => match taken {
                Ok((stream, _)) => {
                    let security = transport.security();
                    connections.spawn(connection(stream, security, router.clone(), limits.patience));
                }
                Err(error) => {
                    tracing::debug!(%error, "connection not taken");
                    sleep(REST).await;
                }
            },
        }
    }
}

impl Transport {
    /// What becomes of a connection that begins now.
    fn security(&mut self) -> Security {
        let tls = match self {
            Self::Plain => return Security::Plain,
            Self::Tls(identity) => Some(identity.current(clock::now())),
            Self::Shown(shown) => shown.borrow().clone(),
        };
        tls.map_or(Security::Closed, |config| Security::Tls(TlsAcceptor::from(config)))
    }
}

async fn connection(stream: TcpStream, security: Security, router: Router, patience: Duration) {
    let tls = match security {
        Security::Plain => return answer(stream, router, patience).await,
        Security::Tls(tls) => tls,
        Security::Closed => return,
    };
    match timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => answer(stream, router, patience).await,
        Ok(Err(error)) => tracing::debug!(%error, "no TLS on a connection"),
        Err(_) => tracing::debug!("no TLS on a connection in time"),
    }
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin, router: Router, patience: Duration) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_taken_is_named_with_its_flag() {
        let host = Some(IpAddr::from(Ipv4Addr::LOCALHOST));
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = taken.local_addr().unwrap().port();
        let refused = listen("--port", host, port).await.unwrap_err().line();
        assert!(refused.contains(&port.to_string()) && refused.contains("--port"), "{refused}");
    }

    #[tokio::test]
    async fn row_88_port_0_listens_nowhere() {
        assert!(listen("--port", None, 0).await.unwrap().is_none());
    }
}
