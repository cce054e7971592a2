//! The one task that owns the cluster.
//!
//! Connections send what they want to know and wait for the answer; requests are thereby in one order, and
//! there is no lock. The queue is bounded: when it is full, connections wait, and with them their clients.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};

use crate::admission::{self, Review};
use crate::audit::Audit;
use crate::call::Call;
use crate::clock;
use crate::cluster::Cluster;
use crate::reply::Reply;
use crate::resource::Registry;
use crate::status::{Reason, Status};

/// Requests that may wait for the owner.
const QUEUE: usize = 256;

/// How often watchers that asked for bookmarks are told how far they are.
const BOOKMARKS: Duration = Duration::from_secs(30);

/// What the owner is asked.
enum Ask {
    Call(Box<Call>, oneshot::Sender<Begun>),
    Admitted(Box<Call>, oneshot::Sender<Result<Reply, Status>>),
    Registry(oneshot::Sender<Arc<Registry>>),
    Audit(oneshot::Sender<Audit>),
    Compact(oneshot::Sender<()>),
}

/// What becomes of a call at first.
enum Begun {
    /// It is answered.
    Done(Box<Result<Reply, Status>>),
    /// These webhooks are to be asked before it is carried out.
    Reviewed(Box<Call>, Vec<Review>),
}

/// A way to the owner. Cheap to copy.
#[derive(Clone, Debug)]
pub(crate) struct Desk(mpsc::Sender<Ask>);

impl Desk {
    /// A desk, and the owner's work, which ends when the last desk is gone.
    pub(crate) fn new(cluster: Cluster) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, asks) = mpsc::channel(QUEUE);
        (Self(sender), own(cluster, asks))
    }

    pub(crate) async fn call(&self, call: Call) -> Result<Reply, Status> {
        let (call, reviews) = match self.ask(|answer| Ask::Call(Box::new(call), answer)).await? {
            Begun::Done(outcome) => return *outcome,
            Begun::Reviewed(call, reviews) => (call, reviews),
        };
        let mut warnings = Vec::new();
        for review in &reviews {
            warnings.extend(admission::ask(review).await?);
        }
        let reply = self.ask(|answer| Ask::Admitted(call, answer)).await??;
        Ok(reply.with_warnings(warnings))
    }

    pub(crate) async fn registry(&self) -> Result<Arc<Registry>, Status> {
        self.ask(Ask::Registry).await
    }

    pub(crate) async fn audit(&self) -> Result<Audit, Status> {
        self.ask(Ask::Audit).await
    }

    pub(crate) async fn compact(&self) -> Result<(), Status> {
        self.ask(Ask::Compact).await
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, Status> {
        let gone = || Status::new(Reason::ServiceUnavailable, "the server is stopping");
        let (sender, answer) = oneshot::channel();
        self.0.send(ask(sender)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }
}

async fn own(mut cluster: Cluster, mut asks: mpsc::Receiver<Ask>) {
    let mut bookmarks = interval(BOOKMARKS);
    bookmarks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            ask = asks.recv() => match ask {
                Some(ask) => answer(&mut cluster, ask),
                None => return,
            },
            _ = bookmarks.tick() => cluster.handle_timeout(clock::now()),
        }
    }
}

/// Answers one question. Whoever no longer waits for the answer is left alone.
fn answer(cluster: &mut Cluster, ask: Ask) {
    match ask {
        Ask::Call(call, answer) => drop(answer.send(begin(cluster, call))),
        Ask::Admitted(call, answer) => drop(answer.send(cluster.handle_call(*call, clock::now()))),
        Ask::Registry(answer) => drop(answer.send(cluster.registry.clone())),
        Ask::Audit(answer) => drop(answer.send(cluster.audit().clone())),
        Ask::Compact(answer) => {
            cluster.store.compact();
            answer.send(()).unwrap_or_default();
        }
    }
}

fn begin(cluster: &mut Cluster, call: Box<Call>) -> Begun {
    let now = clock::now();
    let reviews = cluster.reviews(&call, now);
    if reviews.is_empty() {
        return Begun::Done(Box::new(cluster.handle_call(*call, now)));
    }
    Begun::Reviewed(call, reviews)
}
