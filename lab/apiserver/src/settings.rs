//! What a server is made with.

/// What a cluster is made with.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Changes remembered per resource for watches and continued lists.
    pub history: usize,
    /// Changes that may wait for one watcher.
    pub backlog: usize,
    /// Seed of identities and generated names.
    pub seed: u64,
    /// Addresses of ClusterIP Services, one range per family; the first is the default family.
    pub service_ranges: Vec<ipnet::IpNet>,
    /// Ports of NodePort Services, ends included.
    pub node_ports: (u16, u16),
    /// The certificate that clients trust, PEM: every namespace has a copy.
    pub authority: String,
}
