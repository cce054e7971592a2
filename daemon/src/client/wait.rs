//! How long the API server asks to be left alone: `Retry-After` (RFC 9110 section 10.2.3) of an answer 429 or 503, which
//! the client's own errors do not tell.

use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::header::RETRY_AFTER;
use axum::http::{Request, Response, StatusCode};
use futures::FutureExt;
use futures::future::BoxFuture;
use kube::client::Body;
use thiserror::Error;
use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An answer that asks to wait. Nothing was read or written.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the API server answers {status} and asks to wait {wait:?}")]
struct Asked {
    status: StatusCode,
    wait: Duration,
}

/// How long the API server asks to wait before anything else is asked, if it does.
pub fn asked_to_wait(error: &kube::Error) -> Option<Duration> {
    let kube::Error::Service(error) = error else { return None };
    error.downcast_ref::<Asked>().map(|asked| asked.wait)
}

/// Turns such an answer into an error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heed;

/// A service whose answers are looked at.
#[derive(Clone, Debug)]
pub(super) struct Heeding<S>(S);

impl<S> Layer<S> for Heed {
    type Service = Heeding<S>;

    fn layer(&self, inner: S) -> Heeding<S> {
        Heeding(inner)
    }
}

impl<S, B> Service<Request<Body>> for Heeding<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<B>, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = self.0.call(request);
        let heed = |answer: Response<B>| asked(&answer).map_or(Ok(answer), |asked| Err(asked.into()));
        async move { answer.await.and_then(heed) }.boxed()
    }
}

/// Seconds are read; a date is not, which the API server never sends.
fn asked<B>(answer: &Response<B>) -> Option<Asked> {
    let status = answer.status();
    if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Asked { status, wait: Duration::from_secs(seconds) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(status: StatusCode, header: &str) -> Option<u64> {
        let answer = Response::builder().status(status).header(RETRY_AFTER, header).body(()).unwrap();
        asked(&answer).map(|asked| asked.wait.as_secs())
    }

    #[test]
    fn only_an_answer_that_refuses_for_now_asks_to_wait() {
        assert_eq!(wait(StatusCode::TOO_MANY_REQUESTS, "2"), Some(2));
        assert_eq!(wait(StatusCode::SERVICE_UNAVAILABLE, " 30 "), Some(30));
        assert_eq!(wait(StatusCode::TOO_MANY_REQUESTS, "Mon, 23 Nov 2026 08:00:00 GMT"), None);
        assert_eq!(wait(StatusCode::OK, "2"), None);
    }

    #[test]
    fn the_wait_is_found_in_the_error_of_the_client() {
        let asked = Asked { status: StatusCode::TOO_MANY_REQUESTS, wait: Duration::from_secs(3) };
        assert_eq!(asked_to_wait(&kube::Error::Service(asked.into())), Some(Duration::from_secs(3)));
        assert_eq!(asked_to_wait(&kube::Error::Service("broken".into())), None);
    }
}
