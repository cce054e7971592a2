//! HTTP around the cluster: from a request to a call, from a reply to bytes.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Body as HttpBody;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT, WARNING};
use hyper::{Method, Request, Response};
use serde_json::Value;

use crate::accept::{Accept, Encoding};
use crate::call::{Body, Call, Query, Target, Verb};
use crate::owner::Desk;
use crate::status::{Reason, Status};
use crate::{discovery, openapi};

mod body;
mod feed;
mod render;
mod repeats;
mod shape;

/// Bodies larger than this are refused, as the real server refuses them.
const LARGEST_BODY: usize = 3 << 20;

/// Body of an answer: one piece, or a feed without end.
pub(crate) type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// What every connection shares.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    pub(crate) desk: Desk,
    pub(crate) token: Arc<str>,
}

impl Front {
    /// Answers one request; refusals are answers too.
    pub(crate) async fn serve<B>(&self, request: Request<B>) -> Answer
    where
        B: HttpBody<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let accept = Accept::parse(header(&request, ACCEPT.as_str()));
        let outcome = self.outcome(request, accept.as_ref().ok().copied()).await;
        outcome.unwrap_or_else(|refusal| {
            refused(&refusal, accept.map_or(Encoding::Json, |accept| accept.encoding))
        })
    }

    async fn outcome<B>(&self, request: Request<B>, accept: Option<Accept>) -> Result<Answer, Status>
    where
        B: HttpBody<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let path = request.uri().path().to_owned();
        if let Some(answer) = public(&path) {
            return Ok(answer);
        }
        self.authenticate(header(&request, AUTHORIZATION.as_str()))?;
        if path == "/openapi/v2" {
            return Ok(older_openapi(header(&request, ACCEPT.as_str())));
        }
        if let Some(document) = self.document(&path).await? {
            return Ok(json_answer(200, &document));
        }
        let target = Target::parse(&path).ok_or_else(Status::no_such_path)?;
        let accept = match accept {
            Some(accept) => accept,
            None => Accept::parse(header(&request, ACCEPT.as_str()))?,
        };
        let call = call(request, target).await?;
        let include = call.query.text("includeObject").to_owned();
        let reply = self.desk.call(call).await?;
        Ok(render::reply(reply, accept, &include))
    }

    /// Accepts the one token there is.
    fn authenticate(&self, authorization: &str) -> Result<(), Status> {
        let token = authorization.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        match token {
            Some((_, token)) if token.trim() == &*self.token => Ok(()),
            Some(_) | None => Err(Status::new(Reason::Unauthorized, "Unauthorized")),
        }
    }

    /// Discovery and OpenAPI, or nothing when the path names neither.
    async fn document(&self, path: &str) -> Result<Option<Value>, Status> {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let registry = match segments.as_slice() {
            [""] | ["api" | "apis", ..] | ["openapi", "v3", ..] => self.desk.registry().await?,
            _ => return Ok(None),
        };
        let found = match segments.as_slice() {
            [""] => Some(discovery::paths(&registry)),
            ["api"] => Some(discovery::core()),
            ["apis"] => Some(discovery::groups(&registry)),
            ["apis", group] => discovery::group(&registry, group),
            ["api", version] => discovery::resources(&registry, "", version),
            ["apis", group, version] => discovery::resources(&registry, group, version),
            ["openapi", "v3"] => Some(openapi::index(&registry)),
            ["openapi", "v3", "api", version] => openapi::document(&registry, "", version),
            ["openapi", "v3", "apis", group, version] => openapi::document(&registry, group, version),
            _ => return Ok(None),
        };
        found.map(Some).ok_or_else(Status::no_such_path)
    }
}

/// What anybody may ask.
fn public(path: &str) -> Option<Answer> {
    match path {
        "/version" | "/version/" => Some(json_answer(200, &discovery::version())),
        "/healthz" | "/livez" | "/readyz" | "/healthz/ping" | "/livez/ping" | "/readyz/ping" => {
            Some(answer(200, "text/plain; charset=utf-8", Bytes::from_static(b"ok")))
        }
        _ => None,
    }
}

/// The older OpenAPI document says nothing, in the form asked for: kubectl then leaves the validation of lists to
/// the server. As a protocol buffer, nothing is no bytes.
fn older_openapi(accept: &str) -> Answer {
    // Asked for with an @, which no answer may carry: it is no letter of a media type (RFC 9110 section 8.3.1).
    if accept.contains("application/com.github.proto-openapi.spec.v2") {
        return answer(200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", Bytes::new());
    }
    json_answer(200, &openapi::older())
}

async fn call<B>(request: Request<B>, target: Target) -> Result<Call, Status>
where
    B: HttpBody<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let verb = verb(request.method(), &target, &query)?;
    let agent = header(&request, USER_AGENT.as_str()).to_owned();
    let media = header(&request, CONTENT_TYPE.as_str()).to_owned();
    let bytes = Limited::new(request.into_body(), LARGEST_BODY).collect().await;
    let bytes = bytes.map_err(|error| too_large(&*error))?.to_bytes();
    let body = if verb.writes() { body::read(verb, &media, &bytes)? } else { Body::Nothing };
    let repeated = if matches!(verb, Verb::Create | Verb::Update | Verb::Patch) {
        repeats::find(&bytes)
    } else {
        Vec::new()
    };
    Ok(Call { verb, target, query, body, repeated, agent })
}

fn too_large(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Status {
    if error.is::<http_body_util::LengthLimitError>() {
        return Status::new(Reason::RequestEntityTooLarge, format!("limit is {LARGEST_BODY}"));
    }
    Status::bad_request("the request ended before its body")
}

fn verb(method: &Method, target: &Target, query: &Query) -> Result<Verb, Status> {
    let one = target.name.is_some();
    match *method {
        Method::GET if query.flag("watch") => Ok(Verb::Watch),
        Method::GET if one => Ok(Verb::Get),
        Method::GET => Ok(Verb::List),
        Method::POST => Ok(Verb::Create),
        Method::PUT if one => Ok(Verb::Update),
        Method::PATCH if one => Ok(Verb::Patch),
        Method::DELETE if one => Ok(Verb::Delete),
        Method::DELETE => Ok(Verb::DeleteCollection),
        _ => Err(Status::method_not_allowed()),
    }
}

fn header<'a, B>(request: &'a Request<B>, name: &str) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn refused(refusal: &Status, encoding: Encoding) -> Answer {
    let mut answer = encoded(refusal.reason.code(), &refusal.to_value(), encoding);
    if let Some(seconds) = refusal.details.get("retryAfterSeconds").and_then(Value::as_u64) {
        answer.headers_mut().insert("Retry-After", HeaderValue::from(seconds));
    }
    answer
}

fn json_answer(code: u16, value: &impl serde::Serialize) -> Answer {
    encoded(code, value, Encoding::Json)
}

fn encoded(code: u16, value: &impl serde::Serialize, encoding: Encoding) -> Answer {
    let written = match encoding {
        Encoding::Json => serde_json::to_vec(value).map_err(|error| error.to_string()),
        Encoding::Yaml => {
            serde_yaml::to_string(value).map(String::into_bytes).map_err(|error| error.to_string())
        }
    };
    let media = match encoding {
        Encoding::Json => "application/json",
        Encoding::Yaml => "application/yaml",
    };
    match written {
        Ok(bytes) => answer(code, media, bytes.into()),
        Err(error) => answer(500, "text/plain", error.into()),
    }
}

fn answer(code: u16, media: &'static str, bytes: Bytes) -> Answer {
    let mut response = Response::new(Full::new(bytes).boxed_unsync());
    *response.status_mut() = hyper::StatusCode::from_u16(code).unwrap_or_default();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert("Cache-Control", HeaderValue::from_static("no-cache, private"));
    response
}

/// Adds what the client should be told beside (RFC 9111 section 5.5, code 299).
fn warn(answer: &mut Answer, warnings: &[String]) {
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            answer.headers_mut().append(WARNING, value);
        }
    }
}

/// The reply of a watch has no end of its own.
fn feed(feed: crate::reply::Feed, accept: Accept, include: &str) -> Answer {
    let stream = feed::stream(feed, accept.shape, include.to_owned());
    let mut response = Response::new(http_body_util::StreamBody::new(stream).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert("Cache-Control", HeaderValue::from_static("no-cache, private"));
    response
}
