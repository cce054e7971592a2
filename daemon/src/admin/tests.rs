//! The metrics endpoint as a scraper sees it, before an API server that says what each test wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::map_request;
use axum::routing::post;
use axum::{Json, Router};
use kube::Client;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::{SCRAPES, guard, scrape};
use crate::https::{Identity, MinVersion, TlsFlags, Transport, serve};

const PROMETHEUS: &str = "system:serviceaccount:monitoring:prometheus";

/// An endpoint and the number of reviews that were asked for.
struct Endpoint {
    port: u16,
    reviews: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Endpoint {
    /// `transport` before `api`.
    async fn start(transport: Transport, api: Router) -> Self {
        let reviews = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&reviews);
        let api = api.layer(map_request(move |request: Request| {
            counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(request)
        }));
        let mut registry = Registry::default();
        registry.register("patina_test", "A number", Gauge::<i64>::default());
        let mut tasks = JoinSet::new();
        let guard = guard::start(Client::new(api, "default"), &mut tasks);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tasks.spawn(serve(listener, transport, scrape::router(registry, guard), SCRAPES));
        Self { port, reviews, _tasks: tasks }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }

    /// Status and body, for a bearer token.
    async fn get(&self, token: Option<&str>) -> (u16, String) {
        get(self.connect().await, token).await
    }

    fn reviews(&self) -> usize {
        self.reviews.load(Ordering::Relaxed)
    }
}

async fn get(mut stream: impl AsyncRead + AsyncWrite + Unpin, token: Option<&str>) -> (u16, String) {
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{token}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Knows two tokens, and lets one of their users read the metrics.
fn api() -> Router {
    Router::new()
        .route("/apis/authentication.k8s.io/v1/tokenreviews", post(token_review))
        .route("/apis/authorization.k8s.io/v1/subjectaccessreviews", post(access_review))
}

async fn token_review(Json(mut review): Json<Value>) -> Json<Value> {
    let user = match review["spec"]["token"].as_str() {
        Some("scraper") => Some(PROMETHEUS),
        Some("somebody") => Some("jane"),
        _ => None,
    };
    review["status"] = match user {
        Some(name) => json!({ "authenticated": true, "user": { "username": name, "groups": ["g"] } }),
        None => json!({ "error": "unknown" }),
    };
    Json(review)
}

async fn access_review(Json(mut review): Json<Value>) -> Json<Value> {
    let spec = &review["spec"];
    let right = json!({ "path": "/metrics", "verb": "get" });
    let allowed = spec["user"] == PROMETHEUS
        && spec["groups"] == json!(["g"])
        && spec["nonResourceAttributes"] == right;
    review["status"] = json!({ "allowed": allowed });
    Json(review)
}

/// Refuses to review, as an API server does that was not told of the right.
fn forbidding() -> Router {
    let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden",
        "code": 403, "message": "tokenreviews.authentication.k8s.io is forbidden" });
    Router::new().fallback(async move || (StatusCode::FORBIDDEN, Json(status)))
}

#[tokio::test]
async fn row_87_only_a_user_who_may_read_the_metrics_reads_them() {
    let endpoint = Endpoint::start(Transport::Plain, api()).await;
    let (status, body) = endpoint.get(None).await;
    assert!(status == 401 && body.contains("bearer token"), "{status} {body}");
    assert_eq!(endpoint.get(Some("invented")).await.0, 401);
    let (status, body) = endpoint.get(Some("somebody")).await;
    assert!(status == 403 && body.contains("jane may not get"), "{status} {body}");
    let (status, body) = endpoint.get(Some("scraper")).await;
    assert!(status == 200 && body.contains("patina_test 0"), "{status} {body}");
}

#[tokio::test]
async fn without_a_verdict_nothing_is_told_and_the_reason_is() {
    let endpoint = Endpoint::start(Transport::Plain, forbidding()).await;
    let (status, body) = endpoint.get(Some("scraper")).await;
    assert_eq!(status, 503);
    assert!(body.contains("tokenreviews.authentication.k8s.io is forbidden"), "{body}");
    assert!(!body.contains("patina_test"), "{body}");
}

#[tokio::test]
async fn a_token_is_reviewed_once_for_many_scrapes() {
    let endpoint = Endpoint::start(Transport::Plain, api()).await;
    for _ in 0..3 {
        assert_eq!(endpoint.get(Some("scraper")).await.0, 200);
        assert_eq!(endpoint.get(Some("invented")).await.0, 401);
    }
    assert_eq!(endpoint.reviews(), 2 + 1, "two questions for the scraper, one for the stranger");
}

#[tokio::test]
async fn the_metrics_speak_tls_with_a_certificate_that_nobody_had_to_make() {
    let flags = TlsFlags {
        metrics_cert_dir: String::new(),
        tls_min_version: MinVersion::Tls13,
        tls_cipher_suites: String::new(),
        tls_curve_preferences: String::new(),
    };
    let endpoint = Endpoint::start(Transport::Tls(Identity::new(&flags).unwrap()), api()).await;
    let provider = Arc::new(ring::default_provider());
    let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = TlsConnector::from(Arc::new(client)).connect(name, endpoint.connect().await);
    let (status, body) = get(connection.await.unwrap(), Some("scraper")).await;
    assert!(status == 200 && body.contains("patina_test 0"), "{status} {body}");
}

/// Believes every certificate, as a scraper with `insecure_skip_verify` does.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
