//! Looking for addresses that a Service could have.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::keeping::{Reach, Want};
use super::trace::{Log, Step};
use super::{Addresses, Allocation, Demand, Families, Ledger, PassedOver, PoolWish, Refusal};
use crate::addr::Family;
use crate::config::{Config, Labels, Pool, PoolState};
use crate::name::{PoolName, ServiceKey};
use crate::world::{Lie, LoanKey, Loans, Service, World};

/// Who asks, and where.
pub(super) struct Search<'a> {
    pub(super) config: &'a Config,
    /// What endpoints have answered.
    pub(super) loans: &'a Loans,
    pub(super) service: &'a Service,
    /// Labels of the Service's namespace.
    namespace: &'a Labels,
    pub(super) demand: Demand,
    /// What the Service holds while others are looked for: of a pool that it is to hold addresses of, those stay.
    pub(super) held: Option<Allocation>,
    /// How far is gone for an address.
    pub(super) reach: Reach,
    /// What was tried; `None`: nobody asks.
    pub(super) log: Option<Log>,
    /// What was asked of endpoints since the last decision, and what is wrong with what they lend.
    pub(super) wishes: BTreeMap<LoanKey, Option<(IpAddr, Lie)>>,
}

/// How many addresses of each family are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// All that are asked for.
    All,
    /// As many as there are, one at least.
    Some,
}

impl<'a> Search<'a> {
    pub(super) fn new(world: &'a World, config: &'a Config, service: &'a Service, demand: Demand) -> Self {
        let namespace = world.namespace(&service.key().namespace).map_or(Labels::NONE, |n| &n.labels);
        let (loans, wishes) = (world.loans(), BTreeMap::new());
        Self { config, loans, service, namespace, demand, held: None, reach: Reach::Any, log: None, wishes }
    }

    pub(super) fn key(&self) -> &'a ServiceKey {
        self.service.key()
    }

    /// Writes down what was tried, if somebody asks.
    pub(super) fn note(&mut self, step: impl FnOnce() -> Step) {
        if let Some(log) = &mut self.log {
            log.note(step());
        }
    }

    /// Whether the Service may have addresses of this pool.
    pub(super) fn admits(&self, pool: &Pool) -> bool {
        pool.admits(&self.key().namespace, self.namespace, &self.service.labels)
    }

    /// Addresses for a Service that holds none, or would like others.
    pub(super) fn find(&mut self, ledger: &mut Ledger) -> Result<Allocation, Refusal> {
        if let Some(addresses) = self.demand.requested.clone()? {
            let found = self.requested(&addresses, ledger);
            self.note(|| Step::Request { addresses, found: found.clone() });
            return found;
        }
        self.demand.per_family.clone()?;
        match self.demand.pool.clone()? {
            Some(PoolWish::One(name)) => {
                let pools = [self.open_pool(&name)?];
                self.in_pools(&pools, ledger).unwrap_or_else(|| Err(self.why_none(&pools, ledger)))
            }
            Some(PoolWish::Apart(one, other)) => self.in_two(&one, &other, ledger),
            None => self.unasked(ledger),
        }
    }

    /// What is missing, for a Service that holds something: from the same pool, or from that which is asked for for this
    /// family, so that what is held can stay. With it, why something is missing still.
    pub(super) fn complete(
        &mut self,
        held: &Allocation,
        ledger: &mut Ledger,
    ) -> (Allocation, Option<Refusal>) {
        let (mut grown, mut missing) = (held.clone(), None);
        let mut families: Vec<_> = self.demand.wanted().collect();
        families.sort_by_key(|family| held.addresses.first(*family).is_some());
        for family in families {
            match self.grow(&grown, family, ledger) {
                Ok(more) => grown = more,
                Err(less) => {
                    let (more, refusal) = *less;
                    if self.cannot_do_with(&more, family) {
                        return (more, Some(refusal));
                    }
                    grown = more;
                    missing.get_or_insert(refusal);
                }
            }
        }
        (grown, missing)
    }

    /// Whether a family is lacking that the Service must have: then nothing else is worth looking for.
    fn cannot_do_with(&self, found: &Allocation, family: Family) -> bool {
        self.demand.families == Families::Both && found.addresses.first(family).is_none()
    }

    fn grow(
        &mut self,
        held: &Allocation,
        family: Family,
        ledger: &mut Ledger,
    ) -> Result<Allocation, Box<(Allocation, Refusal)>> {
        let has = held.addresses.count(family);
        let lacks = self.demand.least().saturating_sub(has);
        if lacks == 0 {
            return Ok(held.clone());
        }
        let pool = self.pool_for(held, family).map_err(|refusal| Box::new((held.clone(), refusal)))?;
        let more = match self.more_of(pool, family, &held.addresses, ledger) {
            Ok(more) => more,
            Err(passed) => {
                self.searched(pool, Families::Only(family), &Err(passed.clone()));
                return Err(Box::new((held.clone(), passed.refusal(&pool.name))));
            }
        };
        let found = more.len();
        let grown = held.clone().and(&Allocation::from_one(&pool.name, more.into_iter().collect()));
        self.searched(pool, Families::Only(family), &Ok(grown.clone()));
        if found < lacks { Err(Box::new((grown, Refusal::TooFew(family)))) } else { Ok(grown) }
    }

    /// The pool that a Service gets more addresses of this family of.
    fn pool_for(&self, held: &Allocation, family: Family) -> Result<&'a Pool, Refusal> {
        let asked = |wish: &PoolWish| matches!(wish, PoolWish::Apart(..));
        let apart = self.demand.pool.as_ref().is_ok_and(|wish| wish.as_ref().is_some_and(asked));
        let named = match held.pools.of(family) {
            Some(same) => Some(same.clone()),
            None if apart => self.asked_for(family)?.map(|pool| pool.name.clone()),
            None => held.pools.of(family.other()).cloned(),
        };
        self.open_pool(&named.ok_or(Refusal::NoPools)?)
    }

    /// Both addresses from one pool, for a Service that has lost one of them and asks for no pool in particular.
    pub(super) fn both(&mut self, ledger: &mut Ledger) -> Option<Allocation> {
        if self.demand.pool != Ok(None) || self.demand.requested != Ok(None) {
            return None;
        }
        let [pinned, unpinned] = self.config.tiers();
        let pools = self.open(pinned.chain(unpinned));
        self.first_with(Families::Both, &pools, ledger).and_then(Result::ok)
    }

    /// These very addresses, if they may be held.
    fn requested(&mut self, addresses: &Addresses, ledger: &Ledger) -> Result<Allocation, Refusal> {
        let homes = self.homes_of(addresses)?;
        for (pool, mut addresses) in homes.iter() {
            let Some(address) = addresses.next() else { continue };
            if let Some(requested) = self.asked_for(Family::of(address))? {
                self.open_pool(&requested.name)?;
                if requested.name != pool.name {
                    let (pool, requested) = (pool.name.clone(), requested.name.clone());
                    return Err(Refusal::OtherPool { address, pool, requested });
                }
            }
            self.open_pool(&pool.name)?;
            for address in [address].into_iter().chain(addresses) {
                if let Some(barred) = barred(pool, address) {
                    return Err(barred);
                }
                if let Some(service) = pool.options.reservations.bar(address, self.key()) {
                    return Err(Refusal::Reserved { address, service: service.clone() });
                }
                ledger.check(address, self.key(), &self.demand.terms)?;
            }
        }
        let each = homes.iter().flat_map(|(pool, addresses)| addresses.map(move |address| (pool, address)));
        let lent: Vec<_> = each.map(|(pool, a)| self.lent_by_name(pool, a, ledger)).collect();
        lent.into_iter().collect::<Result<(), _>>()?;
        Ok(homes.allocation())
    }

    /// A pool that gives addresses to this Service when it is named.
    pub(super) fn open_pool(&self, name: &PoolName) -> Result<&'a Pool, Refusal> {
        let pool = self.config.pool(name).ok_or_else(|| Refusal::PoolUnknown(name.clone()))?;
        self.barred(pool).map_or(Ok(pool), |passed| Err(passed.refusal(name)))
    }

    /// Why the pool gives this Service nothing, whatever is free and whether it is named or not.
    pub(super) fn barred(&self, pool: &Pool) -> Option<PassedOver> {
        match pool.state {
            PoolState::Invalid => Some(PassedOver::Invalid),
            PoolState::Sound if !self.admits(pool) => Some(PassedOver::Closed),
            PoolState::Sound => None,
        }
    }

    /// Those of the pools that give this Service addresses.
    fn open(&mut self, pools: impl Iterator<Item = &'a Pool>) -> Vec<&'a Pool> {
        let mut open = Vec::new();
        for pool in pools {
            match self.barred(pool) {
                None => open.push(pool),
                Some(passed) => self.searched(pool, self.demand.families, &Err(passed)),
            }
        }
        open
    }

    /// A tier is searched to its end, single addresses included, before the next one is looked at.
    fn unasked(&mut self, ledger: &mut Ledger) -> Result<Allocation, Refusal> {
        if let Some(own) = self.own_unasked(ledger) {
            return Ok(own);
        }
        let mut searched = Vec::new();
        for tier in self.config.tiers() {
            let tier = self.open(tier);
            if let Some(found) = self.in_pools(&tier, ledger) {
                return found;
            }
            searched.extend(tier);
        }
        Err(self.why_none(&searched, ledger))
    }

    /// What was found, or that an endpoint has to answer first; `None`: none of these pools has what is wanted.
    fn in_pools(&mut self, pools: &[&Pool], ledger: &mut Ledger) -> Option<Result<Allocation, Refusal>> {
        let choices = self.demand.families.choices();
        choices.into_iter().flatten().find_map(|families| self.first_with(families, pools, ledger))
    }

    /// The first pool that has as many as are asked for, or else the first that has any. What cools for others is left to
    /// them as long as another pool has something else.
    fn first_with(
        &mut self,
        families: Families,
        pools: &[&Pool],
        ledger: &mut Ledger,
    ) -> Option<Result<Allocation, Refusal>> {
        let wanted = || Family::ALL.into_iter().filter(|family| families.wants(*family));
        let cools = |pool: &&Pool| wanted().any(|family| ledger.coolest(&pool.name, family).is_some());
        let reaches = if pools.iter().any(cools) { &[Reach::Free, Reach::Any][..] } else { &[Reach::Any] };
        let choices = self.amounts().iter().flat_map(|amount| reaches.iter().map(|reach| (*amount, *reach)));
        let found = choices.into_iter().find_map(|(amount, reach)| {
            self.reach = reach;
            pools.iter().find_map(|pool| match self.in_pool(pool, families, amount, ledger) {
                Ok(found) => Some(Ok(found)),
                Err(passed) if passed.is_pending() => Some(Err(passed.refusal(&pool.name))),
                Err(_) => None,
            })
        });
        self.reach = Reach::Any;
        found
    }

    pub(super) fn amounts(&self) -> &'static [Amount] {
        if self.demand.least() > 1 { &[Amount::All, Amount::Some] } else { &[Amount::All] }
    }

    fn in_pool(
        &mut self,
        pool: &Pool,
        families: Families,
        amount: Amount,
        ledger: &mut Ledger,
    ) -> Result<Allocation, PassedOver> {
        let found = self.look(pool, families, amount, ledger);
        self.searched(pool, families, &found);
        found
    }

    pub(super) fn searched(
        &mut self,
        pool: &Pool,
        families: Families,
        found: &Result<Allocation, PassedOver>,
    ) {
        self.note(|| Step::Search { pool: pool.name.clone(), families, found: found.clone() });
    }

    /// Addresses of all these families from one pool.
    pub(super) fn look(
        &mut self,
        pool: &Pool,
        families: Families,
        amount: Amount,
        ledger: &mut Ledger,
    ) -> Result<Allocation, PassedOver> {
        let wanted = || Family::ALL.into_iter().filter(|family| families.wants(*family));
        if let Some(family) = wanted().find(|family| self.has_none(pool, *family)) {
            return Err(PassedOver::NoSuchFamily(family));
        }
        // An endpoint is asked for both at once.
        let found: Vec<_> = wanted().map(|family| (family, self.some_of(pool, family, ledger))).collect();
        let mut addresses = Addresses::NONE;
        for (family, found) in found {
            let found = found?;
            if amount == Amount::All && found.len() < self.demand.least() {
                return Err(PassedOver::TooFew(family));
            }
            addresses = found.into_iter().fold(addresses, Addresses::with);
        }
        Ok(Allocation::from_one(&pool.name, addresses))
    }

    /// What the Service holds of this pool and is to keep.
    fn held_of(&self, pool: &Pool, family: Family) -> Addresses {
        let held = self.held.as_ref().filter(|held| held.pools.of(family) == Some(&pool.name));
        held.map(|held| held.addresses.of(family).collect()).unwrap_or_default()
    }

    fn has_none(&self, pool: &Pool, family: Family) -> bool {
        !pool.offers(family) && self.held_of(pool, family).is_empty()
    }

    /// As many addresses of a family as are asked for, or as there are; those that the Service holds of this pool come first.
    pub(super) fn some_of(
        &mut self,
        pool: &Pool,
        family: Family,
        ledger: &mut Ledger,
    ) -> Result<Vec<IpAddr>, PassedOver> {
        let held = self.held_of(pool, family);
        let more = self.more_of(pool, family, &held, ledger);
        if held.is_empty() { more } else { Ok(held.iter().chain(more.unwrap_or_default()).collect()) }
    }

    /// What is lacking of a family besides what is `held` of it: one address at least, and of an endpoint no more than the
    /// first.
    fn more_of(
        &mut self,
        pool: &Pool,
        family: Family,
        held: &Addresses,
        ledger: &mut Ledger,
    ) -> Result<Vec<IpAddr>, PassedOver> {
        let has = held.count(family);
        if has == 0 && !pool.offers(family) {
            return Err(PassedOver::NoSuchFamily(family));
        }
        if has == 0 && pool.options.ipam.is_some() {
            return self.borrowed(pool, family, ledger).map(|address| vec![address]);
        }
        let lacks = self.demand.least().saturating_sub(has);
        let lacks = if pool.options.ipam.is_some() { 0 } else { lacks };
        let more = ledger.first_for(pool, family, self.want(held, lacks));
        match (more.is_empty(), has) {
            (false, _) => Ok(more),
            (true, 0) => Err(self.nothing(pool, family, ledger)),
            (true, _) => Err(PassedOver::TooFew(family)),
        }
    }

    fn want<'b>(&'b self, besides: &'b Addresses, count: usize) -> Want<'b> {
        let (service, terms, reach) = (self.service.key(), &*self.demand.terms, self.reach);
        Want { service, terms, besides, count, reach }
    }

    /// The reason that says most, after none of these pools had what is wanted.
    fn why_none(&mut self, pools: &[&Pool], ledger: &mut Ledger) -> Refusal {
        if self.config.pools().next().is_none() {
            return Refusal::NoPools;
        }
        if pools.is_empty() {
            return Refusal::NotAutoAssignable;
        }
        let offered = |family: &Family| pools.iter().any(|pool| pool.offers(*family));
        let (wanted, absent): (Vec<_>, Vec<_>) = self.demand.wanted().partition(offered);
        // Who would be content with one family waits for that which there is.
        if let Some(family) =
            absent.first().filter(|_| wanted.is_empty() || self.demand.families.are_required())
        {
            return Refusal::NoSuchFamily(*family);
        }
        if let Some(unlent) = wanted.iter().find_map(|family| self.unlent(pools, *family, ledger)) {
            return unlent;
        }
        let mut free = |family| pools.iter().any(|pool| self.some_of(pool, family, ledger).is_ok());
        let Some(family) = wanted.into_iter().find(|family| !free(*family)) else {
            return Refusal::NotTogether;
        };
        let passed = pools.iter().map(|pool| self.nothing(pool, family, ledger));
        if passed.into_iter().any(|passed| passed == PassedOver::AllReserved(family)) {
            return Refusal::AllReserved(family);
        }
        Refusal::Exhausted(family)
    }
}

/// Why a pool never gives out an address of its ranges.
pub(super) fn barred(pool: &Pool, address: IpAddr) -> Option<Refusal> {
    if pool.ranges.contains(address) {
        return None;
    }
    if let Some(node) = pool.node_at(address) {
        return Some(Refusal::NodeAddress { address, node: node.clone() });
    }
    if let Some(holder) = pool.foreign_at(address) {
        return Some(Refusal::ForeignRange { address, holder: holder.clone() });
    }
    let buggy = pool.ranges.bars_last_octet(address);
    Some(if buggy { Refusal::BuggyAddress(address) } else { Refusal::Excluded(address) })
}
