//! The API server of a cluster, and where it listens.

use std::net::TcpListener;

use anyhow::Context;
use patina_apiserver::{ApiServer, Options};

use crate::netns::Namespace;

/// Inside the lab it has the same address in every namespace.
const INSIDE: &str = "127.0.0.1:6443";
/// On the machine it takes any free port: 6443 may belong to a real cluster.
const OUTSIDE: &str = "127.0.0.1:0";

/// An API server.
pub(super) struct Api(ApiServer);

impl Api {
    pub(super) fn start() -> anyhow::Result<Self> {
        Ok(Self(ApiServer::new(Options::default())?))
    }

    /// Listens inside a namespace.
    pub(super) fn listen_in(&self, namespace: &Namespace) -> anyhow::Result<()> {
        let listener = namespace
            .enter(|| TcpListener::bind(INSIDE))?
            .with_context(|| format!("listen on {INSIDE} in {}", namespace.name()))?;
        Ok(self.0.serve(listener)?)
    }

    /// Listens on the machine, for kubectl, and returns the URL.
    pub(super) fn listen_on_host(&self) -> anyhow::Result<String> {
        let listener = TcpListener::bind(OUTSIDE).with_context(|| format!("listen on {OUTSIDE}"))?;
        let url = format!("https://{}", listener.local_addr()?);
        self.0.serve(listener)?;
        Ok(url)
    }

    /// A kubeconfig for the server at `url`.
    pub(super) fn kubeconfig(&self, url: &str) -> String {
        self.0.kubeconfig(url)
    }

    /// The URL that [`Self::listen_in`] serves.
    pub(super) fn inside_url() -> String {
        format!("https://{INSIDE}")
    }

    /// Stops answering.
    pub(super) fn pause(&self) {
        self.0.pause();
    }

    /// Answers again.
    pub(super) fn resume(&self) {
        self.0.resume();
    }
}
