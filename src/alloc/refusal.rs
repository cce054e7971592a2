//! Why a Service does not get what it asks for: a closed list.

mod table;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::{Clash, MOST_PER_FAMILY, Unlent};
use crate::addr::Family;
use crate::config::ForeignHolder;
use crate::name::{NodeName, PoolName, ServiceKey};

/// Why a demand was not met.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// No cluster address, or none that says a family (headless).
    NoClusterAddress,
    /// `RequireDualStack` with fewer than two cluster addresses.
    NotDualStack,
    /// Both `spec.loadBalancerIP` and the annotation name an address.
    RequestedTwice,
    /// A requested address is no address, or there are two of one family.
    BadRequest(Arc<str>),
    /// The request for pools is neither one name nor two.
    BadPools(Arc<str>),
    /// The number of addresses for each family is none, or too high.
    BadCount(Arc<str>),
    /// The requested addresses are not of the families of the cluster addresses.
    WrongFamily,
    /// The address is in no pool.
    OutsidePools(IpAddr),
    /// The two addresses are in different pools.
    TwoPools(PoolName, PoolName),
    /// The requested address is not in the requested pool.
    OtherPool {
        /// The address.
        address: IpAddr,
        /// Where it is.
        pool: PoolName,
        /// Where it was to be.
        requested: PoolName,
    },
    /// The requested pool does not exist.
    PoolUnknown(PoolName),
    /// Of two requested pools, not each has a family of its own.
    SameFamily(PoolName, PoolName),
    /// The pool is rejected as it is written.
    PoolInvalid(PoolName),
    /// The pool is not for this namespace or this Service.
    PoolClosed(PoolName),
    /// `avoidBuggyIPs` bars it.
    BuggyAddress(IpAddr),
    /// The pool leaves it out.
    Excluded(IpAddr),
    /// It is a node's own.
    NodeAddress {
        /// The address.
        address: IpAddr,
        /// Whose.
        node: NodeName,
    },
    /// A ForeignRange says that somebody else holds it.
    ForeignRange {
        /// The address.
        address: IpAddr,
        /// Who.
        holder: ForeignHolder,
    },
    /// Another Service holds it, and the two cannot share.
    InUse {
        /// The address.
        address: IpAddr,
        /// Who holds it.
        by: ServiceKey,
        /// Why they cannot share.
        clash: Clash,
    },
    /// The address is kept for another Service, by the pool's reservations.
    Reserved {
        /// The address.
        address: IpAddr,
        /// Whom it is kept for.
        service: ServiceKey,
    },
    /// There is no pool at all.
    NoPools,
    /// What is not held of this family is reserved for others.
    AllReserved(Family),
    /// There are pools, and none of them is for this Service unasked.
    NotAutoAssignable,
    /// No pool that the Service may use has addresses of this family.
    NoSuchFamily(Family),
    /// Both families have free addresses, but no pool has them of both.
    NotTogether,
    /// Every address of this family, in every pool that the Service may use, is taken.
    Exhausted(Family),
    /// The IPAM endpoint of the pool gives nothing.
    Unlent(PoolName, Unlent),
    /// The IPAM endpoint of its pool says no to an address that the Service holds and keeps.
    Disowned {
        /// The address.
        address: IpAddr,
        /// Its pool.
        pool: PoolName,
        /// What the endpoint says.
        words: Arc<str>,
    },
    /// The pool that the Service holds addresses of has fewer of this family than it asks for.
    TooFew(Family),
}

impl Refusal {
    /// The one word for it in conditions, events, metrics and logs.
    pub const fn word(&self) -> &'static str {
        self.reason().word
    }

    /// The word, what is the matter, and what to do: the line of conditions, events and commands.
    pub fn line(&self) -> String {
        self.reason().line(&self.sentence())
    }

    /// Whether the IPAM endpoint of a pool gives nothing, for now.
    pub(super) const fn is_unlent(&self) -> bool {
        matches!(self, Self::Unlent(..))
    }

    /// Whether an IPAM endpoint has to answer first.
    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Unlent(_, Unlent::Pending))
    }

    /// What is the matter in this case.
    pub fn sentence(&self) -> String {
        match self {
            Self::NoClusterAddress => "the Service has no cluster address, which says the family".into(),
            Self::NotDualStack => "RequireDualStack needs cluster addresses of both families".into(),
            Self::RequestedTwice => {
                "both spec.loadBalancerIP and the annotation loadBalancerIPs name an address".into()
            }
            Self::BadRequest(text) => {
                format!("{text:?} is not one address, nor one IPv4 and one IPv6 address")
            }
            Self::BadPools(text) => format!("{text:?} is not the name of an IPAddressPool, nor two names"),
            Self::BadCount(text) => {
                format!("{text:?} is not a number of addresses from 1 to {MOST_PER_FAMILY}")
            }
            Self::WrongFamily => {
                "the addresses are not of the families of the Service's cluster addresses, one of each".into()
            }
            Self::OutsidePools(address) => format!("{address} is in no IPAddressPool"),
            Self::TwoPools(v4, v6) => format!("the addresses are in two IPAddressPools, {v4} and {v6}"),
            Self::OtherPool { address, pool, requested } => {
                format!("{address} is in pool {pool}, and pool {requested} is requested")
            }
            Self::PoolUnknown(pool) => format!("there is no IPAddressPool {pool}"),
            Self::SameFamily(one, other) => {
                format!("IPAddressPools {one} and {other} do not have addresses of one family each")
            }
            Self::PoolInvalid(pool) => format!("IPAddressPool {pool} is rejected as it is written"),
            Self::PoolClosed(pool) => {
                format!(
                    "the serviceAllocation of IPAddressPool {pool} does not admit this namespace or Service"
                )
            }
            Self::BuggyAddress(address) => format!("avoidBuggyIPs of its pool bars {address}"),
            Self::Excluded(address) => format!("its pool leaves {address} out"),
            Self::NodeAddress { address, node } => format!("{address} is an address of node {node}"),
            Self::ForeignRange { address, holder } => format!("{address} is held by {holder}"),
            Self::InUse { address, by, clash } => format!("{address} is held by {by}, {clash}"),
            Self::Reserved { address, service } => format!("{address} is reserved for {service}"),
            Self::AllReserved(family) => {
                format!("every {family} address that is not held is reserved for other Services")
            }
            Self::NoPools => "there is no IPAddressPool".into(),
            Self::NotAutoAssignable => "no IPAddressPool is for this Service without being asked for".into(),
            Self::NoSuchFamily(family) => format!("no IPAddressPool for this Service has {family} addresses"),
            Self::NotTogether => {
                "no one IPAddressPool for this Service has free addresses of both families".into()
            }
            Self::Exhausted(family) => {
                format!("every {family} address of the IPAddressPools for this Service is taken")
            }
            Self::Unlent(pool, unlent) => {
                format!("the IPAM endpoint of IPAddressPool {pool} {}", unlent.sentence())
            }
            Self::Disowned { address, pool, words } => {
                format!("the IPAM endpoint of IPAddressPool {pool} does not lend {address}: {words}")
            }
            Self::TooFew(family) => format!("its pool has fewer free {family} addresses than it asks for"),
        }
    }
}

impl fmt::Display for Refusal {
    /// The word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
