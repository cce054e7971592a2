//! What runs in a lab Pod: a server that tells who answered whom.
//!
//! HTTP and UDP answers are lines of `pod=… node=… client=…`; HTTP adds `forwarded=…` when the request says for
//! whom it was forwarded (`X-Forwarded-For`), UDP adds the datagram it answers, TCP that does not look like HTTP
//! gets its bytes back.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Who answers.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) pod: String,
    pub(crate) node: String,
}

/// A client that says nothing for so long is dropped.
const PATIENCE: Duration = Duration::from_secs(10);
const BACKLOG: i32 = 1024;
/// A request's head in a lab is a few hundred bytes.
const HEAD: usize = 8192;

/// Serves TCP on `port` of every address, both families.
pub(crate) fn tcp(port: u16, identity: &Arc<Identity>, servers: &mut JoinSet<()>) -> io::Result<()> {
    for at in everywhere(port) {
        let socket = socket(at, Type::STREAM, Protocol::TCP)?;
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from_std(socket.into())?;
        servers.spawn(accept(listener, Arc::clone(identity)));
    }
    Ok(())
}

/// Serves UDP on `port` of every address, both families.
pub(crate) fn udp(port: u16, identity: &Arc<Identity>, servers: &mut JoinSet<()>) -> io::Result<()> {
    for at in everywhere(port) {
        let socket = UdpSocket::from_std(socket(at, Type::DGRAM, Protocol::UDP)?.into())?;
        servers.spawn(datagrams(socket, Arc::clone(identity)));
    }
    Ok(())
}

fn everywhere(port: u16) -> [SocketAddr; 2] {
    [(Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::UNSPECIFIED, port).into()]
}

fn socket(at: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(at), kind, Some(protocol))?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&at.into())?;
    Ok(socket)
}

fn line(identity: &Identity, client: SocketAddr) -> String {
    format!("pod={} node={} client={}", identity.pod, identity.node, client.ip())
}

async fn datagrams(socket: UdpSocket, identity: Arc<Identity>) {
    let mut datagram = vec![0; 65_535];
    loop {
        let Ok((length, client)) = socket.recv_from(&mut datagram).await else { continue };
        let mut answer = line(&identity, client).into_bytes();
        answer.push(b'\n');
        answer.extend_from_slice(&datagram[..length]);
        // The client may be gone; it would ask again.
        let _ = socket.send_to(&answer, client).await;
    }
}

async fn accept(listener: TcpListener, identity: Arc<Identity>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, client)) = listener.accept().await else { continue };
        let identity = Arc::clone(&identity);
        connections.spawn(async move {
            // A client that breaks off ends its own connection only.
            let _ = converse(stream, &line(&identity, client)).await;
        });
    }
}

async fn converse(mut stream: TcpStream, line: &str) -> io::Result<()> {
    let mut head = Vec::new();
    loop {
        let read = timeout(PATIENCE, stream.read_buf(&mut head)).await??;
        if read == 0 {
            return Ok(());
        }
        if !looks_like_http(&head) {
            stream.write_all(&head).await?;
            head.clear();
            continue;
        }
        if head.windows(4).any(|end| end == b"\r\n\r\n") || head.len() > HEAD {
            return answer_http(stream, line, forwarded_for(&head)).await;
        }
    }
}

fn looks_like_http(start: &[u8]) -> bool {
    [b"GET ".as_slice(), b"HEAD ", b"POST ", b"PUT "]
        .iter()
        .any(|verb| start.starts_with(verb) || verb.starts_with(start))
}

/// Whom a proxy names as its client; a list of proxies has no blanks here.
fn forwarded_for(head: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    let mut named = headers.filter(|(name, _)| name.eq_ignore_ascii_case("X-Forwarded-For"));
    named.next().map(|(_, value)| value.split_whitespace().collect())
}

async fn answer_http(mut stream: TcpStream, line: &str, forwarded: Option<String>) -> io::Result<()> {
    let forwarded = forwarded.map(|client| format!(" forwarded={client}")).unwrap_or_default();
    let body = format!("{line}{forwarded}\n");
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_whom_a_request_was_forwarded_is_read_from_its_head() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\nx-forwarded-for: 192.0.2.1, 192.0.2.2\r\n\r\n";
        assert_eq!(forwarded_for(head).as_deref(), Some("192.0.2.1,192.0.2.2"));
        assert_eq!(forwarded_for(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), None);
    }
}
