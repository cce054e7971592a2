//! Sockets and connections: each connection ends with the gate.
//!
//! A closed gate is a stopped server: the socket itself stops listening, so that new connections are refused
//! by the kernel and not merely dropped.

use std::net::Shutdown;
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
    listener: TcpListener,
    acceptor: TlsAcceptor,
    front: Front,
    mut gate: watch::Receiver<Gate>,
) {
    loop {
        let state = *gate.borrow_and_update();
        match state {
            Gate::Gone => return,
            Gate::Open => take_connections(&listener, &acceptor, &front, &mut gate).await,
            Gate::Closed => {
                set_listening(&listener, false);
                if gate.changed().await.is_err() {
                    return;
                }
                set_listening(&listener, true);
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

/// Shutting a listening socket down ends listening and keeps its address; listening again takes it up.
fn set_listening(listener: &TcpListener, listening: bool) {
    let socket = SockRef::from(listener);
    let changed = if listening { socket.listen(BACKLOG) } else { socket.shutdown(Shutdown::Read) };
    if let Err(error) = changed {
        tracing::warn!(%error, listening, "socket did not change");
    }
}
