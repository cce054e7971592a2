//! The order of candidates for one address.
//!
//! Weight descending; then SHA-256 over `nodeName#ipText` ascending, bytewise, as MetalLB has it; then the id ascending,
//! which decides only between two nodes of one name.

use std::cmp::Reverse;
use std::fmt::{self, Write as _};
use std::net::IpAddr;

use ring::digest;

use crate::membership::member::NodeId;
use crate::membership::offers::Weight;
use crate::name::NodeName;

/// SHA-256 over `nodeName#ipText`; the lower one is preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Preference([u8; 32]);

/// Place of a candidate among others for the same address: the least comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    weight: Reverse<Weight>,
    preference: Preference,
    id: NodeId,
}

/// Ranks candidates for one address; its text form is written once for all of them, and nothing is allocated.
#[derive(Debug)]
pub struct Ranking {
    suffix: Suffix,
}

/// `#ipText`.
#[derive(Debug)]
struct Suffix {
    bytes: [u8; Self::LONGEST],
    length: usize,
}

impl Suffix {
    /// `#` and the longest text of an IPv6 address, one with an IPv4 address in it.
    const LONGEST: usize = 1 + 45;

    fn of(address: IpAddr) -> Self {
        let mut suffix = Self { bytes: [0; Self::LONGEST], length: 0 };
        write!(suffix, "#{address}").expect("every address fits");
        suffix
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl fmt::Write for Suffix {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

impl Ranking {
    /// For the candidates of `address`. IPv6 addresses are written as RFC 5952 and Go write them.
    pub fn of(address: IpAddr) -> Self {
        Self { suffix: Suffix::of(address) }
    }

    /// The hash that decides among equal weights.
    pub fn preference(&self, node: &NodeName) -> Preference {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(node.as_str().as_bytes());
        hash.update(self.suffix.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.finish().as_ref());
        Preference(bytes)
    }

    /// Where the candidate stands.
    pub fn rank(&self, node: &NodeName, id: NodeId, weight: Weight) -> Rank {
        Rank { weight: Reverse(weight), preference: self.preference(node), id }
    }
}

impl Rank {
    /// The sum of the preferences.
    pub fn weight(&self) -> Weight {
        self.weight.0
    }

    /// Whose it is.
    pub fn id(&self) -> NodeId {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::HardwareAddr;

    fn order(nodes: &[&str], address: &str) -> Vec<String> {
        let ranking = Ranking::of(address.parse().unwrap());
        let mut nodes: Vec<NodeName> = nodes.iter().map(|n| NodeName::from(*n)).collect();
        nodes.sort_by_key(|n| ranking.rank(n, NodeId::of(n, HardwareAddr::ZERO), Weight(0)));
        nodes.iter().map(|n| n.as_str().to_owned()).collect()
    }

    #[test]
    fn the_order_is_that_of_metallb() {
        let abc = ["node-a", "node-b", "node-c"];
        let four = ["edge-a", "edge-b", "worker-a", "worker-b"];
        for (nodes, address, expected) in [
            (&abc[..], "10.0.0.1", "node-b node-a node-c"),
            (&abc, "10.0.0.2", "node-b node-c node-a"),
            (&abc, "10.20.30.1", "node-b node-c node-a"),
            (&abc, "10.20.30.2", "node-c node-a node-b"),
            (&abc, "10.20.30.3", "node-a node-c node-b"),
            (&["iris1", "iris2"], "10.0.0.1", "iris1 iris2"),
            (&["iris1", "iris2"], "10.0.0.2", "iris2 iris1"),
            (&["iris1", "iris2"], "10.20.30.1", "iris2 iris1"),
            (&["iris1", "iris2"], "10.20.30.2", "iris1 iris2"),
            (&["iris1", "iris2"], "10.20.30.3", "iris1 iris2"),
            (&four, "10.20.30.1", "edge-b worker-a edge-a worker-b"),
            (&four, "10.20.30.2", "worker-b edge-b worker-a edge-a"),
            (&four, "10.0.0.1", "worker-a edge-a worker-b edge-b"),
        ] {
            assert_eq!(order(nodes, address).join(" "), expected, "{address}");
        }
    }

    #[test]
    fn a_higher_weight_comes_before_any_hash() {
        let ranking = Ranking::of("10.0.0.1".parse().unwrap());
        let rank = |name: &str, weight| ranking.rank(&NodeName::from(name), NodeId(1), Weight(weight));
        assert!(rank("node-c", 1) < rank("node-b", 0));
        assert!(rank("node-b", 1) < rank("node-c", 1));
    }

    #[test]
    fn two_nodes_of_one_name_are_ordered_by_their_ids() {
        let ranking = Ranking::of("10.0.0.1".parse().unwrap());
        let rank = |id| ranking.rank(&NodeName::from("node-a"), NodeId(id), Weight(0));
        assert!(rank(1) < rank(2));
    }

    #[test]
    fn ipv6_text_is_compressed_and_lower_case() {
        let ranking = Ranking::of("2001:DB8:0:0:0:0:0:AB".parse().unwrap());
        assert_eq!(ranking.suffix.as_bytes(), b"#2001:db8::ab");
    }
}
