//! What IPAM endpoints have for a Service once nobody is silent, refuses or lies.

use std::net::IpAddr;

use super::{Holdings, Reference};
use crate::endpoint::Endpoint;
use crate::object::pool_name;

impl Reference<'_> {
    /// The endpoint of the pool.
    pub(super) fn lender(&self, pool: u8) -> Option<&Endpoint> {
        let number = self.truth.pools.get(&pool)?.wish.lender?;
        self.endpoints.get(usize::from(number))
    }

    /// An address of this family: what the Service holds of the pool, what it may share, what is lent to it, or what the
    /// endpoint would lend.
    pub(super) fn lent(&self, pool: u8, v6: bool, number: u8, holdings: &Holdings) -> Option<IpAddr> {
        let usable = &self.book.sound(pool)?.usable;
        let of_pool = |address: &IpAddr| address.is_ipv6() == v6 && usable.contains(address);
        let mut held = holdings.values().flat_map(|has| &has.addresses).copied();
        let shared = held.find(|address| of_pool(address) && self.may_hold(number, *address, holdings));
        if shared.is_some() {
            return shared;
        }
        let endpoint = self.lender(pool)?;
        let uid = &self.truth.services[&number].uid;
        let mut its = endpoint.lends.iter().filter(|(loan, address)| {
            loan.uid == *uid && loan.pool.as_str() == pool_name(pool) && of_pool(address)
        });
        let lent = its.find(|(loan, _)| loan.which.named().is_none()).map(|(_, address)| *address);
        let free = || usable.iter().copied().find(|address| of_pool(address) && endpoint.is_free(*address));
        lent.or_else(free).filter(|address| self.may_hold(number, *address, holdings))
    }

    /// Whether it is an endpoint that has no address of this family: who must have both keeps the one.
    pub(super) fn lends_none(&self, pool: u8, v6: bool) -> bool {
        let offers = |address: &IpAddr| address.is_ipv6() == v6;
        let usable = self.book.sound(pool).map(|sound| &sound.usable);
        self.lender(pool).is_some() && usable.is_some_and(|usable| usable.iter().any(offers))
    }

    /// Whether the endpoint would lend this very address, where nobody holds it.
    pub(super) fn lent_by_name(&self, pool: u8, address: IpAddr, number: u8, holdings: &Holdings) -> bool {
        if holdings.values().any(|has| has.addresses.contains(&address)) {
            return true;
        }
        let Some(endpoint) = self.lender(pool) else { return true };
        let uid = &self.truth.services[&number].uid;
        let lent = endpoint
            .lends
            .iter()
            .any(|(loan, lent)| *lent == address && loan.uid == *uid && loan.which.named() == Some(address));
        lent || endpoint.is_free(address)
    }
}
