//! What every refusal means, and what to do about it.

use super::Refusal;
use crate::addr::Family;
use crate::alloc::{Clash, Unlent};
use crate::config::ForeignHolder;
use crate::name::{PoolName, ServiceKey};
use crate::reason::reasons;
use crate::world::Lie;

impl Refusal {
    reasons! {
        Self::NoClusterAddress => "NoClusterAddress",
            "The cluster addresses of a Service say which families it wants; a headless Service has none.",
            "remove clusterIP: None, or make it a Service of type ClusterIP",
            Self::NoClusterAddress;
        Self::NotDualStack => "NotDualStack",
            "RequireDualStack wants one address of each family, and the Service has cluster addresses of one family only.",
            "set ipFamilyPolicy to PreferDualStack, or make the cluster dual-stack",
            Self::NotDualStack;
        Self::RequestedTwice => "RequestedTwice",
            "Addresses are requested by the annotation or by spec.loadBalancerIP, never by both.",
            "remove spec.loadBalancerIP, which is deprecated",
            Self::RequestedTwice;
        Self::BadRequest(_) => "BadRequest",
            "A request is one address, or one of each family separated by a comma; more of a family only as \
             patina.dev/addresses-per-family says.",
            "correct metallb.io/loadBalancerIPs or spec.loadBalancerIP",
            Self::BadRequest("192.0.2.1,192.0.2.2".into());
        Self::BadPools(_) => "BadPools",
            "A Service asks for one IPAddressPool, or for two different ones, one for each family, with a comma between them.",
            "correct metallb.io/address-pool",
            Self::BadPools("lan,lan-v6,dmz".into());
        Self::BadCount(_) => "BadCount",
            "A Service asks for 1 to 16 addresses of each of its families.",
            "correct patina.dev/addresses-per-family",
            Self::BadCount("many".into());
        Self::WrongFamily => "WrongFamily",
            "Requested or held addresses must be of the families of the Service's cluster addresses.",
            "request one address for each family of spec.clusterIPs",
            Self::WrongFamily;
        Self::OutsidePools(_) => "OutsidePools",
            "Only addresses of IPAddressPools are given out.",
            "add the address to an IPAddressPool, or ask for another one",
            Self::OutsidePools(v4(77));
        Self::TwoPools(..) => "TwoPools",
            "Both addresses of a dual-stack Service come from one IPAddressPool, unless it names two; several of one family \
             always do.",
            "put both ranges in one IPAddressPool, ask for two addresses of one pool, or name both pools in metallb.io/address-pool",
            Self::TwoPools(pool("lan"), pool("lan-v6"));
        Self::OtherPool { .. } => "OtherPool",
            "The Service asks for an address and for a pool, and the address is in another pool.",
            "correct metallb.io/address-pool, or ask for an address of that pool",
            Self::OtherPool { address: v4(7), pool: pool("lan"), requested: pool("dmz") };
        Self::PoolUnknown(_) => "PoolUnknown",
            "The Service asks for an IPAddressPool that does not exist.",
            "create the IPAddressPool, or correct metallb.io/address-pool",
            Self::PoolUnknown(pool("dmz"));
        Self::SameFamily(..) => "SameFamily",
            "Of two IPAddressPools in metallb.io/address-pool one gives the IPv4 and the other the IPv6 address.",
            "name one pool with addresses of each family",
            Self::SameFamily(pool("lan"), pool("dmz"));
        Self::PoolInvalid(_) => "PoolInvalid",
            "An IPAddressPool that is rejected as it is written gives out nothing; who holds its addresses keeps them.",
            "mend what the conditions of the IPAddressPool name",
            Self::PoolInvalid(pool("lan"));
        Self::PoolClosed(_) => "PoolClosed",
            "The serviceAllocation of the IPAddressPool says whom it is for, by namespace and by labels.",
            "widen its spec.serviceAllocation, label the namespace or the Service, or use another pool",
            Self::PoolClosed(pool("lan"));
        Self::BuggyAddress(_) => "BuggyAddress",
            "An IPAddressPool with avoidBuggyIPs gives out no IPv4 address that ends in .0 or .255.",
            "ask for another address, or set avoidBuggyIPs to false",
            Self::BuggyAddress(v4(0));
        Self::Excluded(_) => "Excluded",
            "An IPAddressPool gives out none of the addresses that its annotation patina.dev/exclude lists; who holds one keeps it.",
            "ask for another address, or take it off patina.dev/exclude of the pool",
            Self::Excluded(v4(7));
        Self::NodeAddress { .. } => "NodeAddress",
            "An address that a node has itself is never given out, since the node would go off the network; who holds one keeps it.",
            "ask for another address, and leave those of nodes out of the IPAddressPool",
            Self::NodeAddress { address: v4(7), node: "node-a".into() };
        Self::ForeignRange { .. } => "ForeignRange",
            "An address that a ForeignRange says somebody else holds is never given out; who holds one keeps it.",
            "ask for another address, or correct the ForeignRange",
            Self::ForeignRange { address: v4(7), holder: ForeignHolder { range: "lab".into(), description: "".into() } };
        Self::InUse { .. } => "InUse",
            "Services share an address only if they agree on a sharing key, serve different ports, and reach the same Pods where \
             externalTrafficPolicy is Local.",
            "ask for another address, or give both Services the same metallb.io/allow-shared-ip and different ports",
            Self::InUse { address: v4(7), by: ServiceKey::new("web", "shop"), clash: Clash::NoKey };
        Self::Reserved { .. } => "Reserved",
            "An address that patina.dev/reserve of its IPAddressPool keeps for Services is given to no other, asked for or not.",
            "ask for another address, or change patina.dev/reserve of the IPAddressPool",
            Self::Reserved { address: v4(7), service: ServiceKey::new("web", "shop") };
        Self::AllReserved(_) => "AllReserved",
            "What is not held of that family, in every IPAddressPool that the Service may use, is reserved for other Services.",
            "enlarge an IPAddressPool, or shorten its patina.dev/reserve",
            Self::AllReserved(Family::V4);
        Self::NoPools => "NoPools",
            "Addresses come from IPAddressPools, and there is none.",
            "create an IPAddressPool",
            Self::NoPools;
        Self::NotAutoAssignable => "NotAutoAssignable",
            "Unasked, a Service gets addresses of pools that have autoAssign and admit it; there is no such pool.",
            "request a pool by metallb.io/address-pool, or set autoAssign or serviceAllocation of a pool",
            Self::NotAutoAssignable;
        Self::NoSuchFamily(_) => "NoSuchFamily",
            "No IPAddressPool that the Service may use has addresses of a family that it wants.",
            "add addresses of that family to an IPAddressPool, or change ipFamilyPolicy",
            Self::NoSuchFamily(Family::V6);
        Self::NotTogether => "NotTogether",
            "Both addresses of a dual-stack Service come from one IPAddressPool, unless it names two, and none has both free.",
            "enlarge one IPAddressPool so that it has free addresses of both families, or name one pool for each family in \
             metallb.io/address-pool",
            Self::NotTogether;
        Self::Exhausted(_) => "Exhausted",
            "Every address of that family, in every IPAddressPool that the Service may use, is held.",
            "enlarge an IPAddressPool, or delete Services that need no address; the oldest Service that waits is served first",
            Self::Exhausted(Family::V4);
        Self::Unlent(_, Unlent::Pending) => "IpamPending",
            "The IPAM endpoint of an IPAddressPool chooses the addresses, and has not answered yet.",
            "wait; if it stays so, see the controller's log on the endpoint",
            Self::Unlent(pool("lent"), Unlent::Pending);
        Self::Unlent(_, Unlent::Refused(_)) => "IpamRefused",
            "The IPAM endpoint of an IPAddressPool says no; it is asked again after a pause.",
            "see what the endpoint says, or use another pool",
            Self::Unlent(pool("lent"), Unlent::Refused("no address is free".into()));
        Self::Unlent(_, Unlent::Failed(_)) => "IpamFailed",
            "The IPAM endpoint of an IPAddressPool cannot be asked, or its answer cannot be understood; it is asked again after              a pause, and who holds an address keeps it.",
            "bring the endpoint that patina.dev/ipam of the pool names back, or use another pool",
            Self::Unlent(pool("lent"), Unlent::Failed("connection refused".into()));
        Self::Unlent(_, Unlent::Lied(_, Lie::Outside)) => "IpamOutside",
            "An IPAM endpoint may lend only what spec.addresses of its IPAddressPool holds; other addresses are given back.",
            "widen spec.addresses of the pool, or narrow what the endpoint lends",
            Self::Unlent(pool("lent"), Unlent::Lied(v4(7), Lie::Outside));
        Self::Unlent(_, Unlent::Lied(_, Lie::WrongFamily)) => "IpamWrongFamily",
            "An IPAM endpoint lends an address of the family that it is asked for; others are given back.",
            "mend the endpoint",
            Self::Unlent(pool("lent"), Unlent::Lied(v4(7), Lie::WrongFamily));
        Self::Unlent(_, Unlent::Lied(_, Lie::NotNamed)) => "IpamNotNamed",
            "An IPAM endpoint that is asked for one address lends that one or says no; others are given back.",
            "mend the endpoint, or ask for another address",
            Self::Unlent(pool("lent"), Unlent::Lied(v4(7), Lie::NotNamed));
        Self::Unlent(_, Unlent::Lied(_, Lie::Taken)) => "IpamTaken",
            "An IPAM endpoint lends no address twice; what another Service holds, and cannot share, is given back.",
            "see who holds the address, and correct the endpoint's own records",
            Self::Unlent(pool("lent"), Unlent::Lied(v4(7), Lie::Taken));
        Self::Disowned { .. } => "IpamDisowned",
            "A Service keeps the address that it holds, also if the IPAM endpoint of its pool says that it does not lend it.",
            "enter the address into the endpoint's records for this Service, or delete the Service",
            Self::Disowned { address: v4(7), pool: pool("lent"), words: "lent to somebody else".into() };
        Self::TooFew(_) => "TooFew",
            "All addresses of one family come from one IPAddressPool, and it has fewer free ones than \
             patina.dev/addresses-per-family asks for; the Service gets more as they become free.",
            "enlarge the IPAddressPool, or ask for fewer",
            Self::TooFew(Family::V4);
    }
}

/// An address for documentation (RFC 5737).
const fn v4(last: u8) -> std::net::IpAddr {
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, last))
}

fn pool(name: &str) -> PoolName {
    PoolName::from(name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_refusal_has_a_word_of_its_own() {
        let examples = Refusal::examples();
        let words: BTreeSet<_> = examples.iter().map(Refusal::word).collect();
        assert_eq!(words.len(), examples.len(), "{words:?}");
    }
}
