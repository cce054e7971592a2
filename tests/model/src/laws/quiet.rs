//! What must hold at quiet points, of addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use patina::world::Service;

use super::lent::lent;
use super::{Last, Law, Laws, Phase, Settled, Violation, hold};
use crate::object;
use crate::reference::{Book, Has, Holdings, Reference, Standing, compatible, count, sorted, wanted};
use crate::server::Server;
use crate::step::{Families, Type};
use crate::truth::{Asked, Truth};

/// What the statuses show, by the number of the Service.
type Shown = BTreeMap<u8, Standing>;

impl Laws {
    /// All is settled: judges, and remembers what stands. `terms` have begun so far.
    ///
    /// # Errors
    /// The first law that is broken.
    pub fn judge(&mut self, settled: &Settled<'_>, terms: u32, at: Duration) -> Result<(), Violation> {
        let Settled { truth, server, endpoints } = *settled;
        let shown = shown(truth, server);
        apart(truth, &shown, at)?;
        let reference = Reference::new(truth, endpoints, &shown);
        let holdings = reference.plan();
        for number in reference.by_age() {
            let (shows, fits) = (&shown[&number].addresses, holdings.get(&number).map(|has| &has.addresses));
            let fits = fits.map(Vec::as_slice).unwrap_or_default();
            hold(shows == fits, Law::Settled, at, || {
                format!("s{number} shows {shows:?}, and is to have {fits:?}")
            })?;
        }
        self.told(truth, server, &holdings, at)?;
        lent(settled, &holdings, at)?;
        self.returns(truth, &holdings, terms, at)?;
        if let Some(last) = &self.last {
            self.phase.keeps(truth, last, &holdings, terms, at)?;
            self.phase.oldest_first(&reference, truth, last, &holdings, at)?;
        }
        self.last = Some(Last { truth: truth.clone(), holdings, terms });
        self.phase = Phase { addresses: self.left_by_hand(truth, server), ..Phase::default() };
        Ok(())
    }

    /// Addresses that a hand has written into the status of a Service that is not ours, and that still stand there.
    fn left_by_hand(&self, truth: &Truth, server: &Server) -> BTreeSet<IpAddr> {
        let foreign = |number: &u8| truth.services.get(number).is_some_and(|s| s.wish.kind != Type::Balancer);
        let stands = |number: &u8, shown: &[IpAddr]| {
            server.service(&object::service_key(*number)).is_some_and(|service| *service.ingress == *shown)
        };
        let left = self.by_hand.iter().filter(|(number, shown)| foreign(number) && stands(number, shown));
        left.flat_map(|(_, shown)| shown).copied().collect()
    }
}

fn shown(truth: &Truth, server: &Server) -> Shown {
    let standing = |service: &Service| Standing {
        addresses: service.ingress.to_vec(),
        mark: service.annotations.allocated_from.as_deref().and_then(read_mark).unwrap_or_default(),
    };
    let ours = truth.services.iter().filter(|(_, asked)| asked.wish.kind == Type::Balancer);
    ours.filter_map(|(number, _)| Some((*number, standing(server.service(&object::service_key(*number))?))))
        .collect()
}

fn read_mark(names: &str) -> Option<Vec<u8>> {
    names.split(',').map(|name| name.strip_prefix('p')?.parse().ok()).collect()
}

fn apart(truth: &Truth, shown: &Shown, at: Duration) -> Result<(), Violation> {
    for (one, standing) in shown {
        for (other, theirs) in shown.range(one + 1..) {
            let doubled = standing.addresses.iter().find(|address| theirs.addresses.contains(address));
            let clash =
                doubled.filter(|_| !compatible(&truth.services[one].wish, &truth.services[other].wish));
            hold(clash.is_none(), Law::Apart, at, || format!("s{one} and s{other} both show {clash:?}"))?;
        }
    }
    Ok(())
}

impl Phase {
    /// Whose pool and wish have not changed holds what it held.
    fn keeps(
        &self,
        truth: &Truth,
        last: &Last,
        now: &Holdings,
        terms: u32,
        at: Duration,
    ) -> Result<(), Violation> {
        for (number, held) in &last.holdings {
            if !self.is_untouched(*number, truth, last) || !is_full(held, &last.truth.services[number]) {
                continue;
            }
            let stays = !self.labels && !self.moves_pools(truth, last, *number, held);
            let forgotten =
                terms != last.terms && held.addresses.iter().any(|a| self.contested(*a, *number, last));
            let has = now.get(number).map(|has| &has.addresses);
            hold(!stays || forgotten || has == Some(&held.addresses), Law::Keeps, at, || {
                format!("s{number} had {:?} and has {has:?}", held.addresses)
            })?;
        }
        Ok(())
    }

    /// Whether its pool was written or rejected, or another one that has held its addresses was: the older of two is in force.
    fn moves_pools(&self, truth: &Truth, last: &Last, number: u8, held: &Has) -> bool {
        let sound = |truth: &Truth| {
            let book = Book::read(truth);
            held.homes.names().all(|pool| book.sound(pool).is_some())
        };
        let judged_anew = !sound(truth) || !sound(&last.truth);
        judged_anew
            || self.swaps_parts(truth, number, held)
            || held.homes.names().any(|pool| self.pools.contains(&pool))
            || held.addresses.iter().any(|address| self.pooled.contains(address))
    }

    /// Whether it names two pools, and what they have now tells which is for which family: it does not hold in the order in which
    /// it names them, or a bad request costs what is held. A pool that is written anew may put another one in force or out.
    fn swaps_parts(&self, truth: &Truth, number: u8, held: &Has) -> bool {
        let wish = &truth.services[&number].wish;
        let Some(beside) = wish.beside else { return false };
        let named = [wish.pool, Some(beside)];
        let in_order =
            |(v6, named): (bool, Option<u8>)| held.homes.of(v6).is_none_or(|pool| Some(pool) == named);
        !self.pools.is_empty() && (truth.strict || ![false, true].into_iter().zip(named).all(in_order))
    }

    /// Whether it is the same Service and nobody has touched it.
    fn is_untouched(&self, number: u8, truth: &Truth, last: &Last) -> bool {
        let (before, now) = (last.truth.services.get(&number), truth.services.get(&number));
        let same = before.zip(now).is_some_and(|(before, now)| before.uid == now.uid);
        same && !self.services.contains(&number) && !self.shown.contains(&number)
    }

    /// Whether somebody else has got a claim to the address by a hand or by a change: after a change of leader nobody
    /// remembers who was there first.
    fn contested(&self, address: IpAddr, number: u8, last: &Last) -> bool {
        let others =
            last.holdings.iter().filter(|(other, has)| **other != number && has.addresses.contains(&address));
        self.addresses.contains(&address)
            || others.into_iter().any(|(other, _)| self.services.contains(other))
    }

    /// Whoever got something exclusive got nothing that an older one was waiting for. Told only where nothing but Services
    /// has changed, and of those who wait for one address; where endpoints lend, who asks first is served first.
    fn oldest_first(
        &self,
        reference: &Reference<'_>,
        truth: &Truth,
        last: &Last,
        now: &Holdings,
        at: Duration,
    ) -> Result<(), Violation> {
        if !self.pools.is_empty() || self.labels || self.foreign || borrows(truth) {
            return Ok(());
        }
        let by_age = reference.by_age();
        let waits = |number: &u8| {
            let asked = &truth.services[number];
            let single = matches!(asked.wish.families, Families::V4 | Families::V6);
            let waited = !last.holdings.contains_key(number) && !now.contains_key(number);
            single && waited && self.is_untouched(*number, truth, last)
        };
        let got = |number: &u8| {
            let exclusive = truth.services[number].wish.key.is_none() && !self.shown.contains(number);
            let had = last.holdings.get(number).map(|has| &has.addresses);
            let is_new = |address: &IpAddr| had.is_none_or(|had| !had.contains(address));
            exclusive && now.get(number).is_some_and(|has| has.addresses.iter().all(is_new))
        };
        for (place, waiting) in by_age.iter().enumerate().filter(|(_, number)| waits(number)) {
            for younger in by_age[place..].iter().filter(|number| got(number)) {
                let mut without = now.clone();
                without.remove(younger);
                let could = reference.best(*waiting, &without);
                hold(could.is_none(), Law::OldestFirst, at, || {
                    format!("s{younger} got what s{waiting} waits for: {could:?}")
                })?;
            }
        }
        Ok(())
    }
}

fn borrows(truth: &Truth) -> bool {
    truth.pools.values().any(|offered| offered.wish.lender.is_some())
}

/// Whether it holds all that it asks for.
pub(super) fn is_full(held: &Has, asked: &Asked) -> bool {
    let full = |v6: &bool| count(&held.addresses, *v6) >= asked.wish.least();
    held.content && wanted(asked.wish.families).iter().all(full) && held.addresses == sorted(&held.addresses)
}
