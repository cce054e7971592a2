//! Solicited-node groups that a node must belong to, so that switches which snoop deliver the questions to it (RFC 4291
//! §2.7.1, RFC 4541 §3).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use crate::name::LinkIndex;
use crate::wire::ndp;

/// Groups for all addresses that this node may come to answer for, whole, by link. Candidates join as owners do: a takeover must
/// not wait for a switch to learn.
pub fn wanted(
    offered: impl IntoIterator<Item = (IpAddr, LinkIndex)>,
) -> BTreeMap<LinkIndex, BTreeSet<Ipv6Addr>> {
    let mut groups: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (address, link) in offered {
        if let IpAddr::V6(address) = address {
            groups.entry(link).or_default().insert(ndp::solicited_node(address));
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_the_same_low_bits_share_a_group() {
        let offered = ["2001:db8:1::42:1", "2001:db8:2::42:1", "192.0.2.1"];
        let groups = wanted(offered.map(|a| (a.parse().unwrap(), LinkIndex(2))));
        assert_eq!(
            groups,
            BTreeMap::from([(LinkIndex(2), BTreeSet::from(["ff02::1:ff42:1".parse().unwrap()]))])
        );
    }
}
