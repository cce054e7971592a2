//! What is asked of one endpoint, a bounded number of calls at a time.
//!
//! ```text
//!   Unlisted ── list ──► Up ──── allocate, release; list from time to time, and after a call that failed
//!                ▲ │      ▲ │
//!          pause │ ▼      │ ▼ a list failed
//!               Down ◄──────┘
//! ```

mod answers;
mod sweep;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use super::entry::{Due, Entry, Pace};
use crate::alloc::Wish;
use crate::config::IpamEndpoint;
use crate::name::{PoolName, ServiceKey};
use crate::time::{Instant, Pauses};
use crate::world::{Lie, Loan, LoanFact, LoanKey};

/// Calls of one endpoint at a time.
const WIDTH: usize = 8;
/// After an answer that was of no use, and after an endpoint could not be asked.
const PAUSES: Pauses = Pauses { first: Duration::from_millis(250), longest: Duration::from_secs(30) };
/// Between two lists of an endpoint that answers: what it has forgotten, and what a call that arrived late has left behind,
/// is found then.
const LISTS: Pauses = Pauses { first: Duration::from_secs(300), longest: Duration::from_secs(300) };
/// Between two lists at least, whatever fails.
const BETWEEN_LISTS: Duration = Duration::from_secs(5);

/// One endpoint.
#[derive(Clone, Debug)]
pub(super) struct Line {
    endpoint: IpamEndpoint,
    pools: BTreeSet<PoolName>,
    loans: BTreeMap<LoanKey, Entry>,
    /// Addresses of which a loan has come, or is lost, or is to go back: who holds them looks again.
    moved: BTreeSet<IpAddr>,
    queue: VecDeque<LoanKey>,
    /// Ends of pauses.
    pausing: BTreeSet<(Instant, LoanKey)>,
    health: Health,
    /// Lists that failed, one after another.
    failures: u32,
    listing: bool,
    under_way: usize,
    /// Answers that have come: what makes one pause differ from the next.
    answers: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Health {
    /// Nothing is known of what it lends.
    #[default]
    Unlisted,
    /// It answers, and is to list again then.
    Up { listed: Instant, list_at: Instant },
    /// It does not answer, and is asked again then.
    Down(Instant),
}

/// What a line asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    List,
    Loan(LoanKey, Due),
}

impl Line {
    /// Nothing was asked yet.
    pub(super) fn to(endpoint: IpamEndpoint) -> Self {
        Self {
            endpoint,
            pools: BTreeSet::new(),
            loans: BTreeMap::new(),
            moved: BTreeSet::new(),
            queue: VecDeque::new(),
            pausing: BTreeSet::new(),
            health: Health::Unlisted,
            failures: 0,
            listing: false,
            under_way: 0,
            answers: 0,
        }
    }

    /// Takes which pools name the endpoint. A pool that is new may have loans already: they are listed.
    pub(super) fn serve(&mut self, pools: BTreeSet<PoolName>) {
        if !pools.is_subset(&self.pools) {
            self.health = Health::Unlisted;
        }
        self.pools = pools;
    }

    /// Takes that the pool names it no longer: nobody wishes for its loans.
    pub(super) fn forget(&mut self, pool: &PoolName) -> LoanFact {
        let of_pool = |key: &&LoanKey| key.pool == *pool;
        let keys: Vec<_> = self.loans.keys().filter(of_pool).cloned().collect();
        keys.iter().for_each(|key| self.unwant(key));
        LoanFact::Failing([pool.clone()].into(), None, BTreeSet::new())
    }

    /// Whether nobody names the endpoint, and nothing is left to be given back.
    pub(super) fn is_over(&self) -> bool {
        self.pools.is_empty() && self.loans.is_empty() && self.under_way == 0 && !self.listing
    }

    /// Takes a wish. Who lends what another Service holds has forgotten a loan: it is asked soon what it lends.
    pub(super) fn want(&mut self, wish: &Wish) {
        if let Some((_, Lie::Taken)) = wish.lie {
            self.doubt();
        }
        self.loans.entry(wish.loan.clone()).or_default().want(wish.lie);
        self.line_up(&wish.loan);
    }

    /// Takes that nobody wishes for it any more.
    pub(super) fn unwant(&mut self, loan: &LoanKey) {
        if let Some(entry) = self.loans.get_mut(loan) {
            entry.unwant();
            self.line_up(loan);
        }
    }

    fn fact(&self, key: LoanKey, loan: Option<Loan>) -> LoanFact {
        LoanFact::Loan(self.endpoint.clone(), key, loan)
    }

    /// The next question, if one more may be under way.
    pub(super) fn poll(&mut self, now: Instant) -> Option<Question> {
        if self.listing {
            return None;
        }
        if self.list_at().is_some_and(|at| at <= now) {
            self.listing = self.under_way == 0;
            return self.listing.then_some(Question::List);
        }
        if !matches!(self.health, Health::Up { .. }) || self.under_way >= WIDTH {
            return None;
        }
        self.end_pauses(now);
        self.next_loan()
    }

    /// When [`Self::poll`] is to be called although nothing has happened.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        if self.listing {
            return None;
        }
        let list = self.list_at().filter(|_| self.under_way == 0);
        let up = matches!(self.health, Health::Up { .. }) && self.under_way < WIDTH;
        let pause = self.pausing.first().filter(|_| up).map(|(until, _)| *until);
        list.into_iter().chain(pause).min()
    }

    /// When the next list is due. Whom no pool names is asked for nothing but to take back.
    fn list_at(&self) -> Option<Instant> {
        match self.health {
            Health::Unlisted => Some(Instant::ZERO),
            Health::Up { .. } if self.pools.is_empty() => None,
            Health::Up { list_at, .. } | Health::Down(list_at) => Some(list_at),
        }
    }

    fn next_loan(&mut self) -> Option<Question> {
        while let Some(key) = self.queue.pop_front() {
            let Some(entry) = self.loans.get_mut(&key) else { continue };
            entry.queued = false;
            let Some(due) = entry.due().filter(|_| entry.pace == Pace::Ready) else { continue };
            entry.begin();
            self.under_way += 1;
            return Some(Question::Loan(key, due));
        }
        None
    }

    fn end_pauses(&mut self, now: Instant) {
        while let Some((until, key)) = self.pausing.first().filter(|(until, _)| *until <= now).cloned() {
            self.end_pause(until, &key);
        }
    }

    fn end_pause(&mut self, until: Instant, key: &LoanKey) {
        self.pausing.remove(&(until, key.clone()));
        if let Some(entry) = self.loans.get_mut(key).filter(|entry| entry.pace == Pace::Pausing(until)) {
            entry.pace = Pace::Ready;
            self.line_up(key);
        }
    }

    /// Puts a loan in line, if something is due on it.
    fn line_up(&mut self, key: &LoanKey) {
        let Some(entry) = self.loans.get_mut(key) else { return };
        if !entry.queued && entry.pace == Pace::Ready && entry.due().is_some() {
            entry.queued = true;
            self.queue.push_back(key.clone());
        }
    }

    /// Services that wait for the endpoint.
    fn waiting(&self) -> BTreeSet<ServiceKey> {
        let waiting = self.loans.iter().filter(|(_, entry)| entry.wanted);
        waiting.map(|(key, _)| key.service.clone()).collect()
    }
}
