//! What the IPAM endpoints of pools have answered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::addr::Family;
use crate::config::IpamEndpoint;
use crate::name::{PoolName, ServiceKey};

/// One address that a Service asks of the endpoint of a pool. The same key names the same loan, also after a restart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoanKey {
    /// For whom.
    pub service: ServiceKey,
    /// `metadata.uid` of the Service: one of the same name that came later asks anew.
    pub uid: Arc<str>,
    /// Of which pool.
    pub pool: PoolName,
    /// Of which family.
    pub family: Family,
    /// Which of them.
    pub which: Which,
}

/// Which address of a family is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// Any that the endpoint chooses.
    Any,
    /// Any but this one, which the endpoint lends for [`Which::Any`]: the pool has it no longer, and the Service cannot do
    /// without it before it has another.
    Besides(IpAddr),
    /// This very address, and no other.
    This(IpAddr),
}

impl Which {
    /// The address that alone will do; `None`: the endpoint chooses.
    pub const fn named(self) -> Option<IpAddr> {
        match self {
            Self::This(address) => Some(address),
            Self::Any | Self::Besides(_) => None,
        }
    }

    /// Whether the address is one that was asked for.
    pub fn admits(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Besides(other) => other != address,
            Self::This(this) => this == address,
        }
    }
}

/// The last word of an endpoint on one loan. Without one, it has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loan {
    /// It lends this address.
    Lent(IpAddr),
    /// It lent this address, which could not be used and was given back; it will be asked again.
    Spurned(IpAddr, Lie),
    /// It said no, in these words; it will be asked again.
    Refused(Arc<str>),
    /// It could not be asked, or gave no answer that can be understood; it will be asked again.
    Failed(Arc<str>),
}

/// What is wrong with an address that an endpoint lends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// It is not among the addresses of the pool.
    Outside,
    /// It is of the other family.
    WrongFamily,
    /// It is not the one that was asked for.
    NotNamed,
    /// Another Service holds it, and the two cannot share.
    Taken,
}

/// Something that an endpoint said, or that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoanFact {
    /// Its word on a loan; `None`: nothing is known any more.
    Loan(IpamEndpoint, LoanKey, Option<Loan>),
    /// It cannot be asked for these pools and these Services wait for it, or (`None`) it can be asked again.
    Failing(BTreeSet<PoolName>, Option<Arc<str>>, BTreeSet<ServiceKey>),
    /// These Services hold an address of which a loan has come, was lost or is given back.
    Moved(BTreeSet<ServiceKey>),
}

/// Everything that endpoints have answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loans {
    by_key: BTreeMap<(LoanKey, IpamEndpoint), Loan>,
    /// How many loans an endpoint has of an address.
    lent: BTreeMap<(IpAddr, IpamEndpoint), usize>,
    failing: BTreeMap<PoolName, Arc<str>>,
}

impl Loans {
    /// The last word of the endpoint on a loan; one that the pool named before may have said something else.
    pub fn get(&self, key: &LoanKey, endpoint: &IpamEndpoint) -> Option<&Loan> {
        self.by_key.get(&(key.clone(), endpoint.clone()))
    }

    /// Why the endpoint of a pool cannot be asked now.
    pub fn failing(&self, pool: &PoolName) -> Option<&Arc<str>> {
        self.failing.get(pool)
    }

    /// Whether the endpoint lends us the address, for whichever Service and pool.
    pub fn lends(&self, address: IpAddr, endpoint: &IpamEndpoint) -> bool {
        self.lent.contains_key(&(address, endpoint.clone()))
    }

    pub(super) fn set(&mut self, endpoint: IpamEndpoint, key: LoanKey, loan: Option<Loan>) {
        if let Some(Loan::Lent(address)) = &loan {
            *self.lent.entry((*address, endpoint.clone())).or_default() += 1;
        }
        let before = match loan {
            Some(loan) => self.by_key.insert((key, endpoint.clone()), loan),
            None => self.by_key.remove(&(key, endpoint.clone())),
        };
        if let Some(Loan::Lent(address)) = before {
            self.forget_one((address, endpoint));
        }
    }

    fn forget_one(&mut self, lent: (IpAddr, IpamEndpoint)) {
        let Some(count) = self.lent.get_mut(&lent) else { return };
        *count -= 1;
        if *count == 0 {
            self.lent.remove(&lent);
        }
    }

    /// Whether that is news.
    pub(super) fn set_failing(&mut self, pools: BTreeSet<PoolName>, reason: Option<&Arc<str>>) -> bool {
        let mut is_news = false;
        for pool in pools {
            is_news |= self.failing.get(&pool) != reason;
            match reason {
                Some(reason) => self.failing.insert(pool, reason.clone()),
                None => self.failing.remove(&pool),
            };
        }
        is_news
    }
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Outside => "is not among the addresses of the pool",
            Self::WrongFamily => "is of the other family",
            Self::NotNamed => "is not the one that was asked for",
            Self::Taken => "is held by another Service that cannot share it",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(uid: &str) -> LoanKey {
        LoanKey {
            service: ServiceKey::new("web", "shop"),
            uid: uid.into(),
            pool: PoolName::from("lan"),
            family: Family::V4,
            which: Which::Any,
        }
    }

    #[test]
    fn an_address_is_lent_as_long_as_one_loan_of_it_is_known() {
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let by = |host: &str| IpamEndpoint::read(&format!("grpc://{host}:9000")).unwrap();
        let mut loans = Loans::default();
        loans.set(by("ipam"), key("1"), Some(Loan::Lent(address)));
        loans.set(by("ipam"), key("1"), Some(Loan::Lent(address)));
        loans.set(by("ipam"), key("2"), Some(Loan::Lent(address)));
        loans.set(by("ipam"), key("1"), None);
        assert!(loans.lends(address, &by("ipam")));
        assert!(!loans.lends(address, &by("other")));
        loans.set(by("ipam"), key("2"), Some(Loan::Refused("full".into())));
        assert!(!loans.lends(address, &by("ipam")));
        assert_eq!(loans.lent, BTreeMap::new());
    }

    #[test]
    fn what_another_endpoint_said_of_a_loan_is_no_answer_of_this_one() {
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let by = |host: &str| IpamEndpoint::read(&format!("grpc://{host}:9000")).unwrap();
        let mut loans = Loans::default();
        loans.set(by("ipam"), key("1"), Some(Loan::Lent(address)));
        assert_eq!(loans.get(&key("1"), &by("other")), None);
        loans.set(by("other"), key("1"), None);
        assert_eq!(loans.get(&key("1"), &by("ipam")), Some(&Loan::Lent(address)));
        assert!(loans.lends(address, &by("ipam")) && !loans.lends(address, &by("other")));
    }
}
