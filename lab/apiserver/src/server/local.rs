//! The server without a socket, for clients in the same process.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::Body as HttpBody;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{Request, Response};

use crate::http::{Answer, Front};

/// Answers requests of the same process; the token is added by itself.
#[derive(Clone, Debug)]
pub struct LocalService {
    front: Front,
}

impl LocalService {
    pub(super) fn new(front: Front) -> Self {
        Self { front }
    }
}

impl<B> tower_service::Service<Request<B>> for LocalService
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let front = self.front.clone();
        if let Ok(token) = HeaderValue::from_str(&format!("Bearer {}", front.token)) {
            request.headers_mut().insert(AUTHORIZATION, token);
        }
        Box::pin(async move { Ok(front.serve(request).await) })
    }
}
