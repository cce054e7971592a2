//! UDP through a front: a flow is what comes from one client address and port, and keeps its endpoint.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::backends::{Backends, in_turn};

/// A flow without an answer for so long is forgotten. kube-proxy's conntrack waits 30 s; the lab opens a new
/// flow for each request and would hold thousands of sockets.
const IDLE: Duration = Duration::from_secs(3);
/// The largest datagram.
const DATAGRAM: usize = 65_535;

struct Flow {
    endpoint: SocketAddr,
    socket: Arc<UdpSocket>,
    answers: JoinHandle<()>,
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.answers.abort();
    }
}

/// Carries datagrams until its task is aborted.
pub(super) async fn serve(front: Arc<UdpSocket>, mut backends: watch::Receiver<Backends>) {
    let mut flows = BTreeMap::<SocketAddr, Flow>::new();
    let mut datagram = vec![0; DATAGRAM];
    let mut turn = 0;
    loop {
        tokio::select! {
            changed = backends.changed() => {
                if changed.is_err() { return }
                let current = backends.borrow_and_update().clone();
                flows.retain(|_, flow| current.contains(&flow.endpoint));
            }
            received = front.recv_from(&mut datagram) => {
                // An error here is an ICMP message about an earlier answer.
                let Ok((length, client)) = received else { continue };
                let current = backends.borrow().clone();
                pass(&front, &mut flows, client, &datagram[..length], &current, &mut turn).await;
            }
        }
    }
}

async fn pass(
    front: &Arc<UdpSocket>,
    flows: &mut BTreeMap<SocketAddr, Flow>,
    client: SocketAddr,
    datagram: &[u8],
    backends: &[SocketAddr],
    turn: &mut usize,
) {
    if flows.get(&client).is_some_and(|flow| flow.answers.is_finished()) {
        flows.remove(&client);
    }
    if !flows.contains_key(&client) {
        flows.retain(|_, flow| !flow.answers.is_finished());
        let Some(endpoint) = in_turn(backends, turn) else { return };
        let Some(flow) = open(front, client, endpoint).await else { return };
        flows.insert(client, flow);
    }
    if let Some(flow) = flows.get(&client) {
        // An endpoint that cannot be reached loses its datagrams, as on a real node.
        let _ = flow.socket.send(datagram).await;
    }
}

async fn open(front: &Arc<UdpSocket>, client: SocketAddr, endpoint: SocketAddr) -> Option<Flow> {
    let any: SocketAddr = match endpoint {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = Arc::new(UdpSocket::bind(any).await.ok()?);
    socket.connect(endpoint).await.ok()?;
    let answers = tokio::spawn(answer(Arc::clone(front), Arc::clone(&socket), client));
    Some(Flow { endpoint, socket, answers })
}

async fn answer(front: Arc<UdpSocket>, endpoint: Arc<UdpSocket>, client: SocketAddr) {
    let mut datagram = vec![0; 2048];
    while let Ok(Ok(length)) = timeout(IDLE, endpoint.recv(&mut datagram)).await {
        let _ = front.send_to(&datagram[..length], client).await;
    }
}
