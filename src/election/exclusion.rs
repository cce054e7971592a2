//! Why this node may not answer for an address: a closed list.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why not. `Display` is the one word that stands in status, event, metric and log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Exclusion {
    /// No pool holds the address.
    AddressOfNoPool,
    /// No endpoint of the Service is ready, or still serves, anywhere.
    NoServingEndpoint,
    /// No L2Advertisement is about the pool and the Service.
    NoAdvertisement,
    /// The Service shares its address, and an advertisement tells Services apart.
    SharedAddressWithServiceSelectors,
    /// The API server names no Node of this name.
    NodeUnknown,
    /// The node is labelled to be left out.
    NodeExcluded,
    /// The node's condition `NetworkUnavailable` is `True`.
    NetworkUnavailable,
    /// Advertisements are about the pool, and none of them about this node.
    NodeNotSelected,
    /// `externalTrafficPolicy: Local`, and no endpoint serves on this node.
    NoLocalEndpoint,
    /// No link of a name that the advertisements list.
    LinkMissing,
    /// No link has a prefix that holds the address.
    OffSubnet,
    /// The links that qualify have no carrier.
    NoCarrier,
}

impl Exclusion {
    /// Every one, for tables and metric labels.
    pub const ALL: [Self; 12] = [
        Self::AddressOfNoPool,
        Self::NoServingEndpoint,
        Self::NoAdvertisement,
        Self::SharedAddressWithServiceSelectors,
        Self::NodeUnknown,
        Self::NodeExcluded,
        Self::NetworkUnavailable,
        Self::NodeNotSelected,
        Self::NoLocalEndpoint,
        Self::LinkMissing,
        Self::OffSubnet,
        Self::NoCarrier,
    ];

    /// What is the matter, and what to do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::AddressOfNoPool => {
                "no IPAddressPool holds the address; add it to one, or let the Service have another"
            }
            Self::NoServingEndpoint => {
                "no endpoint of the Service is ready; look at its Pods and its selector"
            }
            Self::NoAdvertisement => {
                "no L2Advertisement is about the pool and the Service; create one, an empty spec is about all"
            }
            Self::SharedAddressWithServiceSelectors => {
                "a shared address cannot be announced by an L2Advertisement with serviceSelectors; drop one of both"
            }
            Self::NodeUnknown => "the API server names no Node of this name; look at --node-name",
            Self::NodeExcluded => {
                "the Node is labelled node.kubernetes.io/exclude-from-external-load-balancers; remove the label, or \
                 start the speaker with --ignore-exclude-lb"
            }
            Self::NetworkUnavailable => {
                "the Node's condition NetworkUnavailable is True; look at its network add-on"
            }
            Self::NodeNotSelected => "nodeSelectors of the L2Advertisements leave this Node out",
            Self::NoLocalEndpoint => {
                "externalTrafficPolicy is Local and no endpoint of the Service is ready on this Node"
            }
            Self::LinkMissing => "the Node has no link of a name in the L2Advertisements' interfaces",
            Self::OffSubnet => {
                "no link of the Node has a prefix that holds the address; name links in the L2Advertisement's \
                 interfaces to announce it all the same"
            }
            Self::NoCarrier => {
                "the Node's links for the address have no carrier; look at the cable and the switch"
            }
        }
    }
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
