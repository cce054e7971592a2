//! A loopback port of the machine that leads into a namespace: to the API server, for kubectl and for the tests' own
//! client, and to etcd.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use patina_lab::netns::Namespace;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// The door. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Door {
    at: SocketAddr,
    _porter: JoinSet<()>,
}

impl Door {
    /// Opens a free port in front of `target`, which is an address inside `namespace`.
    pub(crate) async fn open(namespace: &Namespace, target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let at = listener.local_addr()?;
        let mut porter = JoinSet::new();
        porter.spawn(serve(listener, namespace.clone(), target));
        Ok(Self { at, _porter: porter })
    }

    /// Where to knock from outside.
    pub(crate) fn at(&self) -> SocketAddr {
        self.at
    }
}

async fn serve(listener: TcpListener, namespace: Namespace, target: SocketAddr) {
    let mut guests = JoinSet::new();
    loop {
        while guests.try_join_next().is_some() {}
        let Ok((outside, _)) = listener.accept().await else { continue };
        let namespace = namespace.clone();
        // A server that is away refuses; its guest then sees a connection that closes, and asks again.
        guests.spawn(async move { lead(outside, &namespace, target).await.map(drop) });
    }
}

async fn lead(mut outside: TcpStream, namespace: &Namespace, target: SocketAddr) -> io::Result<(u64, u64)> {
    let socket = namespace.enter(TcpSocket::new_v4)??;
    let mut inside = socket.connect(target).await?;
    // What is passed on piece by piece must not wait for the acknowledgement of the piece before it.
    outside.set_nodelay(true)?;
    inside.set_nodelay(true)?;
    copy_bidirectional(&mut outside, &mut inside).await
}
