//! The best that a Service could have.

use std::net::IpAddr;

use super::{Has, Holdings, Homes, Reference, readable, sorted, wanted};
use crate::step::Families;

impl Reference<'_> {
    /// The best that the Service could have besides what the others hold.
    pub fn best(&self, number: u8, holdings: &Holdings) -> Option<Has> {
        let asked = &self.truth.services[&number];
        if !asked.wish.addresses.is_empty() {
            return self.requested(number, holdings).filter(|_| readable(asked));
        }
        if asked.wish.beside.is_some() {
            return self.best_of_two(number, holdings);
        }
        let tiers = match asked.wish.pool {
            Some(pool) => vec![vec![pool]],
            None => self.book.tiers(self.truth),
        };
        let own = asked.wish.pool.is_none().then(|| self.reserved(number, holdings)).flatten();
        own.or_else(|| tiers.iter().find_map(|tier| self.best_of(tier, number, holdings)))
    }

    /// What a Service gets of pools that keep an address for it, asked for or not.
    fn reserved(&self, number: u8, holdings: &Holdings) -> Option<Has> {
        let kept = |pool: &u8| self.truth.pools[pool].wish.reserved_for(number).collect::<Vec<_>>();
        let pools = self.truth.pools.keys().copied().filter(|pool| !kept(pool).is_empty());
        pools.into_iter().find_map(|pool| {
            let found = self.best_of(&[pool], number, holdings)?;
            found.addresses.iter().any(|address| kept(&pool).contains(address)).then_some(found)
        })
    }

    fn best_of(&self, tier: &[u8], number: u8, holdings: &Holdings) -> Option<Has> {
        let choices: &[&[bool]] = match self.truth.services[&number].wish.families {
            Families::V4 => &[&[false]],
            Families::V6 => &[&[true]],
            Families::Both => &[&[false, true]],
            Families::PreferV4 => &[&[false, true], &[false], &[true]],
            Families::PreferV6 => &[&[false, true], &[true], &[false]],
        };
        let open = |pool: &&u8| self.is_open(**pool, number);
        let least = self.truth.services[&number].wish.least();
        let amounts = choices.iter().flat_map(|families| [(*families, least), (*families, 1)]);
        amounts.into_iter().find_map(|(families, amount)| {
            tier.iter().filter(open).find_map(|pool| {
                let some = |v6: &bool| {
                    let found = self.first_in(*pool, (*v6, least), &[], number, holdings);
                    (found.len() >= amount).then_some(found)
                };
                let found = families.iter().map(some).collect::<Option<Vec<_>>>()?;
                let addresses: Vec<_> = found.into_iter().flatten().collect();
                Some(Has { homes: Homes::one(*pool, &addresses), addresses, content: true })
            })
        })
    }

    /// Each wanted family from the pool that is named for it; of two that are preferred one will do.
    fn best_of_two(&self, number: u8, holdings: &Holdings) -> Option<Has> {
        let wish = &self.truth.services[&number].wish;
        let half = |v6: &bool| {
            let pool = self.asked_for(number, *v6).flatten().filter(|pool| self.is_open(*pool, number))?;
            let found = self.first_in(pool, (*v6, wish.least()), &[], number, holdings);
            (!found.is_empty()).then_some((pool, found))
        };
        let halves: Vec<_> = wanted(wish.families).iter().map(half).collect();
        let enough = match wish.families {
            Families::V4 | Families::V6 | Families::Both => halves.iter().all(Option::is_some),
            Families::PreferV4 | Families::PreferV6 => halves.iter().any(Option::is_some),
        };
        let mut has = Has { addresses: Vec::new(), homes: Homes::default(), content: true };
        for (pool, found) in halves.into_iter().flatten() {
            has.homes = found.iter().fold(has.homes, |homes, address| homes.with(address.is_ipv6(), pool));
            has.addresses.extend(found);
        }
        enough.then_some(has)
    }

    fn requested(&self, number: u8, holdings: &Holdings) -> Option<Has> {
        let addresses = sorted(&self.truth.services[&number].wish.addresses);
        let homes = self.homes(number, &addresses, |address| self.book.sound_home(address))?;
        let differs = |v6| self.asked_for(number, v6).is_some_and(|asked| asked != homes.of(v6));
        let elsewhere = [false, true].into_iter().any(|v6| homes.of(v6).is_some() && differs(v6));
        let free = |address: &IpAddr| {
            let pool = homes.of(address.is_ipv6());
            pool.is_some_and(|pool| self.is_free_by_name(pool, *address, number, holdings))
        };
        (!elsewhere && addresses.iter().all(free)).then_some(Has { addresses, homes, content: true })
    }

    fn is_free_by_name(&self, pool: u8, address: IpAddr, number: u8, holdings: &Holdings) -> bool {
        let lent = self.lender(pool).is_none() || self.lent_by_name(pool, address, number, holdings);
        let usable = self.book.sound(pool).is_some_and(|sound| sound.usable.contains(&address));
        let barred = self.truth.pools[&pool].wish.bars(address, number);
        lent && usable && !barred && self.is_open(pool, number) && self.may_hold(number, address, holdings)
    }

    /// So many of a family that the Service may hold, besides those that it has.
    pub(super) fn first_in(
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
}
