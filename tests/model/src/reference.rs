//! The reference allocator: small, slow, and written from the rules and not from the product. It knows addresses as plain
//! lists and looks at all of them.

mod loans;
mod pools;
mod sharing;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::endpoint::Endpoint;
use crate::object::service_key;
use crate::step::{Families, Type};
use crate::truth::{Asked, Truth};

pub use pools::{Book, Standing, spans, understood};
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
    endpoints: &'a [Endpoint],
    book: Book,
}

impl<'a> Reference<'a> {
    /// For what is asked for now.
    pub fn new(truth: &'a Truth, endpoints: &'a [Endpoint]) -> Self {
        Self { truth, endpoints, book: Book::read(truth) }
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
        self.completed(number, held, holdings).map(|has| Has { content: content && has.content, ..has })
    }

    /// Who would like more than it holds gets that from the same pool; who must have both families loses the one.
    fn completed(&self, number: u8, held: &Has, holdings: &Holdings) -> Option<Has> {
        let wish = &self.truth.services[&number].wish;
        let pool = self.book.sound(held.pool).filter(|_| self.book.admits(self.truth, held.pool, number));
        let mut addresses = held.addresses.clone();
        let mut lacking: Vec<bool> = wanted(wish.families).to_vec();
        lacking.sort_by_key(|v6| count(&addresses, *v6) > 0);
        for v6 in lacking {
            let lacks = wish.least().saturating_sub(count(&addresses, v6));
            if pool.is_some() {
                addresses.extend(self.first_in(held.pool, (v6, lacks), &held.addresses, number, holdings));
            }
            if count(&addresses, v6) == 0 && wish.families == Families::Both {
                let stays = self.lends_none(held.pool, v6).then(|| Has { content: false, ..held.clone() });
                let best = self.best(number, holdings);
                return best.map(|(pool, addresses)| Has { addresses, pool, content: true }).or(stays);
            }
        }
        let grown = addresses.len() > held.addresses.len();
        let addresses = if grown { sorted(&addresses) } else { addresses };
        Some(Has { addresses, pool: held.pool, content: true })
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
        let own = asked.wish.pool.is_none().then(|| self.reserved(number, holdings)).flatten();
        own.or_else(|| tiers.iter().find_map(|tier| self.best_of(tier, number, holdings)))
    }

    /// What a Service gets of pools that keep an address for it, asked for or not.
    fn reserved(&self, number: u8, holdings: &Holdings) -> Option<(u8, Vec<IpAddr>)> {
        let kept = |pool: &u8| self.truth.pools[pool].wish.reserved_for(number).collect::<Vec<_>>();
        let pools = self.truth.pools.keys().copied().filter(|pool| !kept(pool).is_empty());
        pools.into_iter().find_map(|pool| {
            let (_, found) = self.best_of(&[pool], number, holdings)?;
            found.iter().any(|address| kept(&pool).contains(address)).then_some((pool, found))
        })
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
        let least = self.truth.services[&number].wish.least();
        let amounts = choices.iter().flat_map(|families| [(*families, least), (*families, 1)]);
        amounts.into_iter().find_map(|(families, amount)| {
            tier.iter().filter(open).find_map(|pool| {
                let some = |v6: &bool| {
                    let found = self.first_in(*pool, (*v6, least), &[], number, holdings);
                    (found.len() >= amount).then_some(found)
                };
                let found = families.iter().map(some).collect::<Option<Vec<_>>>()?;
                Some((*pool, found.into_iter().flatten().collect()))
            })
        })
    }

    fn requested(&self, number: u8, holdings: &Holdings) -> Option<(u8, Vec<IpAddr>)> {
        let wish = &self.truth.services[&number].wish;
        let addresses = sorted(&wish.addresses);
        let pool = self.book.sound_home(&addresses)?;
        let usable = &self.book.sound(pool)?.usable;
        let fits = wish.pool.is_none_or(|named| named == pool) && self.book.admits(self.truth, pool, number);
        let free = |a: &IpAddr| {
            let lent = self.lender(pool).is_none() || self.lent_by_name(pool, *a, number, holdings);
            let barred = self.truth.pools[&pool].wish.bars(*a, number);
            usable.contains(a) && !barred && self.may_hold(number, *a, holdings) && lent
        };
        (fits && addresses.iter().all(free)).then_some((pool, addresses))
    }

    /// So many of a family that the Service may hold, besides those that it has.
    fn first_in(
        &self,
        pool: u8,
        (v6, count): (bool, usize),
        has: &[IpAddr],
        number: u8,
        holdings: &Holdings,
    ) -> Vec<IpAddr> {
        if self.lender(pool).is_some() {
            let lacks = count > 0 && !has.iter().any(|address| address.is_ipv6() == v6);
            return self.lent(pool, v6, number, holdings).filter(|_| lacks).into_iter().collect();
        }
        let Some(sound) = self.book.sound(pool) else { return Vec::new() };
        let wish = &self.truth.pools[&pool].wish;
        let fits = |a: &IpAddr| {
            let free = a.is_ipv6() == v6 && !has.contains(a) && !wish.bars(*a, number);
            free && sound.usable.contains(a) && self.may_hold(number, *a, holdings)
        };
        let own: Vec<_> = wish.reserved_for(number).filter(fits).collect();
        let others = sound.usable.iter().copied().filter(|a| fits(a) && !own.contains(a));
        own.iter().copied().chain(others).take(count).collect()
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
