//! The server as the lab holds it: made once, listening wherever a socket was opened for it.

use std::net::{IpAddr, TcpListener};

use ipnet::IpNet;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use tokio::sync::watch;

use crate::audit::Audit;
use crate::clock;
use crate::cluster::Cluster;
use crate::http::Front;
use crate::owner::Desk;
use crate::server::listen::Gate;
use crate::settings::Settings;
use crate::status::Status;
use crate::tls::{Identity, TlsError};

mod listen;
mod local;

pub use local::LocalService;

/// Changes remembered per resource: about what the real server's watch cache holds.
const HISTORY: usize = 2_000;
/// Changes that may wait for one watcher.
const BACKLOG: usize = 8_192;

/// How a server is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names under which clients reach the server; `localhost` and the names inside a cluster are always among them.
    pub names: Vec<String>,
    /// Addresses under which clients reach the server; the loopback addresses are always among them.
    pub addresses: Vec<IpAddr>,
    /// Changes remembered per resource for watches and continued lists.
    pub history: usize,
    /// Changes that may wait for one watcher; one that falls further behind is cut off.
    pub backlog: usize,
    /// Addresses of ClusterIP Services, one range per family; the first is the default family.
    pub service_ranges: Vec<IpNet>,
    /// First and last port of NodePort Services.
    pub node_ports: (u16, u16),
}

impl Default for Options {
    fn default() -> Self {
        let range = |a, b| IpNet::new(a, b).unwrap_or_default();
        Self {
            names: Vec::new(),
            addresses: Vec::new(),
            history: HISTORY,
            backlog: BACKLOG,
            service_ranges: vec![
                range(IpAddr::from([10, 96, 0, 0]), 16),
                range(IpAddr::from([0xfd00, 0x10, 0x96, 0, 0, 0, 0, 0]), 112),
            ],
            node_ports: (30_000, 32_767),
        }
    }
}

/// Why no server could be made. Nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The certificates could not be made.
    #[error("cannot make the API server's identity")]
    Tls(#[from] TlsError),
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}

/// Why a socket cannot be served. The others are served as before.
#[derive(Debug, thiserror::Error)]
#[error("cannot serve the API on this socket")]
pub struct ListenError(#[from] std::io::Error);

/// An API server. It ends, with every connection, when it is dropped: the gate tells the listeners, and the
/// owner's task ends with the last way to it.
pub struct ApiServer {
    front: Front,
    authority: String,
    acceptor: tokio_rustls::TlsAcceptor,
    gate: watch::Sender<Gate>,
}

impl ApiServer {
    /// Makes a server with the objects that every cluster has. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`]; nothing was started.
    pub fn new(options: Options) -> Result<Self, StartError> {
        let random = SystemRandom::new();
        let identity = identity(&options)?;
        let settings = Settings {
            history: options.history,
            backlog: options.backlog,
            seed: u64::from_be_bytes(bytes::<8>(&random)?),
            service_ranges: options.service_ranges.clone(),
            node_ports: options.node_ports,
            authority: identity.authority.clone(),
        };
        let token: String = bytes::<16>(&random)?.iter().map(|byte| format!("{byte:02x}")).collect();
        let (desk, work) = Desk::new(Cluster::new(&settings, clock::now()));
        tokio::spawn(work);
        Ok(Self {
            front: Front { desk, token: token.into() },
            authority: identity.authority,
            acceptor: identity.acceptor,
            gate: watch::Sender::new(Gate::Open),
        })
    }

    /// Serves on a socket that is already listening, in whatever namespace it was made. Any number of sockets
    /// may be served.
    ///
    /// # Errors
    /// [`ListenError`] when the socket cannot be used by the runtime.
    pub fn serve(&self, listener: TcpListener) -> Result<(), ListenError> {
        listener.set_nonblocking(true)?;
        let task = listen::run(listener, self.acceptor.clone(), self.front.clone(), self.gate.subscribe());
        tokio::spawn(task);
        Ok(())
    }

    /// A kubeconfig for the one administrator, complete in itself. JSON, which is YAML too.
    #[must_use]
    pub fn kubeconfig(&self, url: &str) -> String {
        let authority = crate::base64::encode(self.authority.as_bytes());
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "patina-lab",
            "clusters": [{
                "name": "patina-lab", "cluster": {"server": url, "certificate-authority-data": authority},
            }],
            "users": [{"name": "kubernetes-admin", "user": {"token": &*self.front.token}}],
            "contexts": [{
                "name": "patina-lab",
                "context": {"cluster": "patina-lab", "user": "kubernetes-admin", "namespace": "default"},
            }],
        });
        format!("{config:#}\n")
    }

    /// Cuts every connection and refuses new ones, as if the server had stopped. Objects are kept.
    pub fn pause(&self) {
        self.gate.send_replace(Gate::Closed);
    }

    /// Takes connections again.
    pub fn resume(&self) {
        self.gate.send_replace(Gate::Open);
    }

    /// Who asked for what so far.
    ///
    /// # Errors
    /// 503 while the server ends.
    pub async fn audit(&self) -> Result<Audit, Status> {
        self.front.desk.audit().await
    }

    /// Forgets all history: watches that start from an older revision are told to list again (410).
    ///
    /// # Errors
    /// 503 while the server ends.
    pub async fn compact(&self) -> Result<(), Status> {
        self.front.desk.compact().await
    }

    /// The server without a socket: a service for `kube::Client::new`.
    #[must_use]
    pub fn local_service(&self) -> LocalService {
        LocalService::new(self.front.clone())
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.gate.send_replace(Gate::Gone);
    }
}

fn bytes<const N: usize>(random: &SystemRandom) -> Result<[u8; N], StartError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes).map_err(|_| StartError::Random)?;
    Ok(bytes)
}

fn identity(options: &Options) -> Result<Identity, TlsError> {
    let always = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
    let names: Vec<String> =
        always.iter().map(|name| (*name).to_owned()).chain(options.names.clone()).collect();
    let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
    let addresses: Vec<IpAddr> = loopback.into_iter().chain(options.addresses.iter().copied()).collect();
    Identity::new(&names, &addresses)
}
