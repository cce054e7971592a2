//! Looking in two pools, for a Service that names one for each family.

use super::search::Search;
use super::{Addresses, Allocation, Families, Ledger, PassedOver, Refusal, Unlent};
use crate::addr::Family;
use crate::config::Pool;
use crate::name::PoolName;

/// What one of two pools has for its family.
type Found = Result<Allocation, PassedOver>;

impl<'a> Search<'a> {
    /// Addresses of each wanted family from the pool that is named for it.
    pub(super) fn in_two(
        &mut self,
        one: &PoolName,
        other: &PoolName,
        ledger: &mut Ledger,
    ) -> Result<Allocation, Refusal> {
        let known =
            |name: &PoolName| self.config.pool(name).ok_or_else(|| Refusal::PoolUnknown(name.clone()));
        let (one, other) = (known(one)?, known(other)?);
        let pools = [self.apart(one, other, Family::V4)?, self.apart(one, other, Family::V6)?];
        match self.demand.families {
            Families::Only(family) => {
                let pool = pools[usize::from(family == Family::V6)];
                let found = self.half(pool, family, ledger);
                self.searched(pool, Families::Only(family), &found);
                found.map_err(|passed| passed.refusal(&pool.name))
            }
            Families::Both => self.both_halves(pools, None, ledger),
            Families::PreferBoth { primary } => self.both_halves(pools, Some(primary), ledger),
        }
    }

    /// One half will do if there is a `primary` family: that one, or else the other.
    fn both_halves(
        &mut self,
        [v4, v6]: [&'a Pool; 2],
        primary: Option<Family>,
        ledger: &mut Ledger,
    ) -> Result<Allocation, Refusal> {
        let halves = [self.half(v4, Family::V4, ledger), self.half(v6, Family::V6, ledger)];
        let both = match &halves {
            [Ok(four), Ok(six)] => Some(four.clone().and(six)),
            _ => None,
        };
        let (first, second) =
            (told(&halves[0], &halves[1], v6, primary), told(&halves[1], &halves[0], v4, primary));
        self.searched(v4, Families::Only(Family::V4), &first);
        self.searched(v6, Families::Only(Family::V6), &both.clone().map_or(second, Ok));
        let [four, six] = halves;
        if let Some(pool) = [(&four, v4), (&six, v6)].into_iter().find(|(half, _)| is_pending(half)) {
            return Err(PassedOver::Unlent(Unlent::Pending).refusal(&pool.1.name));
        }
        match (both, primary) {
            (Some(both), _) => Ok(both),
            (None, Some(_)) => four.or_else(|passed| six.map_err(|_| passed.refusal(&v4.name))),
            (None, None) => {
                let refused =
                    |found: Found, pool: &Pool| found.err().map(|passed| passed.refusal(&pool.name));
                Err(refused(four, v4).or_else(|| refused(six, v6)).unwrap_or(Refusal::NotTogether))
            }
        }
    }

    fn half(&mut self, pool: &'a Pool, family: Family, ledger: &mut Ledger) -> Found {
        if let Some(passed) = self.barred(pool) {
            return Err(passed);
        }
        let addresses = self.some_of(pool, family, ledger)?.into_iter().collect::<Addresses>();
        Ok(Allocation::from_one(&pool.name, addresses))
    }
}

/// The endpoint of its pool has not answered yet.
fn is_pending(half: &Found) -> bool {
    half.as_ref().is_err_and(PassedOver::is_pending)
}

/// What is to be said of one pool: without a family that alone would do, it gives nothing unless the `other` does.
fn told(found: &Found, beside: &Found, other: &Pool, primary: Option<Family>) -> Found {
    match (found, beside) {
        (Ok(_), Err(_)) if primary.is_none() => Err(PassedOver::NotTogether(other.name.clone())),
        _ => found.clone(),
    }
}
