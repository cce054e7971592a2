//! One HTTP request from a host of the lab: what `curl` would do there.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::timeout;

use crate::clock;
use crate::host::Host;

/// Longer than the lab's slowest refusal.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any echo says.
const LONGEST_ANSWER: u64 = 1 << 20;

/// `http://ADDRESS[:PORT][/PATH]`. There is no name service in the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Where to.
    pub at: SocketAddr,
    /// What of it, query included; begins with `/`.
    pub path: String,
}

impl Url {
    /// The root of a server.
    pub fn root(at: SocketAddr) -> Self {
        Self { at, path: "/".to_owned() }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.at, self.path)
    }
}

/// The text is no URL that the lab's client understands. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is not like http://192.168.50.240/ or http://[fd00:50::240]:8080/path (addresses only, no names)"
)]
pub struct UrlError(String);

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || UrlError(text.to_owned());
        let rest = match text.split_once("://") {
            Some(("http", rest)) => rest,
            Some(_) => return Err(refuse()),
            None => text,
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let at = host
            .parse::<SocketAddr>()
            .or_else(|_| host.trim_matches(['[', ']']).parse().map(|ip| SocketAddr::new(ip, 80)))
            .map_err(|_| refuse())?;
        if path.contains(char::is_whitespace) {
            return Err(refuse());
        }
        Ok(Self { at, path: if path.is_empty() { "/".to_owned() } else { path.to_owned() } })
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Body.
    pub body: String,
    /// From the first packet to the last.
    pub took: Duration,
}

/// Asks once, from `host`.
///
/// # Errors
/// No connection or no HTTP within five seconds.
pub async fn get(host: &Host, url: &Url) -> io::Result<Answer> {
    let started = clock::now();
    let text = timeout(PATIENCE, exchange(host, url)).await??;
    let (status, body) = parse(&text).ok_or_else(|| io::Error::other("the answer is not HTTP"))?;
    Ok(Answer { status, body: body.to_owned(), took: started.elapsed() })
}

async fn exchange(host: &Host, url: &Url) -> io::Result<String> {
    let socket = host.namespace().enter(|| match url.at {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    })??;
    let mut stream = socket.connect(url.at).await?;
    let request = format!("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", url.path, url.at);
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn parse(answer: &str) -> Option<(u16, &str)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some((status, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_with_addresses_are_understood() {
        for (text, at, path) in [
            ("http://192.168.50.240", "192.168.50.240:80", "/"),
            ("http://192.168.50.240:8080/a?b", "192.168.50.240:8080", "/a?b"),
            ("192.168.50.240/x", "192.168.50.240:80", "/x"),
            ("http://[fd00:50::1]/", "[fd00:50::1]:80", "/"),
            ("http://[fd00:50::1]:81", "[fd00:50::1]:81", "/"),
        ] {
            let url: Url = text.parse().unwrap();
            assert_eq!((url.at.to_string().as_str(), url.path.as_str()), (at, path), "{text}");
        }
    }

    #[test]
    fn other_urls_are_refused() {
        for text in
            ["", "https://192.168.50.240/", "http://web.example/", "http://1.2.3.4/a b", "ftp://1.2.3.4"]
        {
            assert_eq!(text.parse::<Url>(), Err(UrlError(text.to_owned())));
        }
    }

    #[test]
    fn status_and_body_are_read() {
        assert_eq!(parse("HTTP/1.1 404 Not Found\r\nX: y\r\n\r\nno\n"), Some((404, "no\n")));
        assert_eq!(parse("SSH-2.0\r\n\r\n"), None);
    }
}
