//! Rights that are missing: one line for each kind of request that the API server forbids, one when it is allowed again. The
//! line says verb and resource, and the API server's own reason. Credentials that it does not accept are told likewise.
//!
//! It listens to every request of the process, so that no part has to think of it; each part tries again in its own time.

mod request;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::{Request, Response, StatusCode};
use futures::FutureExt;
use futures::future::BoxFuture;
use kube::core::Status;
use tower_layer::Layer;
use tower_service::Service;

use request::Asked;

/// A refusal is a short Status; what is longer is no reason that a person would read.
const LONGEST_REFUSAL: usize = 64 * 1024;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What is forbidden by now. The lock is held for one look into a set: answers to requests arrive in any order, and nobody
/// else owns them.
#[derive(Clone, Debug, Default)]
pub struct Rights(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    missing: BTreeSet<Asked>,
    credentials: Credentials,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Credentials {
    #[default]
    Accepted,
    Refused,
}

/// A line that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    Missing,
    Granted,
    Refused,
    Accepted,
}

impl Rights {
    fn note(&self, asked: &Asked, status: StatusCode) -> Option<News> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).note(asked, status)
    }
}

impl State {
    /// Takes what the API server answered. Whoever is refused by name is known.
    fn note(&mut self, asked: &Asked, status: StatusCode) -> Option<News> {
        let known = status.is_success() || status == StatusCode::FORBIDDEN;
        let credentials = match status {
            StatusCode::UNAUTHORIZED => Credentials::Refused,
            _ if known => Credentials::Accepted,
            _ => self.credentials,
        };
        let before = std::mem::replace(&mut self.credentials, credentials);
        match (before, credentials) {
            (Credentials::Accepted, Credentials::Refused) => Some(News::Refused),
            _ if status == StatusCode::FORBIDDEN => {
                self.missing.insert(asked.clone()).then_some(News::Missing)
            }
            _ if status.is_success() && self.missing.remove(asked) => Some(News::Granted),
            (Credentials::Refused, Credentials::Accepted) => Some(News::Accepted),
            (Credentials::Accepted | Credentials::Refused, _) => None,
        }
    }
}

impl<S> Layer<S> for Rights {
    type Service = Listening<S>;

    fn layer(&self, inner: S) -> Listening<S> {
        Listening { inner, rights: self.clone() }
    }
}

/// A client's service that tells of rights.
#[derive(Debug)]
pub struct Listening<S> {
    inner: S,
    rights: Rights,
}

impl<S, Q, B> Service<Request<Q>> for Listening<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let (asked, rights) = (Asked::of(request.method(), request.uri()), self.rights.clone());
        let answer = self.inner.call(request);
        async move { tell(&rights, asked, answer.await.map_err(Into::into)?.map(Body::new)).await }.boxed()
    }
}

/// Says what is new, and passes every answer on as it came.
async fn tell(rights: &Rights, asked: Asked, answer: Response<Body>) -> Result<Response<Body>, BoxError> {
    let Some(news) = rights.note(&asked, answer.status()) else { return Ok(answer) };
    let Asked { verb, resource } = asked;
    match news {
        News::Granted => tracing::info!(verb, resource, "a right is there now"),
        News::Accepted => tracing::info!("the API server accepts the credentials again"),
        News::Missing => {
            let (reason, answer) = read(answer).await?;
            tracing::error!(verb, resource, reason, "a right is missing");
            return Ok(answer);
        }
        News::Refused => {
            let (reason, answer) = read(answer).await?;
            tracing::error!(reason, "the API server does not accept the credentials");
            return Ok(answer);
        }
    }
    Ok(answer)
}

/// The reason of a refusal, and the refusal.
async fn read(answer: Response<Body>) -> Result<(String, Response<Body>), BoxError> {
    let (head, body) = answer.into_parts();
    let body = to_bytes(body, LONGEST_REFUSAL).await?;
    let status = serde_json::from_slice::<Status>(&body).unwrap_or_default();
    Ok((status.message.replace('\n', " "), Response::from_parts(head, Body::from(body))))
}

#[cfg(test)]
mod tests {
    use axum::http::{Method, Uri};

    use super::*;

    #[test]
    fn a_missing_right_is_told_once_and_again_when_it_is_there() {
        let rights = Rights::default();
        let asked = |name: &str| {
            let path = format!("/api/v1/namespaces/web/services/{name}/status");
            Asked::of(&Method::PATCH, &path.parse::<Uri>().unwrap())
        };
        let answers = [
            ("a", StatusCode::OK, None),
            ("a", StatusCode::FORBIDDEN, Some(News::Missing)),
            ("b", StatusCode::FORBIDDEN, None),
            ("b", StatusCode::NOT_FOUND, None),
            ("a", StatusCode::OK, Some(News::Granted)),
            ("b", StatusCode::FORBIDDEN, Some(News::Missing)),
        ];
        for (name, status, news) in answers {
            assert_eq!(rights.note(&asked(name), status), news, "{name} {status}");
        }
    }

    #[test]
    fn credentials_that_are_not_accepted_are_told_once_whatever_was_asked() {
        let rights = Rights::default();
        let asked = |path: &'static str| Asked::of(&Method::GET, &Uri::from_static(path));
        let (nodes, services) = (asked("/api/v1/nodes"), asked("/api/v1/services"));
        assert_eq!(rights.note(&nodes, StatusCode::UNAUTHORIZED), Some(News::Refused));
        assert_eq!(rights.note(&services, StatusCode::UNAUTHORIZED), None);
        assert_eq!(rights.note(&services, StatusCode::SERVICE_UNAVAILABLE), None);
        assert_eq!(rights.note(&services, StatusCode::OK), Some(News::Accepted));
        assert_eq!(rights.note(&nodes, StatusCode::OK), None);
    }

    #[tokio::test]
    async fn the_caller_gets_the_refusal_as_it_came() {
        let body = r#"{"kind":"Status","status":"Failure","message":"no","reason":"Forbidden","code":403}"#;
        let answer = Response::builder().status(403).body(Body::from(body)).unwrap();
        let asked = Asked::of(&Method::GET, &Uri::from_static("/api/v1/nodes"));
        let passed = tell(&Rights::default(), asked, answer).await.unwrap();
        assert_eq!(passed.status(), 403);
        assert_eq!(to_bytes(passed.into_body(), 1000).await.unwrap(), body);
    }
}
