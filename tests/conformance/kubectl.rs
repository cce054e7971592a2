//! The real kubectl: what a person types, and what they read.
//!
//! Needs the program `kubectl` (1.31 or newer; <https://kubernetes.io/docs/tasks/tools/>) on the path.

mod applying;
mod changing;
mod command;
mod describing;
mod examples;
mod present;
mod reading;
mod waiting;

use crate::case::conforms;
use crate::fixture::Target;
use command::Kubectl;

/// A fact of every server that kubectl shows.
async fn by_kubectl(case: impl AsyncFnOnce(&Kubectl<'_>)) {
    if present::check() {
        conforms(async |fixture| case(&Kubectl::new(fixture).await).await).await;
    }
}

/// The same for what has names of its own, which might be other people's on a server that is shared: the lab's only.
async fn by_kubectl_alone(case: impl AsyncFnOnce(&Kubectl<'_>)) {
    if Target::named() == Target::Lab {
        by_kubectl(case).await;
    }
}

/// The cells of each line of a table.
fn cells(table: &str) -> Vec<Vec<&str>> {
    table.lines().map(|line| line.split_whitespace().collect()).collect()
}
