//! The reference allocator: small, slow, and written from the rules and not from the product. It knows addresses as plain
//! lists and looks at all of them.

mod pools;
mod sharing;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::object::service_key;
use crate::step::{Families, Type};
use crate::truth::{Asked, Truth};

pub use pools::{Book, Standing, understood};
pub use sharing::compatible;

/// What one Service has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Has {
    /// IPv4 first.
    pub addresses: Vec<IpAddr>,
    /// The pool that they come from.
    pub pool: u8,
    /// Whether it asks for nothing else.
    pub content: bool,
}

/// What every Service of ours has; those that have nothing are missing.
pub type Holdings = BTreeMap<u8, Has>;

/// The allocator.
pub struct Reference<'a> {
    truth: &'a Truth,
    book: Book,
}

impl<'a> Reference<'a> {
    /// For what is asked for now.
    pub fn new(truth: &'a Truth) -> Self {
        Self { truth, book: Book::read(truth) }
    }

    /// Services of ours, the oldest first.
    pub fn by_age(&self) -> Vec<u8> {
        let ours = self.truth.services.iter().filter(|(_, asked)| asked.wish.kind == Type::Balancer);
        let mut by_age: Vec<u8> = ours.map(|(number, _)| *number).collect();
        by_age.sort_by_key(|number| (self.truth.services[number].created, service_key(*number)));
        by_age
    }

    /// Everybody keeps what he may keep of what he `shows`, then wishes are served, the oldest Service first.
    pub fn plan(&self, shows: &BTreeMap<u8, Standing>) -> Holdings {
        let by_age = self.by_age();
        let mut holdings = Holdings::new();
        for number in &by_age {
            if let Some(kept) = shows.get(number).and_then(|standing| self.kept(*number, standing, &holdings))
            {
                holdings.insert(*number, kept);
            }
        }
        loop {
            let before = holdings.clone();
            for number in &by_age {
                match self.served(*number, &holdings) {
                    Some(has) => holdings.insert(*number, has),
                    None => holdings.remove(number),
                };
            }
            if holdings == before {
                return holdings;
            }
        }
    }

    /// What the Service may keep of what it shows.
    fn kept(&self, number: u8, standing: &Standing, holdings: &Holdings) -> Option<Has> {
        let asked = &self.truth.services[&number];
        let fits = |address: &IpAddr| wants(asked.wish.families, address.is_ipv6());
        let addresses: Vec<IpAddr> = standing.addresses.iter().copied().filter(fits).collect();
        let pool = self.book.home(self.truth, number, &addresses, standing.mark)?;
        let free = addresses.iter().all(|address| self.may_hold(number, *address, holdings));
        (free && !addresses.is_empty()).then_some(Has { addresses, pool, content: false })
    }

    /// What the Service has after its wish was looked at.
    fn served(&self, number: u8, holdings: &Holdings) -> Option<Has> {
        let asked = &self.truth.services[&number];
        let Some(held) = holdings.get(&number) else {
            return self.best(number, holdings).map(|(pool, addresses)| Has {
                addresses,
                pool,
                content: true,
            });
        };
        let unreadable = !asked.wish.addresses.is_empty() && !readable(asked);
        let asks_otherwise = !asked.wish.addresses.is_empty()
            && sorted(&asked.wish.addresses) != held.addresses
            || asked.wish.pool.is_some_and(|pool| pool != held.pool);
        if asks_otherwise && !unreadable {
            match self.best(number, holdings) {
                Some((pool, addresses)) => return Some(Has { addresses, pool, content: true }),
                None if self.truth.strict => return None,
                None => {}
            }
        }
        let content = !asks_otherwise && !unreadable;
        self.completed(number, held, holdings).map(|has| Has { content, ..has })
    }

    /// Who would like both families and holds one gets the other from the same pool; who must have both loses the one.
    fn completed(&self, number: u8, held: &Has, holdings: &Holdings) -> Option<Has> {
        let families = self.truth.services[&number].wish.families;
        if held.addresses.len() == 2 || matches!(families, Families::V4 | Families::V6) {
            return Some(held.clone());
        }
        let pool = self.book.sound(held.pool).filter(|_| self.book.admits(self.truth, held.pool, number));
        let missing = !held.addresses[0].is_ipv6();
        let found = pool.and_then(|_| self.first_in(held.pool, missing, number, holdings));
        match found {
            Some(other) => {
                let addresses = sorted(&[held.addresses[0], other]);
                Some(Has { addresses, ..held.clone() })
            }
            None if families == Families::Both => {
                let (pool, addresses) = self.best(number, holdings)?;
                Some(Has { addresses, pool, content: true })
            }
            None => Some(held.clone()),
        }
    }

    /// The best that the Service could have besides what the others hold: the pool and the addresses.
    pub fn best(&self, number: u8, holdings: &Holdings) -> Option<(u8, Vec<IpAddr>)> {
        let asked = &self.truth.services[&number];
        if !asked.wish.addresses.is_empty() {
            return self.requested(number, holdings).filter(|_| readable(asked));
        }
        let tiers = match asked.wish.pool {
            Some(pool) => vec![vec![pool]],
            None => self.book.tiers(self.truth),
        };
        tiers.iter().find_map(|tier| self.best_of(tier, number, holdings))
    }

    fn best_of(&self, tier: &[u8], number: u8, holdings: &Holdings) -> Option<(u8, Vec<IpAddr>)> {
        let choices: &[&[bool]] = match self.truth.services[&number].wish.families {
            Families::V4 => &[&[false]],
            Families::V6 => &[&[true]],
            Families::Both => &[&[false, true]],
            Families::PreferV4 => &[&[false, true], &[false], &[true]],
            Families::PreferV6 => &[&[false, true], &[true], &[false]],
        };
        let open =
            |pool: &&u8| self.book.sound(**pool).is_some() && self.book.admits(self.truth, **pool, number);
        choices.iter().find_map(|families| {
            tier.iter().filter(open).find_map(|pool| {
                let first = |v6: &bool| self.first_in(*pool, *v6, number, holdings);
                Some((*pool, families.iter().map(first).collect::<Option<Vec<_>>>()?))
            })
        })
    }

    fn requested(&self, number: u8, holdings: &Holdings) -> Option<(u8, Vec<IpAddr>)> {
        let wish = &self.truth.services[&number].wish;
        let addresses = sorted(&wish.addresses);
        let pool = self.book.sound_home(&addresses)?;
        let usable = &self.book.sound(pool)?.usable;
        let fits = wish.pool.is_none_or(|named| named == pool) && self.book.admits(self.truth, pool, number);
        let free = |a: &IpAddr| usable.contains(a) && self.may_hold(number, *a, holdings);
        (fits && addresses.iter().all(free)).then_some((pool, addresses))
    }

    fn first_in(&self, pool: u8, v6: bool, number: u8, holdings: &Holdings) -> Option<IpAddr> {
        let usable = self.book.sound(pool)?.usable.iter().copied();
        usable.filter(|a| a.is_ipv6() == v6).find(|address| self.may_hold(number, *address, holdings))
    }

    fn may_hold(&self, number: u8, address: IpAddr, holdings: &Holdings) -> bool {
        let others =
            holdings.iter().filter(|(other, has)| **other != number && has.addresses.contains(&address));
        let wish = |number: &u8| &self.truth.services[number].wish;
        others.into_iter().all(|(other, _)| compatible(wish(&number), wish(other)))
    }
}

/// Whether an address of this family has a place.
fn wants(families: Families, v6: bool) -> bool {
    match families {
        Families::V4 => !v6,
        Families::V6 => v6,
        Families::Both | Families::PreferV4 | Families::PreferV6 => true,
    }
}

/// Whether the request names one address of each wanted family.
fn readable(asked: &Asked) -> bool {
    let six = asked.wish.addresses.iter().filter(|address| address.is_ipv6()).count();
    let counts = (asked.wish.addresses.len() - six, six);
    match asked.wish.families {
        Families::V4 => counts == (1, 0),
        Families::V6 => counts == (0, 1),
        Families::Both | Families::PreferV4 | Families::PreferV6 => counts == (1, 1),
    }
}

/// IPv4 first.
pub fn sorted(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut sorted = addresses.to_vec();
    sorted.sort();
    sorted
}
