//! The book, by gRPC.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use tokio::sync::{Mutex, MutexGuard};
use tonic::{Request, Response, Status};

use crate::api::ipam_service_server::{IpamService, IpamServiceServer};
use crate::api::{
    AllocateRequest, AllocateResponse, Claim, IpFamily, ListRequest, ListResponse, Loan, ReleaseRequest,
    ReleaseResponse,
};
use crate::book::{Book, Borrower, Refused, Wanted};

/// Loans on a page at most, whatever is asked.
const LARGEST_PAGE: u32 = 1000;

/// Answers calls. One call at a time looks into the book; what it changes is in the file before it is answered.
pub struct Server {
    book: Mutex<Book>,
    file: Option<PathBuf>,
}

impl Server {
    /// Lends these networks. With a file it knows what is written there, and writes down what it lends.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn new(networks: Vec<ipnet::IpNet>, file: Option<PathBuf>) -> io::Result<Self> {
        let loans = match file.as_ref().map(std::fs::read) {
            Some(Ok(bytes)) => serde_json::from_slice(&bytes)?,
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Some(Err(_)) | None => BTreeMap::new(),
        };
        Ok(Self { book: Mutex::new(Book::new(networks, loans)), file })
    }

    /// As a service of a gRPC server.
    pub fn service(self) -> IpamServiceServer<Self> {
        IpamServiceServer::new(self)
    }

    /// Writes a new file beside the old one and puts it in its place, so that one of them is always whole.
    fn write(&self, book: &MutexGuard<'_, Book>) -> Result<(), Status> {
        let Some(file) = &self.file else { return Ok(()) };
        let draft = file.with_extension("new");
        let written = serde_json::to_vec_pretty(book.loans())
            .map_err(io::Error::from)
            .and_then(|text| std::fs::write(&draft, text))
            .and_then(|()| std::fs::rename(&draft, file));
        written.map_err(|error| Status::unavailable(format!("the book cannot be written: {error}")))
    }
}

#[tonic::async_trait]
impl IpamService for Server {
    async fn allocate(
        &self,
        request: Request<AllocateRequest>,
    ) -> Result<Response<AllocateResponse>, Status> {
        let claim = claimed(request.into_inner().claim)?;
        let (borrower, wanted) = (borrower(&claim), wanted(&claim)?);
        let mut book = self.book.lock().await;
        let address = book.allocate(&claim.id, borrower, wanted).map_err(refused)?;
        self.write(&book)?;
        Ok(Response::new(AllocateResponse { address: address.to_string() }))
    }

    async fn release(&self, request: Request<ReleaseRequest>) -> Result<Response<ReleaseResponse>, Status> {
        let claim = claimed(request.into_inner().claim)?;
        let mut book = self.book.lock().await;
        book.release(&claim.id).ok_or_else(|| Status::not_found("nothing is lent for this claim"))?;
        self.write(&book)?;
        Ok(Response::new(ReleaseResponse {}))
    }

    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        let ListRequest { cluster, pool_namespace, page_size, page_token } = request.into_inner();
        let size = page_size.clamp(1, LARGEST_PAGE) as usize;
        let book = self.book.lock().await;
        let page = book.page(&Borrower { cluster, namespace: pool_namespace }, &page_token, size);
        let last = page.last().filter(|_| page.len() == size).map(|(id, _)| (*id).to_owned());
        let loan =
            |(id, address): &(&str, IpAddr)| Loan { id: (*id).to_owned(), address: address.to_string() };
        let loans = page.iter().map(loan).collect();
        Ok(Response::new(ListResponse { loans, next_page_token: last.unwrap_or_default() }))
    }
}

fn claimed(claim: Option<Claim>) -> Result<Claim, Status> {
    let claim = claim.filter(|claim| !claim.id.is_empty());
    claim.ok_or_else(|| Status::invalid_argument("a claim needs an id"))
}

fn borrower(claim: &Claim) -> Borrower {
    Borrower { cluster: claim.cluster.clone(), namespace: claim.pool_namespace.clone() }
}

fn wanted(claim: &Claim) -> Result<Wanted, Status> {
    if !claim.address.is_empty() {
        let named =
            claim.address.parse().map_err(|_| Status::invalid_argument("the address is no address"))?;
        return Ok(Wanted::Named(named));
    }
    match claim.family() {
        IpFamily::Ipv4 => Ok(Wanted::AnyV4),
        IpFamily::Ipv6 => Ok(Wanted::AnyV6),
        IpFamily::Unspecified => Err(Status::invalid_argument("a claim needs a family")),
    }
}

fn refused(refused: Refused) -> Status {
    let message = refused.to_string();
    match refused {
        Refused::Exhausted => Status::resource_exhausted(message),
        Refused::Lent(_) => Status::already_exists(message),
        Refused::Foreign(_) => Status::out_of_range(message),
    }
}
