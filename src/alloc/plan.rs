//! The result of planning: a verdict on every Service that concerns us, and the ledger that belongs to it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::echo::Echoes;
use super::leaving::Leaving;
use super::planner::shown;
use super::verdicts::Verdicts;
use super::{Addresses, Allocation, Ledger, LoadBalancerClass, Refusal, Wish};
use crate::name::ServiceKey;
use crate::world::Service;

/// What a Service that holds an address loses by a bad request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Nothing: it keeps the address, and the refusal is reported.
    #[default]
    KeepAndReport,
    /// The address, as in MetalLB. A request that cannot be read costs nothing there either.
    Parity,
}

/// How to plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Which Services are ours.
    pub class: LoadBalancerClass,
    /// What a bad request costs.
    pub strictness: Strictness,
}

/// What a Service gets, and what it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// What it holds from now on.
    pub allocation: Option<Allocation>,
    /// Why it does not get what it asks for. With an allocation: what it holds is kept although it asks for another.
    pub refusal: Option<Refusal>,
    /// Why it holds fewer addresses than it would rather have: one of two families, or too few of one.
    pub missing: Option<Refusal>,
    /// Why an address that it holds would not be given out today; it is kept all the same.
    pub doubt: Option<Refusal>,
    /// Why something that it held was taken from it; told until its status shows that.
    pub lost: Option<Refusal>,
    /// What it asks of IPAM endpoints.
    pub wishes: Vec<Wish>,
}

impl Decision {
    /// Whether it might get more when an address becomes free.
    pub(super) const fn waits(&self) -> bool {
        self.refusal.is_some() || self.missing.is_some()
    }

    /// The addresses.
    pub fn addresses(&self) -> Addresses {
        self.allocation.as_ref().map_or(Addresses::NONE, |allocation| allocation.addresses.clone())
    }
}

/// What is to become of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is ours no longer (another type, another class): every mark of ours goes.
    Clear,
    /// It is ours.
    Decided(Box<Decision>),
}

impl Verdict {
    /// Whether the Service might get more when an address becomes free.
    pub(super) const fn waits(&self) -> bool {
        match self {
            Self::Clear => false,
            Self::Decided(decision) => decision.waits(),
        }
    }
}

/// A verdict on every Service that concerns us.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    pub(super) verdicts: Verdicts,
    pub(super) ledger: Ledger,
    pub(super) echoes: Echoes,
    pub(super) leaving: Leaving,
}

impl Plan {
    /// The verdict on one Service; `None`: it does not concern us.
    pub fn verdict(&self, service: &ServiceKey) -> Option<&Verdict> {
        self.verdicts.get(service)
    }

    /// All verdicts, by Service.
    pub fn verdicts(&self) -> impl Iterator<Item = (&ServiceKey, &Verdict)> {
        self.verdicts.iter()
    }

    /// Who holds what.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Services whose verdict here differs from the one in `before`, those that have none any more included, and those
    /// that may or may not be told of an address by now, since another status has let go of it or turns out to show it.
    pub fn changed_since(&self, before: &Self) -> BTreeSet<ServiceKey> {
        let keys = self.verdicts().chain(before.verdicts()).map(|(key, _)| key);
        let changed = keys.filter(|key| self.verdict(key) != before.verdict(key)).cloned();
        let leaving = before.leaving.addresses().chain(self.leaving.addresses()).copied();
        changed.chain(self.holders_of(leaving)).collect()
    }

    /// Whether another Service's status still shows the address, which is taken from that one: this Service is to have it,
    /// and is not told so before.
    pub fn is_awaited(&self, address: IpAddr, service: &ServiceKey) -> bool {
        self.leaving.is_shown_beside(address, service)
    }

    /// Whether a Service holds the address, or shows it still.
    pub fn uses(&self, address: IpAddr) -> bool {
        !self.ledger.holders(address).is_empty() || self.leaving.shows(address)
    }

    /// Whether a status shows the address that is to lose it.
    pub fn is_leaving(&self, address: IpAddr) -> bool {
        self.leaving.shows(address)
    }

    /// What the statuses of these Services are to lose.
    pub(super) fn leaving_of(&self, services: &BTreeSet<ServiceKey>) -> Vec<IpAddr> {
        services.iter().flat_map(|service| self.leaving.of(service)).copied().collect()
    }

    pub(super) fn holders_of(&self, addresses: impl IntoIterator<Item = IpAddr>) -> BTreeSet<ServiceKey> {
        addresses.into_iter().flat_map(|address| self.ledger.holders(address)).cloned().collect()
    }

    /// What the Service may be said to hold now: what its status shows, unless that is an echo of the past, and what was
    /// decided last.
    pub(super) fn candidates(&self, service: &Service) -> Vec<Addresses> {
        let seen = shown(service);
        let decided = self.decided(service);
        if seen.is_empty() || seen == decided || self.echoes.explain(service, &seen) {
            return vec![decided];
        }
        vec![seen, decided]
    }

    /// Why something was taken from this very object, as long as its status does not show that yet.
    pub(super) fn unheard(&self, service: &Service) -> Option<Refusal> {
        let seen = shown(service);
        let Verdict::Decided(decision) = self.verdict(service.key())? else { return None };
        let is_past = seen.is_empty() || self.echoes.explain(service, &seen);
        decision.lost.clone().filter(|_| seen != decision.addresses() && is_past)
    }

    /// What was decided last for this very object.
    pub(super) fn decided(&self, service: &Service) -> Addresses {
        let holding = self.ledger.holding(service.key()).filter(|h| h.uid == service.identity.uid);
        holding.map_or(Addresses::NONE, |h| h.addresses.clone())
    }
}
