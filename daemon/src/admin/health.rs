//! /healthz and /readyz, as the kubelet asks them.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::sync::watch;

use super::Readiness;

pub(super) fn router(readiness: watch::Receiver<Readiness>) -> Router {
    Router::new().route("/healthz", get(async || "ok")).route("/readyz", get(ready)).with_state(readiness)
}

async fn ready(State(readiness): State<watch::Receiver<Readiness>>) -> (StatusCode, &'static str) {
    match *readiness.borrow() {
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
        assert_eq!(ready(State(heard.clone())).await.0, StatusCode::SERVICE_UNAVAILABLE);
        say.send_replace(Readiness::Ready);
        assert_eq!(ready(State(heard)).await, (StatusCode::OK, "ok"));
    }
}
