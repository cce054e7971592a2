//! Links of this node, as the kernel tells of them.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::name::{LinkIndex, LinkName};

/// A link that the speaker works on; what it never works on (loopback, no ARP, enslaved, excluded by name) is not here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// `ifindex`.
    pub index: LinkIndex,
    /// Name at this moment.
    pub name: LinkName,
    /// `IFF_UP` and `IFF_LOWER_UP`.
    pub carrier: bool,
    /// Addresses of the link with their prefix lengths.
    pub prefixes: Vec<IpNet>,
}

impl Link {
    /// Whether the address lies in the prefix of one of the link's own addresses.
    ///
    /// A host route (/32, /128) holds no neighbour and does not count.
    pub fn on_subnet(&self, address: IpAddr) -> bool {
        self.prefixes.iter().any(|p| p.prefix_len() < p.max_prefix_len() && p.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_route_is_no_subnet() {
        let prefixes = vec!["10.0.0.1/32".parse().unwrap(), "192.0.2.1/24".parse().unwrap()];
        let link = Link { index: LinkIndex(2), name: "eth0".into(), carrier: true, prefixes };
        assert!(!link.on_subnet("10.0.0.1".parse().unwrap()));
        assert!(link.on_subnet("192.0.2.200".parse().unwrap()));
        assert!(!link.on_subnet("2001:db8::1".parse().unwrap()));
    }
}
