//! Which pool each address of a Service is in: one for each family.

use std::net::IpAddr;

use super::Reference;

/// The pools of a Service's addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Homes {
    v4: Option<u8>,
    v6: Option<u8>,
}

impl Homes {
    /// All of these addresses are in one pool.
    pub fn one(pool: u8, addresses: &[IpAddr]) -> Self {
        addresses.iter().fold(Self::default(), |homes, address| homes.with(address.is_ipv6(), pool))
    }

    /// The pool of a family.
    pub const fn of(self, v6: bool) -> Option<u8> {
        if v6 { self.v6 } else { self.v4 }
    }

    /// Addresses of a family are in this pool.
    #[must_use]
    pub const fn with(self, v6: bool, pool: u8) -> Self {
        if v6 { Self { v6: Some(pool), ..self } } else { Self { v4: Some(pool), ..self } }
    }

    /// Each pool once, that of IPv4 first.
    pub fn names(self) -> impl Iterator<Item = u8> {
        self.v4.into_iter().chain(self.v6.filter(|v6| self.v4 != Some(*v6)))
    }
}

impl Reference<'_> {
    /// One pool for each family; two only for who asks for two, or is known to have them.
    pub(super) fn homes(
        &self,
        number: u8,
        addresses: &[IpAddr],
        of: impl Fn(IpAddr) -> Option<u8>,
    ) -> Option<Homes> {
        let mut homes = Homes::default();
        for address in addresses {
            let (v6, pool) = (address.is_ipv6(), of(*address)?);
            if homes.of(v6).is_some_and(|known| known != pool) {
                return None;
            }
            homes = homes.with(v6, pool);
        }
        let names: Vec<u8> = homes.names().collect();
        let known = self.shows.get(&number).is_some_and(|standing| standing.mark == names);
        let asked = self.truth.services[&number].wish.beside.is_some();
        (names.len() < 2 || known || asked).then_some(homes)
    }

    /// What is asked for, for addresses of this family: nothing (`None`), what cannot be had, or this pool.
    pub(super) fn asked_for(&self, number: u8, v6: bool) -> Option<Option<u8>> {
        let wish = &self.truth.services[&number].wish;
        let known = |pool: u8| self.truth.pools.contains_key(&pool);
        let one = wish.pool?;
        let Some(other) = wish.beside else { return Some(Some(one).filter(|pool| known(*pool))) };
        let has = |pool: u8, v6: bool| {
            let sound = self.book.sound(pool);
            sound.is_none_or(|sound| sound.covered.iter().any(|address| address.is_ipv6() == v6))
        };
        let fits = |v4: u8, v6: u8| known(v4) && known(v6) && has(v4, false) && has(v6, true);
        Some(match (fits(one, other), fits(other, one)) {
            (true, _) => Some(if v6 { other } else { one }),
            (false, true) => Some(if v6 { one } else { other }),
            (false, false) => None,
        })
    }

    /// The pool that a Service gets more addresses of this family of, if it is open to it.
    pub(super) fn pool_for(&self, number: u8, homes: Homes, v6: bool) -> Option<u8> {
        let apart = self.truth.services[&number].wish.beside.is_some();
        let beside = || if apart { self.asked_for(number, v6).flatten() } else { homes.of(!v6) };
        homes.of(v6).or_else(beside).filter(|pool| self.is_open(*pool, number))
    }

    /// Whether the pool gives the Service addresses.
    pub(super) fn is_open(&self, pool: u8, number: u8) -> bool {
        self.book.sound(pool).is_some() && self.book.admits(self.truth, pool, number)
    }
}
