//! /healthz and /readyz, as the kubelet asks them.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::sync::watch;

use super::Readiness;

/// Whoever has a say.
type Parts = Vec<watch::Receiver<Readiness>>;

pub(super) fn router(readiness: Parts) -> Router {
    Router::new().route("/healthz", get(async || "ok")).route("/readyz", get(ready)).with_state(readiness)
}

async fn ready(State(readiness): State<Parts>) -> (StatusCode, &'static str) {
    let unready = readiness.iter().map(|part| *part.borrow()).find(|part| *part != Readiness::Ready);
    match unready.unwrap_or(Readiness::Ready) {
        Readiness::Ready => (StatusCode::OK, "ok"),
        Readiness::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Readiness::Leaving => (StatusCode::SERVICE_UNAVAILABLE, "leaving"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn readiness_follows_what_the_daemon_says() {
        let (say, heard) = watch::channel(Readiness::Starting);
        assert_eq!(ready(State(vec![heard.clone()])).await.0, StatusCode::SERVICE_UNAVAILABLE);
        say.send_replace(Readiness::Ready);
        assert_eq!(ready(State(vec![heard])).await, (StatusCode::OK, "ok"));
    }

    #[tokio::test]
    async fn row_89_one_part_that_is_not_ready_is_enough_not_to_be() {
        let (_daemon, works) = watch::channel(Readiness::Ready);
        let (webhook, heard) = watch::channel(Readiness::Starting);
        let both = vec![works, heard];
        assert_eq!(ready(State(both.clone())).await, (StatusCode::SERVICE_UNAVAILABLE, "starting"));
        webhook.send_replace(Readiness::Ready);
        assert_eq!(ready(State(both)).await.0, StatusCode::OK);
    }
}
