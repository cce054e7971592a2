//! Why a pool gave a Service nothing: a closed list.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use super::{PoolWish, Refusal, Unlent};
use crate::addr::Family;
use crate::name::{PoolName, ServiceKey};
use crate::reason::reasons;
use crate::time::WallTime;
use crate::world::Lie;

/// Why a pool was passed over. Where a [`Refusal`] says the same, the word is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// It is rejected as it is written.
    Invalid,
    /// It is not for this namespace or this Service.
    Closed,
    /// The Service asks for other pools.
    NotRequested(PoolWish),
    /// It is not given out unasked.
    NotAutoAssigned,
    /// It has no addresses of this family.
    NoSuchFamily(Family),
    /// All its addresses of this family are held, and none can be shared.
    Exhausted(Family),
    /// It has fewer free addresses of this family than are wanted.
    TooFew(Family),
    /// It has what is wanted of it, but the other pool that is asked for has not.
    NotTogether(PoolName),
    /// What is not held of it is kept for those who held it last. It is given only when no other pool has anything.
    Cooling {
        /// The address that will be given first.
        address: IpAddr,
        /// Who let go of it last.
        service: ServiceKey,
        /// Until when it is kept for that Service.
        until: WallTime,
    },
    /// What is not held of this family is reserved for others.
    AllReserved(Family),
    /// The Service has what it wants already.
    NotNeeded,
    /// The Service asks for addresses that are not in it, or for something that cannot be looked for.
    NotLookedAt,
    /// Its IPAM endpoint gives nothing.
    Unlent(Unlent),
}

impl PassedOver {
    reasons! {
        Self::Invalid => "PoolInvalid",
            "An IPAddressPool that is rejected as it is written gives out nothing; who holds its addresses keeps them.",
            "mend what its conditions name",
            Self::Invalid;
        Self::Closed => "PoolClosed",
            "The serviceAllocation of the IPAddressPool says whom it is for, by namespace and by labels.",
            "widen its spec.serviceAllocation, or label the namespace or the Service",
            Self::Closed;
        Self::NotRequested(_) => "OtherPool",
            "A Service that asks for an IPAddressPool, or for two, gets addresses of those only.",
            "remove metallb.io/address-pool, or ask for this pool",
            Self::NotRequested(PoolWish::One("dmz".into()));
        Self::NotAutoAssigned => "NotAutoAssignable",
            "An IPAddressPool without autoAssign gives addresses only to Services that ask for it.",
            "ask for it by metallb.io/address-pool, or set autoAssign",
            Self::NotAutoAssigned;
        Self::NoSuchFamily(_) => "NoSuchFamily",
            "The IPAddressPool has no address of a family that is wanted.",
            "add addresses of that family",
            Self::NoSuchFamily(Family::V6);
        Self::Exhausted(_) => "Exhausted",
            "Every address of that family in the IPAddressPool is held, and the Service can share none.",
            "enlarge it",
            Self::Exhausted(Family::V4);
        Self::TooFew(_) => "TooFew",
            "The IPAddressPool has addresses of that family, but not as many as patina.dev/addresses-per-family asks for.",
            "enlarge it",
            Self::TooFew(Family::V4);
        Self::NotTogether(_) => "NotTogether",
            "A Service that must have both families, each from its own IPAddressPool, gets nothing while one of them has none.",
            "see what is said of the other pool",
            Self::NotTogether(PoolName::from("lan-v6"));
        Self::Cooling { .. } => "Cooling",
            "Every address of the IPAddressPool that is not held was let go of lately, and is kept for who held it as long as another \
             IPAddressPool has something else.",
            "nothing is to be done; patina.dev/cool-down of the IPAddressPool says how long",
            Self::Cooling {
                address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)),
                service: ServiceKey::new("web", "shop"),
                until: WallTime(1_700_000_000),
            };
        Self::AllReserved(_) => "AllReserved",
            "Every address of that family in the IPAddressPool that is not held is reserved for other Services.",
            "enlarge it, or shorten its patina.dev/reserve",
            Self::AllReserved(Family::V4);
        Self::NotNeeded => "NotNeeded",
            "The Service keeps what it holds, or a pool that comes earlier has what it wants.",
            "nothing is to be done",
            Self::NotNeeded;
        Self::NotLookedAt => "NotLookedAt",
            "The Service asks for addresses that are not in this IPAddressPool, or for something that cannot be looked for.",
            "see what is said of the Service",
            Self::NotLookedAt;
        Self::Unlent(Unlent::Pending) => "IpamPending",
            "The IPAM endpoint of the IPAddressPool chooses the addresses, and has not answered yet.",
            "wait",
            Self::Unlent(Unlent::Pending);
        Self::Unlent(Unlent::Refused(_)) => "IpamRefused",
            "The IPAM endpoint of the IPAddressPool says no; the next pool is tried.",
            "see what the endpoint says",
            Self::Unlent(Unlent::Refused("no address is free".into()));
        Self::Unlent(Unlent::Failed(_)) => "IpamFailed",
            "The IPAM endpoint of the IPAddressPool cannot be asked, or not understood; the next pool is tried.",
            "bring the endpoint back",
            Self::Unlent(Unlent::Failed("connection refused".into()));
        Self::Unlent(Unlent::Lied(_, Lie::Outside)) => "IpamOutside",
            "The IPAM endpoint lends what spec.addresses of the IPAddressPool does not hold.",
            "widen spec.addresses, or narrow what the endpoint lends",
            Self::Unlent(Unlent::Lied(LENT, Lie::Outside));
        Self::Unlent(Unlent::Lied(_, Lie::WrongFamily)) => "IpamWrongFamily",
            "The IPAM endpoint lends an address of the other family.",
            "mend the endpoint",
            Self::Unlent(Unlent::Lied(LENT, Lie::WrongFamily));
        Self::Unlent(Unlent::Lied(_, Lie::NotNamed)) => "IpamNotNamed",
            "The IPAM endpoint lends another address than the one that it was asked for.",
            "mend the endpoint",
            Self::Unlent(Unlent::Lied(LENT, Lie::NotNamed));
        Self::Unlent(Unlent::Lied(_, Lie::Taken)) => "IpamTaken",
            "The IPAM endpoint lends what another Service holds and cannot share.",
            "correct the endpoint's own records",
            Self::Unlent(Unlent::Lied(LENT, Lie::Taken));
    }

    /// The one word for it.
    pub const fn word(&self) -> &'static str {
        self.reason().word
    }

    /// What is the matter in this case.
    pub fn sentence(&self) -> String {
        match self {
            Self::Invalid => "it is rejected as it is written".into(),
            Self::Closed => "its serviceAllocation does not admit this namespace or Service".into(),
            Self::NotRequested(pools) => format!("the Service asks for {pools}"),
            Self::NotAutoAssigned => "its autoAssign is false, and the Service does not ask for it".into(),
            Self::NoSuchFamily(family) => format!("it has no {family} addresses"),
            Self::Exhausted(family) => format!("every {family} address of it is held"),
            Self::TooFew(family) => {
                format!("it has free {family} addresses, but not as many as are asked for")
            }
            Self::NotTogether(other) => format!("it would give an address, but pool {other} gives none"),
            Self::Cooling { address, service, until } => {
                format!("what is free of it is kept for who held it; {address} for {service} until {until}")
            }
            Self::AllReserved(family) => {
                format!("every {family} address of it that is not held is reserved for other Services")
            }
            Self::NotNeeded => "the Service has what it wants".into(),
            Self::NotLookedAt => "the Service asks for something else".into(),
            Self::Unlent(unlent) => format!("its IPAM endpoint {}", unlent.sentence()),
        }
    }

    /// Whether an IPAM endpoint has to answer before anything else is tried.
    pub(super) const fn is_pending(&self) -> bool {
        matches!(self, Self::Unlent(Unlent::Pending))
    }

    /// The same, as a refusal of a Service that had this pool and no other to choose from.
    pub(super) fn refusal(self, pool: &PoolName) -> Refusal {
        match self {
            Self::Invalid => Refusal::PoolInvalid(pool.clone()),
            Self::Closed => Refusal::PoolClosed(pool.clone()),
            Self::NoSuchFamily(family) => Refusal::NoSuchFamily(family),
            Self::Exhausted(family) => Refusal::Exhausted(family),
            Self::Unlent(unlent) => Refusal::Unlent(pool.clone(), unlent),
            Self::TooFew(family) => Refusal::TooFew(family),
            Self::NotTogether(_) => Refusal::NotTogether,
            Self::Cooling { address, .. } => Refusal::Exhausted(Family::of(address)),
            Self::AllReserved(family) => Refusal::AllReserved(family),
            Self::NotRequested(_) | Self::NotAutoAssigned | Self::NotNeeded | Self::NotLookedAt => {
                Refusal::NotAutoAssignable
            }
        }
    }
}

/// An address for documentation (RFC 5737).
const LENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

impl fmt::Display for PassedOver {
    /// The word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_a_word_of_its_own() {
        let examples = PassedOver::examples();
        let words: BTreeSet<_> = examples.iter().map(PassedOver::word).collect();
        assert_eq!(words.len(), examples.len(), "{words:?}");
    }

    #[test]
    fn a_pool_that_alone_could_serve_is_told_by_the_same_word_as_the_refusal() {
        let lan = PoolName::from("lan");
        for passed in [PassedOver::Invalid, PassedOver::Closed, PassedOver::Exhausted(Family::V6)] {
            assert_eq!(passed.word(), passed.clone().refusal(&lan).word());
        }
    }
}
