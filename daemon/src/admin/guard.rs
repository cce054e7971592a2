//! Lets scrapers in: one task owns what is known of tokens and asks the API server about the rest, a few at a time, so that a
//! flood of strangers does not become a flood of reviews.

use kube::Client;
use patina::time::Instant;
use ring::digest::{SHA256, digest};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::memory::{Digest, Memory, Verdict};
use super::review::{ReviewError, review};
use crate::clock;

/// Questions that wait for the task, which never waits itself.
const QUESTIONS: usize = 64;
/// Reviews under way at a time.
const REVIEWS: usize = 4;

/// Why somebody does not get the metrics.
#[derive(Debug, Error)]
pub(super) enum Denial {
    /// No token was shown.
    #[error("a bearer token is needed, of a user who may get the nonResourceURL /metrics")]
    NoToken,
    /// The API server does not know the token.
    #[error("the bearer token is nobody's")]
    Unknown,
    /// Its user has no right to the metrics.
    #[error("{user} may not get the nonResourceURL /metrics")]
    Forbidden {
        /// Name of the user.
        user: String,
    },
    /// Nobody knows.
    #[error(transparent)]
    Unreviewed(#[from] ReviewError),
    /// Too many tokens are under review.
    #[error("too many tokens are under review; try again")]
    Busy,
}

/// The way to the task.
#[derive(Clone, Debug)]
pub(super) struct Guard(mpsc::Sender<Question>);

struct Question {
    token: String,
    answer: oneshot::Sender<Result<Verdict, Denial>>,
}

/// Starts the task as one of `tasks`.
pub(super) fn start(client: Client, tasks: &mut JoinSet<()>) -> Guard {
    let (ask, questions) = mpsc::channel(QUESTIONS);
    tasks.spawn(decide(client, questions));
    Guard(ask)
}

impl Guard {
    /// Whether the user of this token may read the metrics.
    ///
    /// # Errors
    /// See [`Denial`].
    pub(super) async fn admit(&self, token: Option<String>) -> Result<(), Denial> {
        let token = token.ok_or(Denial::NoToken)?;
        let (answer, verdict) = oneshot::channel();
        self.0.try_send(Question { token, answer }).map_err(|_| Denial::Busy)?;
        match verdict.await.map_err(|_| Denial::Busy)?? {
            Verdict::Granted => Ok(()),
            Verdict::Refused { user } => Err(Denial::Forbidden { user }),
            Verdict::Unknown => Err(Denial::Unknown),
        }
    }
}

/// A review that has ended.
struct Reviewed {
    token: Digest,
    asked: Instant,
    verdict: Result<Verdict, ReviewError>,
    answer: oneshot::Sender<Result<Verdict, Denial>>,
}

async fn decide(client: Client, mut questions: mpsc::Receiver<Question>) {
    let mut memory = Memory::default();
    let mut reviews: JoinSet<Reviewed> = JoinSet::new();
    loop {
        tokio::select! {
            Some(Ok(reviewed)) = reviews.join_next() => tell(reviewed, &mut memory),
            question = questions.recv() => {
                let Some(Question { token, answer }) = question else { return };
                if let Some(verdict) = memory.recall(&fingerprint(&token), clock::now()) {
                    let _ = answer.send(Ok(verdict.clone()));
                } else if reviews.len() >= REVIEWS {
                    let _ = answer.send(Err(Denial::Busy));
                } else {
                    reviews.spawn(ask(client.clone(), token, answer));
                }
            }
        }
    }
}

async fn ask(client: Client, token: String, answer: oneshot::Sender<Result<Verdict, Denial>>) -> Reviewed {
    let asked = clock::now();
    let verdict = review(&client, &token).await;
    Reviewed { token: fingerprint(&token), asked, verdict, answer }
}

/// Only a verdict is remembered; somebody who has hung up is told nothing.
fn tell(reviewed: Reviewed, memory: &mut Memory) {
    let Reviewed { token, asked, verdict, answer } = reviewed;
    match verdict {
        Ok(verdict) => {
            memory.remember(token, verdict.clone(), asked, clock::now());
            let _ = answer.send(Ok(verdict));
        }
        Err(error) => {
            tracing::debug!(%error, "a scraper was not reviewed");
            let _ = answer.send(Err(error.into()));
        }
    }
}

fn fingerprint(token: &str) -> Digest {
    let mut fingerprint = Digest::default();
    fingerprint.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    fingerprint
}
