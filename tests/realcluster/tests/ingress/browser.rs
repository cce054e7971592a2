//! Somebody outside who asks by name: over HTTP, and over HTTPS of the one certificate that they trust.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use patina_lab::host::Host;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A request that nobody answers is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// How to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

/// What to ask for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) scheme: Scheme,
    pub(super) name: &'static str,
    pub(super) path: &'static str,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Knows by itself which address every name has.
pub(super) struct Browser {
    address: IpAddr,
    tls: TlsConnector,
}

impl Scheme {
    const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Browser {
    /// All names lead to `address`; HTTPS must be that of the certificate `trusted` (PEM).
    pub(super) fn new(address: IpAddr, trusted: &[u8]) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(trusted)?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { address, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Asks once, from `host`.
    pub(super) async fn get(&self, host: &Host, page: Page) -> anyhow::Result<Answer> {
        let text = timeout(PATIENCE, self.exchange(host, page)).await.context("no answer")??;
        let (head, body) = text.split_once("\r\n\r\n").context("no HTTP")?;
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        Ok(Answer { status, body: body.to_owned() })
    }

    async fn exchange(&self, host: &Host, page: Page) -> anyhow::Result<String> {
        let socket = host.namespace().enter(TcpSocket::new_v4)??;
        let stream = socket.connect((self.address, page.scheme.port()).into()).await?;
        match page.scheme {
            Scheme::Http => converse(stream, page).await,
            Scheme::Https => converse(self.secured(stream, page.name).await?, page).await,
        }
    }

    async fn secured(
        &self,
        stream: TcpStream,
        name: &'static str,
    ) -> anyhow::Result<impl AsyncRead + AsyncWrite + Unpin + use<>> {
        Ok(self.tls.connect(ServerName::try_from(name)?, stream).await?)
    }
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, page: Page) -> anyhow::Result<String> {
    let request = format!("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", page.path, page.name);
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

impl Answer {
    /// A word of an echo's line: what it says after `name=`.
    pub(super) fn word(&self, name: &str) -> anyhow::Result<&str> {
        let mut words = self.body.split_whitespace().filter_map(|word| word.split_once('='));
        let found = words.find(|(key, _)| *key == name).map(|(_, value)| value);
        found.with_context(|| format!("{name} in the answer {}: {}", self.status, self.body))
    }
}
