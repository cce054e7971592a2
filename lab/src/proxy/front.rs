//! One front: a socket for clients, and connections or flows from there to endpoints.
//!
//! Endpoints are taken in turn, one for each TCP connection or UDP flow. A failed one is not replaced by the
//! next: kube-proxy does not know that it failed either.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::backends::{Backends, in_turn};
use super::plan::{Front, Transport};
use super::udp;

const BACKLOG: i32 = 1024;
/// As long as Linux tries by default would be minutes; nobody waits that long in a lab.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// A front at work; dropping it closes the socket and everything that went through it.
#[derive(Debug)]
pub(crate) struct Open {
    backends: watch::Sender<Backends>,
    task: JoinHandle<()>,
}

impl Open {
    /// Opens the front in the calling thread's namespace.
    pub(crate) fn new(front: Front, backends: Vec<SocketAddr>) -> io::Result<Self> {
        let (sender, receiver) = watch::channel(Backends::from(backends));
        let task = match front.transport {
            Transport::Tcp => {
                let listener = TcpListener::from_std(socket(front)?.into())?;
                tokio::spawn(serve_tcp(listener, receiver))
            }
            Transport::Udp => {
                let socket = UdpSocket::from_std(socket(front)?.into())?;
                tokio::spawn(udp::serve(Arc::new(socket), receiver))
            }
        };
        Ok(Self { backends: sender, task })
    }

    /// Puts other endpoints in force. TCP connections stay; UDP flows to endpoints that are gone end.
    pub(crate) fn point_at(&self, backends: &[SocketAddr]) {
        self.backends.send_if_modified(|current| {
            let changed = **current != *backends;
            if changed {
                *current = backends.into();
            }
            changed
        });
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// `IP_FREEBIND` and `IPV6_FREEBIND`: the address is on no link.
fn socket(front: Front) -> io::Result<Socket> {
    let (kind, protocol) = match front.transport {
        Transport::Tcp => (Type::STREAM, Protocol::TCP),
        Transport::Udp => (Type::DGRAM, Protocol::UDP),
    };
    let socket = Socket::new(Domain::for_address(front.at), kind, Some(protocol))?;
    match front.at {
        SocketAddr::V4(_) => socket.set_freebind_v4(true)?,
        SocketAddr::V6(_) => socket.set_freebind_v6(true)?,
    }
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    socket.bind(&front.at.into())?;
    match front.transport {
        Transport::Tcp => socket.listen(BACKLOG)?,
        Transport::Udp => {}
    }
    Ok(socket)
}

async fn serve_tcp(listener: TcpListener, backends: watch::Receiver<Backends>) {
    let mut turn = 0usize;
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let chosen = in_turn(&backends.borrow(), &mut turn);
        if let Some(endpoint) = chosen {
            connections.spawn(join(client, endpoint));
        }
    }
}

async fn join(mut client: TcpStream, endpoint: SocketAddr) {
    let Ok(Ok(mut server)) = timeout(CONNECT_PATIENCE, TcpStream::connect(endpoint)).await else {
        return;
    };
    // Either side may break off at any time; there is nobody to tell.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}
