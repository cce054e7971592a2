//! Addresses of pools whose addresses an IPAM endpoint lends: the endpoint chooses, what it says is judged here.
//!
//! While the endpoint has not answered, the search ends there: it would be no use to name a pool first if every Service went
//! past it. Once it has said no, or cannot be asked, the next pool is tried.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::search::Search;
use super::{Allocation, Decision, Ledger, PassedOver, Refusal};
use crate::addr::Family;
use crate::config::Pool;
use crate::world::{Lie, Loan, LoanKey, Which};

/// Why an endpoint gives a Service nothing that it could use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unlent {
    /// It has not answered yet.
    Pending,
    /// It said no, in these words.
    Refused(Arc<str>),
    /// It could not be asked, or gave no answer that can be understood.
    Failed(Arc<str>),
    /// What it lends cannot be used.
    Lied(IpAddr, Lie),
}

/// What a Service asks of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wish {
    /// Which loan.
    pub loan: LoanKey,
    /// What is wrong with the address that is lent for it now.
    pub lie: Option<(IpAddr, Lie)>,
}

impl Search<'_> {
    /// An address of a pool that has an endpoint: one that the Service may share, or else the one that is lent to it.
    pub(super) fn borrowed(
        &mut self,
        pool: &Pool,
        family: Family,
        ledger: &Ledger,
    ) -> Result<IpAddr, PassedOver> {
        match ledger.shared_for(pool, family, self.key(), &self.demand.terms) {
            Some(shared) => Ok(shared),
            None => self.lent(pool, family, ledger).map_err(PassedOver::Unlent),
        }
    }

    /// Whether others may share what an endpoint lends to the Service: its pool is not known to be full for those who wait.
    pub(super) fn may_be_joined(&self) -> bool {
        self.demand.terms.key.is_some() && self.config.pools().any(|pool| pool.options.ipam.is_some())
    }

    /// What an endpoint of these pools said that has nothing for the Service.
    pub(super) fn unlent(&mut self, pools: &[&Pool], family: Family, ledger: &Ledger) -> Option<Refusal> {
        let with_endpoint = pools.iter().filter(|pool| pool.options.ipam.is_some() && pool.offers(family));
        with_endpoint.copied().find_map(|pool| {
            let passed = self.borrowed(pool, family, ledger).err()?;
            Some(passed.refusal(&pool.name))
        })
    }

    /// This very address of a pool that may have an endpoint. Nobody who cannot share it holds it.
    pub(super) fn lent_by_name(
        &mut self,
        pool: &Pool,
        address: IpAddr,
        ledger: &Ledger,
    ) -> Result<(), Refusal> {
        if pool.options.ipam.is_none() || !ledger.holders(address).is_empty() {
            return Ok(());
        }
        let lent = self.lent_as(pool, Family::of(address), Which::This(address), ledger);
        lent.map(|_| ()).map_err(|unlent| Refusal::Unlent(pool.name.clone(), unlent))
    }

    /// What is lent to the Service, whichever the endpoint has chosen. Where that is an address which the pool has no longer and
    /// the Service holds still, it is not given back before the Service has another: that one is asked for besides.
    fn lent(&mut self, pool: &Pool, family: Family, ledger: &Ledger) -> Result<IpAddr, Unlent> {
        match self.lent_as(pool, family, Which::Any, ledger) {
            Err(Unlent::Lied(address, Lie::Outside)) if ledger.holders(address).contains(self.key()) => {
                self.lent_as(pool, family, Which::Besides(address), ledger)
            }
            lent => lent,
        }
    }

    /// What is lent to the Service, if it can be used; asks for it in any case.
    fn lent_as(
        &mut self,
        pool: &Pool,
        family: Family,
        which: Which,
        ledger: &Ledger,
    ) -> Result<IpAddr, Unlent> {
        let key = self.loan_key(pool, family, which);
        let said = pool.options.ipam.as_ref().and_then(|endpoint| self.loans.get(&key, endpoint));
        let lent = match said {
            Some(Loan::Lent(address)) => match self.lie(pool, &key, *address, ledger) {
                None => Ok(*address),
                Some(lie) => Err(Unlent::Lied(*address, lie)),
            },
            Some(Loan::Spurned(address, lie)) => Err(Unlent::Lied(*address, *lie)),
            Some(Loan::Refused(words)) => Err(Unlent::Refused(words.clone())),
            Some(Loan::Failed(words)) => Err(Unlent::Failed(words.clone())),
            None => {
                Err(self.loans.failing(&pool.name).map_or(Unlent::Pending, |w| Unlent::Failed(w.clone())))
            }
        };
        let wrong = match (&lent, said) {
            (Err(Unlent::Lied(address, lie)), Some(Loan::Lent(_))) => Some((*address, *lie)),
            _ => None,
        };
        self.wishes.insert(key, wrong);
        lent
    }

    fn loan_key(&self, pool: &Pool, family: Family, which: Which) -> LoanKey {
        let (service, uid) = (self.key().clone(), self.service.identity.uid.clone());
        LoanKey { service, uid, pool: pool.name.clone(), family, which }
    }

    fn lie(&self, pool: &Pool, key: &LoanKey, address: IpAddr, ledger: &Ledger) -> Option<Lie> {
        if Family::of(address) != key.family {
            return Some(Lie::WrongFamily);
        }
        if !key.which.admits(address) {
            return Some(Lie::NotNamed);
        }
        if !pool.ranges.contains(address) {
            return Some(Lie::Outside);
        }
        let taken = ledger.check(address, self.key(), &self.demand.terms).is_err();
        taken.then_some(Lie::Taken)
    }

    /// Adds what the decision asks of endpoints, and whether one of them disowns what is held.
    pub(super) fn with_wishes(&mut self, decision: Decision, ledger: &Ledger) -> Decision {
        let disowned = decision.allocation.as_ref().and_then(|held| self.confirm(held, ledger));
        let wishes = std::mem::take(&mut self.wishes);
        let mut wishes: Vec<_> = wishes.into_iter().map(|(loan, lie)| Wish { loan, lie }).collect();
        wishes.retain(|wish| self.still_wishes(&decision, wish));
        Decision { refusal: decision.refusal.or(disowned), wishes, ..decision }
    }

    /// Who has everything asks for nothing but what it holds; who holds one address of two goes on in that pool, or in that which
    /// is asked for.
    fn still_wishes(&self, decision: &Decision, wish: &Wish) -> bool {
        let Some(held) = &decision.allocation else { return true };
        let confirms = wish.loan.which.named().is_some_and(|named| held.addresses.contains(named));
        let goes_on = held.pools.names().any(|pool| *pool == wish.loan.pool)
            || self.demand.named_pools().is_some_and(|asked| asked.names(&wish.loan.pool));
        decision.refusal.is_some() || confirms || decision.missing.is_some() && goes_on
    }

    /// An address that is held and that the endpoint of its pool is not known to lend is asked for by name. It is kept whatever
    /// the answer.
    fn confirm(&mut self, held: &Allocation, ledger: &Ledger) -> Option<Refusal> {
        let mut disowned = None;
        for address in held.addresses.iter() {
            let pool = held.pools.of(Family::of(address)).and_then(|pool| self.config.pool(pool));
            let lends = |endpoint| self.loans.lends(address, endpoint);
            let Some(pool) = pool.filter(|pool| pool.options.ipam.as_ref().is_some_and(|e| !lends(e))) else {
                continue;
            };
            if let Err(Unlent::Refused(words)) =
                self.lent_as(pool, Family::of(address), Which::This(address), ledger)
            {
                disowned = Some(Refusal::Disowned { address, pool: pool.name.clone(), words });
            }
        }
        disowned
    }
}

impl Unlent {
    /// What is the matter in this case.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Pending => "decides, and has not answered yet".into(),
            Self::Refused(words) => format!("says no: {words}"),
            Self::Failed(words) => format!("gives no answer: {words}"),
            Self::Lied(address, lie) => format!("lends {address}, which {lie}"),
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LoanKey { pool, family, which, .. } = &self.loan;
        match which {
            Which::This(address) => write!(f, "{address} from pool {pool}"),
            Which::Any => write!(f, "{family} from pool {pool}"),
            Which::Besides(address) => write!(f, "{family} from pool {pool} besides {address}"),
        }
    }
}
