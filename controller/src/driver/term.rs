//! What lasts as long as a term of leadership: the watches on Services and on PoolStates.
//!
//! A term begins with a list that the API server answers from what it has stored, so that everything is seen that the
//! leader before has written: a watch that ran on from before could lag behind. Who follows keeps neither.

use kube::Client;
use patina::world::Kind;
use patina_daemon::watch::{self, Event, Watches};
use tokio::sync::mpsc;

use crate::lease::Term;

/// Changes of Services that wait for the driver. When full, the watch waits, and then the API server's own buffers fill.
const EVENTS: usize = 1024;

/// What is watched during a term: what the leader before has written.
pub(super) const KINDS_OF_A_TERM: [Kind; 2] = [Kind::Service, Kind::PoolState];

/// How the Services are listed and watched.
pub(crate) struct Census {
    pub(crate) client: Client,
    pub(crate) namespace: String,
}

/// The term that runs, if one does.
#[derive(Default)]
pub(super) struct Terms(Option<Running>);

struct Running {
    term: Term,
    services: mpsc::Receiver<Event>,
    _watch: Watches,
}

impl Terms {
    /// Ends the term that runs and begins `term`, if they differ. Whether they do.
    pub(super) fn keep(&mut self, term: Option<Term>, census: &Census) -> bool {
        let differs = self.0.as_ref().map(|running| running.term) != term;
        if differs {
            self.0 = term.map(|term| Running::begin(term, census));
        }
        differs
    }

    /// Takes what the watch says; waits for ever while no term runs. Cancel safe.
    pub(super) async fn recv_many(&mut self, events: &mut Vec<Event>, most: usize) -> usize {
        match &mut self.0 {
            Some(running) => running.services.recv_many(events, most).await,
            None => std::future::pending().await,
        }
    }
}

impl Running {
    fn begin(term: Term, census: &Census) -> Self {
        let (send, services) = mpsc::channel(EVENTS);
        let watch = watch::start(&census.client, &census.namespace, &KINDS_OF_A_TERM, &send);
        Self { term, services, _watch: watch }
    }
}
