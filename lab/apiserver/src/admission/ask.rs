//! The question on its way: one connection, one request, one answer.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::Review;
use crate::status::Status;

/// Longest answer that is read.
const LONGEST: usize = 3 << 20;

/// Asks one webhook; what it says, or its failure policy where it says nothing.
///
/// # Errors
/// The refusal.
pub(crate) async fn ask(review: &Review) -> Result<Vec<String>, Status> {
    let path = review.path();
    let said = tokio::time::timeout(review.timeout, answer(review, &path)).await;
    let said = said.unwrap_or_else(|_| Err("context deadline exceeded".to_owned()));
    match said.and_then(|answer| review.verdict(&answer)) {
        Ok(verdict) => verdict,
        Err(why) => {
            let query = path.split_once('?').map_or("", |(_, query)| query);
            review.unanswered(&format!("Post \"{}?{query}\": {why}", review.url))
        }
    }
}

async fn answer(review: &Review, path: &str) -> Result<Value, String> {
    let place = review.place.clone()?;
    let refused = |error: &dyn std::fmt::Display| error.to_string();
    let stream = TcpStream::connect(&place).await.map_err(|error| format!("dial tcp {place}: {error}"))?;
    let server = ServerName::try_from(review.server.clone()).map_err(|error| refused(&error))?;
    let stream = trusting(&review.authorities)?.connect(server, stream).await.map_err(|e| refused(&e))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| refused(&e))?;
    let mut work = JoinSet::new();
    work.spawn(connection);
    let request = Request::post(path)
        .header(HOST, &review.server)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::<Bytes>::from(review.body.to_string()))
        .map_err(|error| refused(&error))?;
    let answer = sender.send_request(request).await.map_err(|error| refused(&error))?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), LONGEST).collect().await.map_err(|e| refused(&e))?.to_bytes();
    if status != StatusCode::OK {
        return Err(format!("{status}: {}", String::from_utf8_lossy(&body)));
    }
    serde_json::from_slice(&body).map_err(|error| refused(&error))
}

/// Nobody is trusted without an authority.
fn trusting(authorities: &[u8]) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(authorities).flatten());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
