//! What the driver tells the packet thread: always whole sets, the latest wins.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::addr::HardwareAddr;
use crate::name::{LinkIndex, LinkName, NodeName};

/// What never changes while the process runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// This node.
    pub node: NodeName,
    /// Wall-clock seconds at start: the first incarnation, so that a restarted speaker counts higher.
    pub started_at: u64,
    /// Secret bytes that all speakers of the cluster share; `None` only with `--insecure-heartbeats`.
    pub key: Option<Vec<u8>>,
    /// Seed of the jitter (refresh, rotation), different on each node.
    pub seed: u64,
}

/// A word from the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// All links to work on.
    Links(Vec<LinkFacts>),
    /// All that this node offers, by its own view of the world.
    Offers(Vec<Offer>),
    /// The Nodes that the API server names.
    Nodes(BTreeMap<NodeName, NodeFacts>),
    /// Hand everything over and fall silent; [`super::Report::Left`] follows.
    Leave,
}

/// What the kernel says of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkFacts {
    /// `ifindex`.
    pub index: LinkIndex,
    /// Name at this moment.
    pub name: LinkName,
    /// Address that announcements carry.
    pub hardware: HardwareAddr,
    /// `IFF_UP` and `IFF_LOWER_UP`.
    pub carrier: bool,
    /// An IPv4 address of the link, source of beats; 0.0.0.0 is sent when it has none.
    pub source_v4: Option<Ipv4Addr>,
    /// The link-local IPv6 address, source of advertisements.
    pub source_v6: Option<Ipv6Addr>,
}

/// This node may answer for an address on a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offer {
    /// The external address.
    pub address: IpAddr,
    /// Where.
    pub link: LinkIndex,
    /// Sum of the preferences that match this node (0 without preferences).
    pub weight: u32,
    /// In no Service's status when first seen: to be probed before its first use (RFC 5227, RFC 4862).
    pub fresh: bool,
}

/// What the API server says of a Node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// Condition `Ready` is `True`.
    pub ready: bool,
}
