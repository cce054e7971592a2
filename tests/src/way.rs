//! A way to the API server that can be broken.
//!
//! ```text
//!  controller ─ HTTP ─► Way: open, held, refusing, hanging up ─► client ─► API server
//! ```
//!
//! What is held arrives late, as from a machine that was cut off or stood still: whether the client still waits or not.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::StreamExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HOST, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

type Answer = Response<UnsyncBoxBody<Bytes, HungUp>>;

/// What the way does with requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// They pass.
    Open,
    /// So many addresses may still be written; then nothing passes in either direction until the way is open again.
    OpenFor(usize),
    /// Writes of addresses wait until the way is open; everything else passes.
    WritesHeld,
    /// Every request but those about Leases is answered so, with `Retry-After` if it has one.
    Refusing(u16, Option<u32>),
    /// Connections end without an answer, but for requests about Leases.
    HangingUp,
}

/// What happened to one write of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Name of the Service.
    pub service: String,
    /// `None`: no answer was given yet, or the connection ended.
    pub answer: Option<u16>,
}

/// The way. Dropping it closes it to new connections.
pub struct Way {
    passage: watch::Sender<Passage>,
    seen: Arc<Mutex<Vec<Seen>>>,
    kubeconfig: PathBuf,
    _listening: tokio::task::JoinSet<()>,
}

impl Way {
    /// An open way to the server of this client. Whoever goes it is taken for the user of the client.
    pub async fn to(client: Client) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let passage = watch::Sender::new(Passage::Open);
        let seen = Arc::default();
        let kubeconfig = std::env::temp_dir().join(format!("patina-way-{port}-{}", std::process::id()));
        std::fs::write(&kubeconfig, signpost(port).to_string()).unwrap();
        let gate = Gate { client, passage: passage.subscribe(), seen: Arc::clone(&seen) };
        let mut listening = tokio::task::JoinSet::new();
        listening.spawn(listen(listener, gate));
        Self { passage, seen, kubeconfig, _listening: listening }
    }

    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    pub fn set(&self, passage: Passage) {
        self.passage.send_replace(passage);
    }

    /// Writes of addresses in the order in which they were asked for.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Writes of addresses that wait for the way to open.
    pub fn held(&self) -> usize {
        self.seen().iter().filter(|seen| seen.answer.is_none()).count()
    }
}

/// A kubeconfig that leads to this port. It names nobody.
fn signpost(port: u16) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "way", "cluster": { "server": format!("http://127.0.0.1:{port}") } }],
        "users": [{ "name": "way", "user": {} }],
        "contexts": [{ "name": "way", "context": { "cluster": "way", "user": "way" } }],
        "current-context": "way",
    })
}

impl Drop for Way {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.kubeconfig);
    }
}

async fn listen(listener: TcpListener, gate: Gate) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let gate = gate.clone();
        let answer = service_fn(move |request| gate.clone().answer(request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

#[derive(Clone)]
struct Gate {
    client: Client,
    passage: watch::Receiver<Passage>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A connection that is to end without an answer.
#[derive(Debug, thiserror::Error)]
#[error("hung up")]
struct HungUp;

impl Gate {
    async fn answer(self, request: Request<Incoming>) -> Result<Answer, HungUp> {
        let (mut head, body) = request.into_parts();
        head.headers.remove(AUTHORIZATION);
        head.headers.remove(HOST);
        let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
        let request = Request::from_parts(head, Body::from(body));
        let written = addressed(&request).map(|service| self.note(service));
        let excepted = request.uri().path().contains("/leases");
        match *self.passage.borrow() {
            Passage::HangingUp if !excepted => return Err(HungUp),
            Passage::Refusing(code, wait) if !excepted => {
                self.answered(written, code);
                return Ok(refusal(code, wait));
            }
            Passage::Open
            | Passage::OpenFor(_)
            | Passage::WritesHeld
            | Passage::Refusing(..)
            | Passage::HangingUp => {}
        }
        // Goes on when the client has gone: a request that was sent arrives.
        tokio::spawn(self.pass(request, written)).await.map_err(|_| HungUp)?
    }

    async fn pass(mut self, request: Request<Body>, written: Option<usize>) -> Result<Answer, HungUp> {
        self.opened(written).await;
        let answer = self.client.send(request).await.map_err(|_| HungUp)?;
        self.answered(written, answer.status().as_u16());
        self.opened(written).await;
        let gate = self.clone();
        Ok(answer.map(|body| {
            let frames = BodyStream::new(body).then(move |frame| {
                let mut gate = gate.clone();
                async move {
                    gate.opened(written).await;
                    frame.map_err(|_| HungUp)
                }
            });
            StreamBody::new(frames).boxed_unsync()
        }))
    }

    /// Waits until the way is open for this request; `written` is the place of a write of an address.
    async fn opened(&mut self, written: Option<usize>) {
        let seen = Arc::clone(&self.seen);
        let open = move |passage: &Passage| match *passage {
            Passage::OpenFor(count) => written.unwrap_or_else(|| seen.lock().unwrap().len()) < count,
            Passage::WritesHeld => written.is_none(),
            Passage::Open | Passage::Refusing(..) | Passage::HangingUp => true,
        };
        // A way that is gone passes everything: nobody is left to look.
        let _ = self.passage.wait_for(open).await;
    }

    fn note(&self, service: String) -> usize {
        let mut seen = self.seen.lock().unwrap();
        seen.push(Seen { service, answer: None });
        seen.len() - 1
    }

    fn answered(&self, written: Option<usize>, code: u16) {
        if let Some(place) = written {
            self.seen.lock().unwrap()[place].answer = Some(code);
        }
    }
}

/// The Service whose addresses this request writes: annotations go the same way, as another kind of patch.
fn addressed(request: &Request<Body>) -> Option<String> {
    let kind = request.headers().get("content-type")?.to_str().ok()?;
    let path = request.uri().path().strip_suffix("/status")?;
    let writes = request.method() == Method::PATCH && kind.contains("apply-patch");
    path.rsplit_once("/services/").filter(|_| writes).map(|(_, name)| name.to_owned())
}

fn refusal(code: u16, wait: Option<u32>) -> Answer {
    let mut answer = Response::new(
        Full::new(Bytes::from_static(b"not now")).map_err(|never| match never {}).boxed_unsync(),
    );
    *answer.status_mut() = StatusCode::from_u16(code).unwrap();
    if let Some(wait) = wait {
        answer.headers_mut().insert(RETRY_AFTER, wait.into());
    }
    answer
}
