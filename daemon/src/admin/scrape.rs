//! GET /metrics, for those whom the guard lets in.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::guard::{Denial, Guard};
use super::review::PATH;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone)]
struct Scrape {
    registry: Arc<Registry>,
    guard: Guard,
}

pub(super) fn router(registry: Registry, guard: Guard) -> Router {
    Router::new().route(PATH, get(metrics)).with_state(Scrape { registry: Arc::new(registry), guard })
}

async fn metrics(State(scrape): State<Scrape>, headers: HeaderMap) -> Response {
    if let Err(denial) = scrape.guard.admit(bearer(&headers)).await {
        return denial.into_response();
    }
    let mut text = String::new();
    match encode(&mut text, &scrape.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

impl IntoResponse for Denial {
    fn into_response(self) -> Response {
        let line = format!("{self}\n");
        match self {
            Self::NoToken | Self::Unknown => {
                (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], line).into_response()
            }
            Self::Forbidden { .. } => (StatusCode::FORBIDDEN, line).into_response(),
            Self::Unreviewed(_) | Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, line).into_response(),
        }
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 §2.1); the scheme's name is in any case (RFC 9110 §11.1).
fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer_of(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        bearer(&headers)
    }

    #[test]
    fn only_a_bearer_token_is_a_token() {
        assert_eq!(bearer_of("Bearer abc"), Some("abc".to_owned()));
        assert_eq!(bearer_of("bearer  abc "), Some("abc".to_owned()));
        for other in ["Basic abc", "Bearer", "Bearer ", "abc", ""] {
            assert_eq!(bearer_of(other), None, "{other:?}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
