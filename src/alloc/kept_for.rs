//! What is kept for one Service, for whoever asks why it got what it got.
//!
//! Decides nothing: it reads what the planner looks at first (see `keeping`), and names what stands in the way of each.

use std::fmt;
use std::net::IpAddr;

use super::search::{Search, barred};
use super::{Allocation, Ledger, Refusal};
use crate::addr::Family;
use crate::config::Pool;
use crate::name::PoolName;
use crate::time::WallTime;

/// An address that is kept for a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFor {
    /// The address.
    pub address: IpAddr,
    /// Its pool.
    pub pool: PoolName,
    /// By what.
    pub by: Keeping,
    /// What became of it.
    pub end: KeptEnd,
}

/// Why an address is kept for a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// The pool's reservations name the Service.
    Reservation,
    /// The Service let go of it, and its pool's cool-down runs.
    CoolDown {
        /// When it is over.
        until: WallTime,
    },
}

/// What became of an address that is kept for a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptEnd {
    /// The Service holds it.
    Held,
    /// The Service cannot have it.
    Barred(Refusal),
    /// The Service could have it, and holds or asks for something else.
    Left,
}

impl Keeping {
    /// The one word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reservation => "reservation",
            Self::CoolDown { .. } => "cool-down",
        }
    }
}

impl fmt::Display for KeptFor {
    /// In one sentence, without an end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, pool, .. } = self;
        match self.by {
            Keeping::Reservation => write!(f, "{address} of pool {pool} is reserved for it")?,
            Keeping::CoolDown { until } => {
                write!(f, "{address} of pool {pool}, which it let go of, is kept for it until {until}")?;
            }
        }
        match &self.end {
            KeptEnd::Held => f.write_str(", and it holds it"),
            KeptEnd::Barred(refusal) => write!(f, "; it cannot have it: {}", refusal.line()),
            KeptEnd::Left => f.write_str(", and it holds or asks for something else"),
        }
    }
}

impl Search<'_> {
    /// What is kept for the Service, in the order in which that is looked at: what is reserved, then what it let go of last.
    pub(super) fn kept_for(&self, held: Option<&Allocation>, ledger: &Ledger) -> Vec<KeptFor> {
        let chosen_here = self.config.pools().filter(|pool| pool.options.ipam.is_none());
        let reserved = chosen_here.flat_map(|pool| {
            let addresses = pool.options.reservations.of(self.key()).iter();
            addresses.map(move |address| (*address, pool, Keeping::Reservation))
        });
        let cooling = ledger.remembered(self.key()).filter_map(|address| {
            let pool = self.config.pool_of(address, None)?;
            let until = ledger.kept_until(&pool.name, address, self.key())?;
            Some((address, pool, Keeping::CoolDown { until }))
        });
        let mut kept: Vec<KeptFor> = Vec::new();
        for (address, pool, by) in reserved.chain(cooling) {
            if kept.iter().all(|other| other.address != address) {
                let end = self.end_of(address, pool, by, held, ledger);
                kept.push(KeptFor { address, pool: pool.name.clone(), by, end });
            }
        }
        kept
    }

    fn end_of(
        &self,
        address: IpAddr,
        pool: &Pool,
        by: Keeping,
        held: Option<&Allocation>,
        ledger: &Ledger,
    ) -> KeptEnd {
        if held.is_some_and(|held| held.addresses.contains(address)) {
            return KeptEnd::Held;
        }
        let bar = self.bar(address, pool, ledger);
        // A reservation names the Service; what it let go of is given back as the pool gives addresses.
        let unasked = by != Keeping::Reservation
            && !pool.auto_assign
            && self.demand.pool == Ok(None)
            && self.demand.requested == Ok(None);
        let unasked = unasked.then_some(Refusal::NotAutoAssignable);
        bar.or(unasked).map_or(KeptEnd::Left, KeptEnd::Barred)
    }

    /// What keeps the Service from having the address.
    fn bar(&self, address: IpAddr, pool: &Pool, ledger: &Ledger) -> Option<Refusal> {
        if let Some(passed) = self.barred(pool) {
            return Some(passed.refusal(&pool.name));
        }
        if let Some(barred) = barred(pool, address) {
            return Some(barred);
        }
        if let Some(service) = pool.options.reservations.bar(address, self.key()) {
            return Some(Refusal::Reserved { address, service: service.clone() });
        }
        if !self.demand.families.wants(Family::of(address)) {
            return Some(Refusal::WrongFamily);
        }
        ledger.check(address, self.key(), &self.demand.terms).err()
    }
}
