//! One endpoint, asked by gRPC.

use std::net::IpAddr;
use std::time::Duration;

use patina::config::IpamEndpoint;
use patina::lending::{Ask, CallError, Claim, Mark, Reply, read_address, read_list, words};
use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::wire;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(2);
/// How often a silent connection is asked whether it lives (RFC 9113, section 6.7), and how long for an answer.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(5);
/// Bytes of an answer that are taken.
const LARGEST: usize = 4 << 20;
/// Loans on a page of a list.
const PAGE: u32 = 1000;
/// Loans of a list altogether; an endpoint that goes on does not end.
const MOST: usize = 1_000_000;

/// Asks one endpoint. Clones share the connection, which is made when it is needed.
#[derive(Clone)]
pub(super) struct Client(Grpc<Channel>);

impl Client {
    pub(super) fn new(endpoint: &IpamEndpoint) -> Result<Self, CallError> {
        let uri = format!("http://{}", endpoint.authority());
        let endpoint = Endpoint::from_shared(uri).map_err(|e| CallError::Failed(words(&e.to_string())))?;
        let channel = endpoint
            .connect_timeout(CONNECT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE_ANSWER)
            .connect_lazy();
        Ok(Self(Grpc::new(channel).max_decoding_message_size(LARGEST)))
    }

    /// Asks, and reads what is answered.
    pub(super) async fn ask(mut self, ask: &Ask) -> Result<Reply, CallError> {
        match ask {
            Ask::List(mark) => self.list(mark).await,
            Ask::Allocate(claim) => self.allocate(claim).await,
            Ask::Release(claim, address) => self.release(claim, *address).await,
        }
    }

    async fn allocate(&mut self, claim: &Claim) -> Result<Reply, CallError> {
        let request = wire::AllocateRequest { claim: Some(claim.into()) };
        let answer: wire::AllocateResponse = self.call(wire::ALLOCATE, request).await.map_err(error)?;
        read_address(&answer.address).map(Reply::Lent)
    }

    /// What there is no loan of is released.
    async fn release(&mut self, claim: &Claim, address: Option<IpAddr>) -> Result<Reply, CallError> {
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        let request = wire::ReleaseRequest { claim: Some(claim.into()), address };
        match self.call::<_, wire::ReleaseResponse>(wire::RELEASE, request).await {
            Ok(_) => Ok(Reply::Released),
            Err(status) if status.code() == Code::NotFound => Ok(Reply::Released),
            Err(status) => Err(error(status)),
        }
    }

    async fn list(&mut self, mark: &Mark) -> Result<Reply, CallError> {
        let (mut loans, mut told, mut page_token) = (Vec::new(), 0, String::new());
        loop {
            let request = wire::ListRequest {
                cluster: mark.cluster.to_string(),
                pool_namespace: mark.namespace.to_string(),
                page_size: PAGE,
                page_token,
            };
            let page: wire::ListResponse = self.call(wire::LIST, request).await.map_err(error)?;
            // A page without a loan counts too: an endpoint that sends nothing but tokens ends as well.
            told += page.loans.len().max(1);
            if told > MOST {
                return Err(CallError::Garbled(words("listed more than a million loans")));
            }
            let entries = page.loans.iter().map(|loan| (loan.id.as_str(), loan.address.as_str()));
            loans.extend(read_list(entries, mark));
            if page.next_page_token.is_empty() {
                return Ok(Reply::Listed(loans));
            }
            page_token = page.next_page_token;
        }
    }

    async fn call<Q, A>(&mut self, method: &'static str, request: Q) -> Result<A, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        self.0.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let codec = ProstCodec::<Q, A>::default();
        let answer = self.0.unary(Request::new(request), PathAndQuery::from_static(method), codec).await?;
        Ok(answer.into_inner())
    }
}

/// A code by which an endpoint refuses, or one by which it or the way to it has failed.
fn error(status: Status) -> CallError {
    match status.code() {
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::OutOfRange => CallError::Refused(words(status.message())),
        Code::Unavailable => CallError::Failed("it cannot be reached".into()),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss => CallError::Failed(words(&format!("{:?}: {}", status.code(), status.message()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_no_is_told_from_who_cannot_be_reached() {
        assert_eq!(error(Status::resource_exhausted("full")), CallError::Refused("full".into()));
        assert!(matches!(error(Status::unavailable("x")), CallError::Failed(_)));
        assert!(matches!(error(Status::unimplemented("x")), CallError::Failed(_)));
    }
}
