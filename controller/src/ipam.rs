//! Calls of IPAM endpoints, each with a deadline, each in a task of its own: an endpoint that hangs holds up nobody else.
//!
//! Decides nothing and tries nothing twice: which call goes out when is decided by [`patina::lending`].

mod client;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use patina::config::IpamEndpoint;
use patina::lending::{Ask, Call, CallError, Reply};
use patina::time::Instant;
use patina_daemon::clock;
use tokio::task::{JoinError, JoinSet};

use client::Client;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long all pages of a list are waited for.
const PATIENCE_FOR_A_LIST: Duration = Duration::from_secs(30);
/// Connections that are kept. Endpoints that no pool names any more are forgotten with the rest when there are more.
const CONNECTIONS: usize = 256;

/// Calls under way, and connections.
#[derive(Default)]
pub(crate) struct Calls {
    under_way: JoinSet<Answered>,
    clients: BTreeMap<IpamEndpoint, Client>,
}

/// The end of a call.
pub(crate) struct Answered {
    pub(crate) call: Call,
    pub(crate) answer: Result<Reply, CallError>,
}

impl Calls {
    /// Begins a call, which ends by `until` at the latest.
    pub(crate) fn begin(&mut self, call: Call, until: Instant) {
        let patience = match call.ask {
            Ask::List(_) => PATIENCE_FOR_A_LIST,
            Ask::Allocate(_) | Ask::Release(..) => PATIENCE,
        };
        let deadline = (clock::now() + patience).min(until);
        let client = self.client(&call.endpoint);
        self.under_way.spawn(async move {
            let answer = match client {
                Ok(client) => in_time(client.ask(&call.ask), deadline).await,
                Err(error) => Err(error),
            };
            Answered { call, answer }
        });
    }

    /// The next call that has ended; `None` if none is under way. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<Answered> {
        self.under_way.join_next().await.map(ended)
    }

    /// The next call that has ended already.
    pub(crate) fn try_next(&mut self) -> Option<Answered> {
        self.under_way.try_join_next().map(ended)
    }

    fn client(&mut self, endpoint: &IpamEndpoint) -> Result<Client, CallError> {
        if let Some(client) = self.clients.get(endpoint) {
            return Ok(client.clone());
        }
        if self.clients.len() >= CONNECTIONS {
            self.clients.clear();
        }
        let client = Client::new(endpoint)?;
        self.clients.insert(endpoint.clone(), client.clone());
        Ok(client)
    }
}

async fn in_time(
    answer: impl Future<Output = Result<Reply, CallError>>,
    deadline: Instant,
) -> Result<Reply, CallError> {
    tokio::select! {
        answer = answer => answer,
        () = clock::sleep_until(Some(deadline)) => Err(CallError::Failed("no answer in time".into())),
    }
}

fn ended(ended: Result<Answered, JoinError>) -> Answered {
    ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
