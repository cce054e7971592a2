//! How `patina lab status`, `fault`, `curl` and `down` talk to a lab that `up` started: one request and one
//! response a connection, each a line of JSON, over a socket in the lab's folder, which only its user can open.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use crate::cluster::{Cluster, View};
use crate::http;
use crate::settings;
use crate::signals::Signals;
use crate::state::StateDir;

/// Name of the socket in the lab's folder.
pub const SOCKET: &str = "control";

/// Healing a node boots it and waits until it is Ready.
const PATIENCE: Duration = Duration::from_secs(120);

/// What can be asked of a running lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// What is there?
    Status,
    /// Do something to a node.
    Fault {
        /// Which.
        node: String,
        /// A word that [`crate::fault::Order`] understands.
        order: String,
    },
    /// Ask an URL from the client.
    Curl {
        /// Which.
        url: String,
    },
    /// End.
    Down,
}

/// What a lab answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Response {
    /// What is there.
    Status(View),
    /// It was done.
    Done,
    /// An HTTP answer.
    Answer {
        /// Status code.
        status: u16,
        /// Body.
        body: String,
        /// How long it took, in milliseconds.
        took_ms: f64,
    },
    /// It was not done, and why.
    Refused(String),
}

/// Asks the lab whose folder this is.
///
/// # Errors
/// No lab, or it ended before it answered.
pub fn ask(folder: &Path, request: &Request) -> anyhow::Result<Response> {
    let mut stream = UnixStream::connect(folder.join(SOCKET)).map_err(|_| NoEar::of(folder))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    writeln!(stream, "{}", serde_json::to_string(request)?)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).context("the lab does not answer")?;
    serde_json::from_str(&line).context("the lab ended before it answered")
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoEar {
    /// There is no lab.
    #[error("no lab is running; start one with `{} up`", settings::called())]
    NoLab,
    /// There is one that does not listen, or not yet.
    #[error(
        "the lab that is running takes no orders: it is starting, or tells its story and then ends by itself"
    )]
    Deaf,
}

impl NoEar {
    fn of(folder: &Path) -> Self {
        if StateDir::is_taken(folder) { Self::Deaf } else { Self::NoLab }
    }
}

/// Serves requests until one of them, or a signal, ends the lab.
///
/// # Errors
/// The socket cannot be made.
pub async fn serve(cluster: &mut Cluster, folder: &Path, signals: &mut Signals) -> anyhow::Result<()> {
    let listener = UnixListener::bind(folder.join(SOCKET)).context("the lab's socket")?;
    loop {
        let stream = tokio::select! {
            taken = listener.accept() => taken?.0,
            _ = signals.next() => return Ok(()),
        };
        match converse(stream, cluster).await {
            Ok(After::GoOn) => {}
            Ok(After::End) => return Ok(()),
            Err(error) => tracing::warn!(%error, "a request was broken off"),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    GoOn,
    End,
}

async fn converse(stream: tokio::net::UnixStream, cluster: &mut Cluster) -> io::Result<After> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    tokio::io::BufReader::new(read).read_line(&mut line).await?;
    let request: Result<Request, _> = serde_json::from_str(&line);
    let after = if matches!(request, Ok(Request::Down)) { After::End } else { After::GoOn };
    let response = match request {
        Ok(request) => {
            answer(request, cluster).await.unwrap_or_else(|error| Response::Refused(format!("{error:#}")))
        }
        Err(error) => Response::Refused(error.to_string()),
    };
    let mut text = serde_json::to_string(&response)?;
    text.push('\n');
    write.write_all(text.as_bytes()).await?;
    Ok(after)
}

async fn answer(request: Request, cluster: &mut Cluster) -> anyhow::Result<Response> {
    match request {
        Request::Status => Ok(Response::Status(cluster.view().await?)),
        Request::Fault { node, order } => {
            cluster.order(&node, order.parse()?).await?;
            Ok(Response::Done)
        }
        Request::Curl { url } => {
            let answer = http::get(cluster.client(), &url.parse()?).await?;
            let took_ms = answer.took.as_secs_f64() * 1000.0;
            Ok(Response::Answer { status: answer.status, body: answer.body, took_ms })
        }
        Request::Down => Ok(Response::Done),
    }
}
