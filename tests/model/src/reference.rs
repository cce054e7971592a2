//! The reference allocator: small, slow, and written from the rules and not from the product. It knows addresses as plain
//! lists and looks at all of them.

mod best;
mod homes;
mod loans;
mod pools;
mod sharing;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::endpoint::Endpoint;
use crate::object::service_key;
use crate::step::{Families, Type};
use crate::truth::{Asked, Truth};

pub use homes::Homes;
pub use pools::{Book, Standing, spans, understood};
pub use sharing::compatible;

/// What one Service has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Has {
    /// IPv4 first.
    pub addresses: Vec<IpAddr>,
    /// The pools that they come from.
    pub homes: Homes,
    /// Whether it asks for nothing else.
    pub content: bool,
}

/// What every Service of ours has; those that have nothing are missing.
pub type Holdings = BTreeMap<u8, Has>;

/// The allocator.
pub struct Reference<'a> {
    truth: &'a Truth,
    endpoints: &'a [Endpoint],
    /// What the statuses show.
    shows: &'a BTreeMap<u8, Standing>,
    book: Book,
}

impl<'a> Reference<'a> {
    /// For what is asked for now.
    pub fn new(truth: &'a Truth, endpoints: &'a [Endpoint], shows: &'a BTreeMap<u8, Standing>) -> Self {
        Self { truth, endpoints, shows, book: Book::read(truth) }
    }

    /// Services of ours, the oldest first.
    pub fn by_age(&self) -> Vec<u8> {
        let ours = self.truth.services.iter().filter(|(_, asked)| asked.wish.kind == Type::Balancer);
        let mut by_age: Vec<u8> = ours.map(|(number, _)| *number).collect();
        by_age.sort_by_key(|number| (self.truth.services[number].created, service_key(*number)));
        by_age
    }

    /// Everybody keeps what he may keep of what he shows, then wishes are served, the oldest Service first.
    pub fn plan(&self) -> Holdings {
        let by_age = self.by_age();
        let mut holdings = Holdings::new();
        for number in &by_age {
            if let Some(kept) =
                self.shows.get(number).and_then(|standing| self.kept(*number, standing, &holdings))
            {
                holdings.insert(*number, kept);
            }
        }
        // Whoever lets go of something is followed by the oldest again.
        let (mut place, mut changed) = (0, false);
        while let Some(number) = by_age.get(place) {
            let served = self.served(*number, &holdings);
            let before = holdings.remove(number);
            let lets_go = before
                .iter()
                .flat_map(|had| &had.addresses)
                .any(|address| served.as_ref().is_none_or(|has| !has.addresses.contains(address)));
            changed |= served != before;
            holdings.extend(served.map(|has| (*number, has)));
            place += 1;
            if lets_go || changed && place == by_age.len() {
                (place, changed) = (0, false);
            }
        }
        holdings
    }

    /// What the Service may keep of what it shows.
    fn kept(&self, number: u8, standing: &Standing, holdings: &Holdings) -> Option<Has> {
        let asked = &self.truth.services[&number];
        let addresses = fitting(asked, &standing.addresses);
        let home = |address| self.book.home(self.truth, address, &standing.mark);
        let homes = self.homes(number, &addresses, home)?;
        let stays = |address: &IpAddr| {
            let pool = homes.of(address.is_ipv6());
            let left = pool.is_some_and(|pool| self.book.leaves(self.truth, pool, number, *address));
            left && self.may_hold(number, *address, holdings)
        };
        let stay = addresses.iter().all(stays);
        (stay && !addresses.is_empty()).then_some(Has { addresses, homes, content: false })
    }

    /// What the Service has after its wish was looked at.
    fn served(&self, number: u8, holdings: &Holdings) -> Option<Has> {
        let asked = &self.truth.services[&number];
        let Some(held) = holdings.get(&number) else {
            return self.best(number, holdings);
        };
        let unreadable = !asked.wish.addresses.is_empty() && !readable(asked);
        let asks_otherwise = !asked.wish.addresses.is_empty()
            && sorted(&asked.wish.addresses) != held.addresses
            || [false, true].into_iter().any(|v6| self.asks_elsewhere(number, held.homes, v6));
        if asks_otherwise && !unreadable {
            match self.best(number, holdings) {
                Some(best) => return Some(best),
                None if self.truth.strict => return None,
                None => {}
            }
        }
        let content = !asks_otherwise && !unreadable;
        self.completed(number, held, holdings).map(|has| Has { content: content && has.content, ..has })
    }

    /// Who would like more than it holds gets that from the same pool; who must have both families loses the one.
    fn completed(&self, number: u8, held: &Has, holdings: &Holdings) -> Option<Has> {
        let wish = &self.truth.services[&number].wish;
        let (mut homes, mut addresses) = (held.homes, held.addresses.clone());
        let mut lacking: Vec<bool> = wanted(wish.families).to_vec();
        lacking.sort_by_key(|v6| count(&addresses, *v6) > 0);
        for v6 in lacking {
            let lacks = wish.least().saturating_sub(count(&addresses, v6));
            let pool = self.pool_for(number, homes, v6);
            let more =
                pool.map(|pool| (pool, self.first_in(pool, (v6, lacks), &held.addresses, number, holdings)));
            if let Some((pool, more)) = more.filter(|(_, more)| !more.is_empty()) {
                homes = homes.with(v6, pool);
                addresses.extend(more);
            }
            if count(&addresses, v6) == 0 && wish.families == Families::Both {
                let stays = pool.is_some_and(|pool| self.lends_none(pool, v6));
                let stays = stays.then(|| Has { content: false, ..held.clone() });
                return self.best(number, holdings).or(stays);
            }
        }
        let grown = addresses.len() > held.addresses.len();
        let addresses = if grown { sorted(&addresses) } else { addresses };
        Some(Has { addresses, homes, content: true })
    }

    /// Whether it asks for another pool than the one that it has addresses of this family of. Of two, that which is written
    /// in the place of the family will do.
    fn asks_elsewhere(&self, number: u8, homes: Homes, v6: bool) -> bool {
        let (held, wish) = (homes.of(v6), &self.truth.services[&number].wish);
        let written = wish.beside.filter(|_| v6).or(wish.pool);
        let elsewhere = |asked: Option<u8>| asked.is_none() || asked != held && written != held;
        held.is_some() && self.asked_for(number, v6).is_some_and(elsewhere)
    }

    fn may_hold(&self, number: u8, address: IpAddr, holdings: &Holdings) -> bool {
        let others =
            holdings.iter().filter(|(other, has)| **other != number && has.addresses.contains(&address));
        let wish = |number: &u8| &self.truth.services[number].wish;
        others.into_iter().all(|(other, _)| compatible(wish(&number), wish(other)))
    }
}

/// The families that have a place.
pub fn wanted(families: Families) -> &'static [bool] {
    match families {
        Families::V4 => &[false],
        Families::V6 => &[true],
        Families::Both | Families::PreferV4 | Families::PreferV6 => &[false, true],
    }
}

/// How many of them are of this family.
pub fn count(addresses: &[IpAddr], v6: bool) -> usize {
    addresses.iter().filter(|address| address.is_ipv6() == v6).count()
}

/// Those that have a place; of too many those that are asked for, and then those that are shown first.
fn fitting(asked: &Asked, shown: &[IpAddr]) -> Vec<IpAddr> {
    let is_asked_for = |address: &IpAddr| readable(asked) && asked.wish.addresses.contains(address);
    let of_family = |v6: &bool| {
        let of_family = shown.iter().copied().filter(|address| address.is_ipv6() == *v6);
        let (mut first, others): (Vec<_>, Vec<_>) = of_family.partition(is_asked_for);
        first.extend(others);
        first.truncate(asked.wish.most());
        first
    };
    let fitting: Vec<_> = wanted(asked.wish.families).iter().flat_map(of_family).collect();
    shown.iter().copied().filter(|address| fitting.contains(address)).collect()
}

/// Whether the request names addresses of each wanted family, and no more than it may.
fn readable(asked: &Asked) -> bool {
    let wanted = wanted(asked.wish.families);
    let distinct: BTreeSet<_> = asked.wish.addresses.iter().collect();
    let fits = |v6: bool| {
        let count = count(&asked.wish.addresses, v6);
        if wanted.contains(&v6) { (1..=asked.wish.most()).contains(&count) } else { count == 0 }
    };
    distinct.len() == asked.wish.addresses.len() && fits(false) && fits(true)
}

/// IPv4 first.
pub fn sorted(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut sorted = addresses.to_vec();
    sorted.sort();
    sorted
}
