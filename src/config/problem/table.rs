//! What every problem means, and what to do about it.

use std::net::{IpAddr, Ipv4Addr};

use super::ProblemKind;
use crate::addr::{AddressRange, Overlap, RangeError};
use crate::config::{
    ClusterRange, ForeignHolder, IpamEndpointError, Occupant, ReservationError, SelectorError,
};
use crate::name::PoolName;
use crate::reason::reasons;

impl ProblemKind {
    reasons! {
        Self::NoAddresses => "NoAddresses",
            "An IPAddressPool or a ForeignRange needs at least one range.",
            "list a CIDR or a range in spec.addresses",
            Self::NoAddresses;
        Self::BadRange(_) => "BadRange",
            "An entry of spec.addresses is a CIDR or two addresses of one family, the lower one first.",
            "write it as 192.0.2.0/24 or as 192.0.2.1-192.0.2.9",
            Self::BadRange(RangeError::Shape("192.0.2.1..9".to_owned()));
        Self::OverlapInside(_) => "OverlapInside",
            "Two entries of one IPAddressPool hold the same address.",
            "remove the addresses from one of the two entries",
            Self::OverlapInside(overlap());
        Self::OverlapWith { .. } => "OverlapWith",
            "An address belongs to one IPAddressPool; of two that hold it, the older one stays in force.",
            "remove the addresses from one of the two pools",
            Self::OverlapWith { pool: PoolName::from("lan"), overlap: overlap() };
        Self::OverlappedBy { .. } => "OverlappedBy",
            "A younger IPAddressPool holds addresses of this one; the younger is rejected, and this one stays in force.",
            "remove the addresses from one of the two pools",
            Self::OverlappedBy { pool: PoolName::from("lan-new"), overlap: overlap() };
        Self::Occupied { by: Occupant::Node(_), .. } => "NodeAddress",
            "An IPAddressPool holds the own address of a node, InternalIP or ExternalIP in its status; that address is never given out.",
            "narrow spec.addresses, or leave the address out by patina.dev/exclude of the pool",
            Self::Occupied { by: Occupant::Node("node-a".into()), range: overlap().first, others: 0 };
        Self::Occupied { by: Occupant::Pods(_), .. } => "PodRange",
            "An IPAddressPool holds addresses that a node gives to Pods (spec.podCIDRs); nodes may send traffic for them elsewhere.",
            "narrow spec.addresses, or leave the addresses out by patina.dev/exclude of the pool",
            Self::Occupied { by: Occupant::Pods("node-a".into()), range: overlap().first, others: 2 };
        Self::Occupied { by: Occupant::Services(_), .. } => "ServiceRange",
            "An IPAddressPool holds addresses of a ServiceCIDR or, where the API server has none, between the lowest and the highest \
             cluster address of the Services; nodes would send traffic for them elsewhere.",
            "narrow spec.addresses, or leave the addresses out by patina.dev/exclude of the pool",
            Self::Occupied { by: Occupant::Services(ClusterRange::Seen), range: overlap().first, others: 0 };
        Self::Occupied { by: Occupant::Foreign(_), .. } => "ForeignRange",
            "An IPAddressPool holds addresses that a ForeignRange says somebody else holds; they are never given out.",
            "narrow spec.addresses of the pool, or correct the ForeignRange",
            Self::Occupied { by: Occupant::Foreign(elsewhere()), range: overlap().first, others: 0 };
        Self::BadExclusion(_) => "BadExclusion",
            "Addresses that an IPAddressPool never gives out are listed as addresses, CIDRs or ranges.",
            "write it as 192.0.2.7,192.0.2.16/28,192.0.2.40-192.0.2.49",
            Self::BadExclusion(RangeError::Shape("192.0.2".to_owned()));
        Self::BadSelector(_) => "BadSelector",
            "A label selector has an operator that does not exist, or values where none belong.",
            "correct the selector",
            Self::BadSelector(SelectorError::Operator("Like".to_owned()));
        Self::BadWeight(_) => "BadWeight",
            "The weight of a preferred node is a number from 1 to 100.",
            "correct the weight",
            Self::BadWeight(0);
        Self::Duplicate(_) => "Duplicate",
            "An entry of a list of names or selectors stands there twice.",
            "remove one of them",
            Self::Duplicate("lan".to_owned());
        Self::BadCoolDown(_) => "BadCoolDown",
            "The cool-down of an IPAddressPool is a duration of hours, minutes and seconds; 0 switches it off.",
            "write it as 10m, 1h30m or 0",
            Self::BadCoolDown("soon".to_owned());
        Self::BadReservation(_) => "BadReservation",
            "A reservation names an address of its IPAddressPool and a Service, which need not exist.",
            "write it as 192.0.2.7=web/shop, several separated by commas",
            Self::BadReservation(ReservationError::Shape("192.0.2.7".to_owned()));
        Self::BadIpamEndpoint(_) => "BadIpamEndpoint",
            "The IPAM endpoint of a pool is reached by gRPC without TLS.",
            "write patina.dev/ipam as grpc://host:port",
            Self::BadIpamEndpoint(IpamEndpointError::Scheme);
        Self::UnknownOption(_) => "UnknownOption",
            "An annotation of the IPAddressPool under patina.dev/ means nothing to this version; the rest is in force.",
            "correct its key, or remove it",
            Self::UnknownOption("patina.dev/cooldown".to_owned());
        Self::UnknownPool(_) => "UnknownPool",
            "An L2Advertisement names an IPAddressPool that does not exist; the rest of it is in force.",
            "create the pool, or correct the name",
            Self::UnknownPool(PoolName::from("lna"));
        Self::NotYetSupported => "NotYetSupported",
            "The field is accepted and has no effect; the rest of the object is in force.",
            "remove it, or do not rely on it",
            Self::NotYetSupported;
    }
}

fn elsewhere() -> ForeignHolder {
    ForeignHolder { range: "lab".into(), description: "the cluster in the lab".into() }
}

/// Addresses for documentation (RFC 5737).
fn overlap() -> Overlap {
    let single = |last| AddressRange::single(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)));
    Overlap { first: single(7), second: single(7) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_problem_has_a_word_of_its_own() {
        let examples = ProblemKind::examples();
        let words: BTreeSet<_> = examples.iter().map(ProblemKind::word).collect();
        assert_eq!(words.len(), examples.len(), "{words:?}");
    }
}
