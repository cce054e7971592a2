//! Telling one case on the server of the run.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures::FutureExt;
use patina_apiserver::Options;
use tokio::sync::Mutex;

use crate::fixture::{Cluster, Server};

/// On a real server one case at a time: each controller serves every Service there is.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Tells the case on the server of the run, and cleans up after it whatever came of it.
pub(crate) async fn parity(case: impl AsyncFnOnce(&Cluster)) {
    let server = Server::find();
    let _turn = match &server {
        Server::Lab { .. } => None,
        Server::Real { .. } => Some(ALONE.lock().await),
    };
    told(server, case).await;
}

/// Tells the case on a server of the lab that has cluster addresses of IPv4 only, whatever the run's server is: one that
/// has both families gives both to every Service that would like them.
pub(crate) async fn parity_in_a_single_stack_cluster(case: impl AsyncFnOnce(&Cluster)) {
    let mut options = Options::default();
    options.service_ranges.truncate(1);
    told(Server::lab(options), case).await;
}

/// Tells the case on a server of the lab, whatever the run's server is: one that has to reach this process.
pub(crate) async fn parity_on_the_lab(case: impl AsyncFnOnce(&Cluster)) {
    told(Server::lab(Options::default()), case).await;
}

async fn told(server: Server, case: impl AsyncFnOnce(&Cluster)) {
    let cluster = Cluster::new(server).await;
    let outcome = AssertUnwindSafe(case(&cluster)).catch_unwind().await;
    cluster.clean_up().await;
    outcome.unwrap_or_else(|panic| resume_unwind(panic));
}
