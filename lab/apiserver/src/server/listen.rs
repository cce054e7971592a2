//! Sockets and connections: each connection ends with the gate.
//!
//! A closed gate is a stopped server: the socket itself stops listening, so that new connections are refused
//! by the kernel and not merely dropped.

use std::io::ErrorKind;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::http::Front;

/// Whether clients are let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    Closed,
    /// For good.
    Gone,
}

/// Connections that may wait to be taken.
const BACKLOG: i32 = 1_024;

/// Rest after the kernel refused to hand over a connection, so that a full table of descriptors is no busy loop.
const REST: Duration = Duration::from_millis(50);

/// Time to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves one socket until the server is gone.
pub(super) async fn run(
    listener: std::net::TcpListener,
    acceptor: TlsAcceptor,
    front: Front,
    mut gate: watch::Receiver<Gate>,
) {
    loop {
        let state = *gate.borrow_and_update();
        match state {
            Gate::Gone => return,
            Gate::Open => {
                // The runtime remembers that a socket once stopped, so each time it gets to know it anew.
                let known = listener.try_clone().and_then(TcpListener::from_std);
                let Ok(known) = known.inspect_err(|error| tracing::warn!(%error, "socket not served")) else {
                    return;
                };
                take_connections(&known, &acceptor, &front, &mut gate).await;
            }
            Gate::Closed => {
                let address = listener.local_addr();
                tell(SockRef::from(&listener).shutdown(Shutdown::Read));
                if gate.changed().await.is_err() {
                    return;
                }
                tell(address.and_then(|address| listen_again(&listener, address)));
            }
        }
    }
}

/// Takes connections until the gate changes; then all of them are cut.
async fn take_connections(
    listener: &TcpListener,
    acceptor: &TlsAcceptor,
    front: &Front,
    gate: &mut watch::Receiver<Gate>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = gate.changed() => return,
            Some(_) = connections.join_next() => {}
            taken = listener.accept() => match taken {
                Ok((stream, _)) => drop(connections.spawn(connection(stream, acceptor.clone(), front.clone()))),
                Err(error) => {
                    tracing::debug!(%error, "connection not taken");
                    sleep(REST).await;
                }
            },
        }
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, front: Front) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "connection without nodelay");
    }
    let secured = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
    let Ok(Ok(secured)) = secured else { return };
    let answer = service_fn(move |request| {
        let front = front.clone();
        async move { Ok::<_, std::convert::Infallible>(front.serve(request).await) }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(secured), answer).await {
        tracing::debug!(%error, "connection ended");
    }
}

/// A socket that was shut down keeps a port that was asked for, and loses one that the kernel chose, without
/// telling; so it is bound again, and refusing that (`EINVAL`) is how it says that it has its port still.
fn listen_again(listener: &std::net::TcpListener, address: SocketAddr) -> std::io::Result<()> {
    let socket = SockRef::from(listener);
    match socket.bind(&address.into()) {
        Err(error) if error.kind() != ErrorKind::InvalidInput => Err(error),
        Ok(()) | Err(_) => socket.listen(BACKLOG),
    }
}

/// A socket that does not change stays as it is; the next change of the gate tries again.
fn tell(changed: std::io::Result<()>) {
    if let Err(error) = changed {
        tracing::warn!(%error, "socket did not change");
    }
}
