//! The example's server, on a port of its own, in moods that it does not have by itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use patina_ipam_example::Server;
use patina_ipam_example::api::ipam_service_server::{IpamService, IpamServiceServer};
use patina_ipam_example::api::{
    AllocateRequest, AllocateResponse, ListRequest, ListResponse, ReleaseRequest, ReleaseResponse,
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// How it answers.
#[derive(Clone, Debug)]
pub(super) enum Mood {
    /// As it should.
    Sound,
    /// It does not answer at all, and does nothing.
    Silent,
    /// It does what it is asked, and answers allocations once the mood changes.
    Mute,
    /// It lends this, whatever it is asked.
    Lying(String),
}

/// What it was asked and did.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Addresses that were lent, each time that one was said.
    pub(super) lent: Vec<String>,
    /// Addresses that were released.
    pub(super) released: Vec<String>,
    /// Calls that have begun.
    pub(super) calls: usize,
}

/// A running endpoint. Dropping it is its end.
pub(super) struct Endpoint {
    address: SocketAddr,
    mood: watch::Sender<Mood>,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

struct Moody {
    server: Server,
    mood: watch::Receiver<Mood>,
    seen: Arc<Mutex<Seen>>,
}

impl Endpoint {
    /// Lends these networks.
    pub(super) async fn lending(networks: &[&str], mood: Mood) -> Self {
        Self::at((Ipv4Addr::LOCALHOST, 0).into(), networks, mood).await
    }

    /// The same at an address where nobody listens now.
    pub(super) async fn at(address: SocketAddr, networks: &[&str], mood: Mood) -> Self {
        let server = Server::new(networks.iter().map(|n| n.parse().unwrap()).collect(), None).unwrap();
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mood, moods) = watch::channel(mood);
        let seen = Arc::<Mutex<Seen>>::default();
        let moody = IpamServiceServer::new(Moody { server, mood: moods, seen: seen.clone() });
        let serving = tonic::transport::Server::builder().add_service(moody);
        let serving = serving.serve_with_incoming(TcpIncoming::from(listener));
        let task = tokio::spawn(async move { serving.await.unwrap() });
        Self { address, mood, seen, task }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn change(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Moody {
    /// Waits for a mood in which it answers.
    async fn begin(&self) -> Result<Mood, Status> {
        self.seen.lock().unwrap().calls += 1;
        let mut mood = self.mood.clone();
        let awake = mood.wait_for(|mood| !matches!(mood, Mood::Silent)).await;
        awake.map(|mood| mood.clone()).map_err(|_| Status::unavailable("the test is over"))
    }

    async fn find_words(&self) -> Result<(), Status> {
        let mut mood = self.mood.clone();
        let speaks = mood.wait_for(|mood| !matches!(mood, Mood::Mute)).await;
        speaks.map(|_| ()).map_err(|_| Status::unavailable("the test is over"))
    }
}

#[tonic::async_trait]
impl IpamService for Moody {
    async fn allocate(
        &self,
        request: Request<AllocateRequest>,
    ) -> Result<Response<AllocateResponse>, Status> {
        if let Mood::Lying(address) = self.begin().await? {
            return Ok(Response::new(AllocateResponse { address }));
        }
        let answer = self.server.allocate(request).await?;
        self.seen.lock().unwrap().lent.push(answer.get_ref().address.clone());
        self.find_words().await?;
        Ok(answer)
    }

    async fn release(&self, request: Request<ReleaseRequest>) -> Result<Response<ReleaseResponse>, Status> {
        self.begin().await?;
        let address = request.get_ref().address.clone();
        let answer = self.server.release(request).await?;
        self.seen.lock().unwrap().released.push(address);
        Ok(answer)
    }

    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        self.begin().await?;
        self.server.list(request).await
    }
}
