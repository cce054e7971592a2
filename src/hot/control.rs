//! What the driver tells the packet thread: always whole sets, the latest wins.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::addr::HardwareAddr;
use crate::announce::desired::Offer;
use crate::membership::member::ClusterId;
use crate::membership::timing::Profile;
use crate::name::{LinkIndex, LinkName, NodeName};
use crate::ownership::FailBack;

/// What never changes while the process runs. [`Settings::new`] has the defaults.
#[derive(Clone, Debug)]
pub struct Settings {
    /// This node.
    pub node: NodeName,
    /// Wall-clock seconds at start: the first incarnation, so that a restarted speaker counts higher.
    pub started_at: u64,
    /// Secret bytes that all speakers of the cluster share; `None` only with `--insecure-heartbeats`.
    pub key: Option<Vec<u8>>,
    /// Seed of the jitter of the refresh, different on each node.
    pub seed: u64,
    /// Which cluster this node is of; two clusters on one segment differ in it.
    pub cluster: ClusterId,
    /// How fast to beat and how long to bear silence.
    pub profile: Profile,
    /// When addresses move back to their first choice.
    pub fail_back: FailBack,
}

impl Settings {
    /// Settings with the defaults: cluster 0, the default profile, fail-back `balance`.
    pub fn new(node: NodeName, started_at: u64, key: Option<Vec<u8>>, seed: u64) -> Self {
        Self {
            node,
            started_at,
            key,
            seed,
            cluster: ClusterId::default(),
            profile: Profile::default(),
            fail_back: FailBack::default(),
        }
    }
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
    /// Hand the address over as a planned move, to the node named or to the best candidate.
    Move {
        /// The address.
        address: IpAddr,
        /// To whom.
        to: Option<NodeName>,
    },
    /// New secrets of the cluster: what is sent is sealed with the first, what is received may bear either.
    Keys {
        /// The secret from now on.
        current: Vec<u8>,
        /// The one that it replaces, or the one that will replace it.
        other: Option<Vec<u8>>,
    },
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

/// What the API server says of a Node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// Condition `Ready` is `True`.
    pub ready: bool,
}
