//! What an endpoint's answers make of its line.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::{BETWEEN_LISTS, Health, LISTS, Line, PAUSES};
use crate::lending::entry::{Entry, Pace, Standing};
use crate::lending::{CallError, Reply};
use crate::time::Instant;
use crate::world::{Loan, LoanFact, LoanKey};

impl Line {
    /// Takes the answer to a list.
    pub(in crate::lending) fn handle_list(
        &mut self,
        answer: Result<Reply, CallError>,
        now: Instant,
    ) -> Vec<LoanFact> {
        self.answers += 1;
        self.listing = false;
        match answer {
            Ok(Reply::Listed(loans)) => {
                let mut facts = self.sync(loans.into_iter().collect());
                facts.push(self.go_up(now));
                facts
            }
            Ok(Reply::Lent(_) | Reply::Released) => self.go_down(&"answered another question".into(), now),
            Err(CallError::Refused(words) | CallError::Failed(words) | CallError::Garbled(words)) => {
                self.go_down(&words, now)
            }
        }
    }

    fn go_up(&mut self, now: Instant) -> LoanFact {
        self.failures = 0;
        self.health = Health::Up { listed: now, list_at: now + LISTS.after(0, self.answers) };
        LoanFact::Failing(self.pools.clone(), None, self.waiting())
    }

    fn go_down(&mut self, words: &Arc<str>, now: Instant) -> Vec<LoanFact> {
        self.health = Health::Down(now + PAUSES.after(self.failures, self.answers));
        self.failures = self.failures.saturating_add(1);
        vec![LoanFact::Failing(self.pools.clone(), Some(words.clone()), self.waiting())]
    }

    /// Everything that the endpoint lends is known now; what it does not list it does not lend.
    fn sync(&mut self, listed: BTreeMap<LoanKey, IpAddr>) -> Vec<LoanFact> {
        let unlisted: Vec<_> = self.loans.keys().filter(|key| !listed.contains_key(key)).cloned().collect();
        let mut facts = Vec::new();
        for key in unlisted {
            let Some(entry) = self.loans.get_mut(&key) else { continue };
            if let Standing::Lent(address) = entry.standing {
                self.moved.insert(address);
                facts.push(LoanFact::Loan(self.endpoint.clone(), key.clone(), None));
            }
            (entry.standing, entry.back) = (Standing::Free, None);
            self.line_up(&key);
        }
        for (key, address) in listed {
            let entry = self.loans.entry(key.clone()).or_default();
            if let Standing::Lent(before) = entry.standing
                && before != address
            {
                self.moved.insert(before);
            }
            if entry.back.is_some() {
                entry.standing = Standing::Unsure(Some(address));
            } else {
                if entry.standing != Standing::Lent(address) {
                    self.moved.insert(address);
                }
                entry.standing = Standing::Lent(address);
                facts.push(LoanFact::Loan(self.endpoint.clone(), key.clone(), Some(Loan::Lent(address))));
            }
            self.line_up(&key);
        }
        facts
    }

    /// Takes the answer to an allocation.
    pub(in crate::lending) fn handle_allocate(
        &mut self,
        key: &LoanKey,
        answer: Result<Reply, CallError>,
        now: Instant,
    ) -> Vec<LoanFact> {
        let Some(entry) = self.end(key) else { return Vec::new() };
        let loan = match answer {
            Ok(Reply::Lent(address)) => {
                entry.standing = Standing::Lent(address);
                self.moved.insert(address);
                Loan::Lent(address)
            }
            Ok(Reply::Listed(_) | Reply::Released) => Loan::Failed("answered another question".into()),
            Err(CallError::Refused(words)) => {
                entry.standing = Standing::Free;
                Loan::Refused(words)
            }
            Err(CallError::Garbled(words)) => Loan::Failed(words),
            Err(CallError::Failed(words)) => {
                self.doubt();
                Loan::Failed(words)
            }
        };
        if !matches!(loan, Loan::Lent(_)) {
            self.pause(key, now);
        }
        self.line_up(key);
        vec![self.fact(key.clone(), Some(loan))]
    }

    /// Takes the answer to a release.
    pub(in crate::lending) fn handle_release(
        &mut self,
        key: &LoanKey,
        answer: Result<Reply, CallError>,
        now: Instant,
    ) {
        let Some(entry) = self.end(key) else { return };
        match answer {
            Ok(Reply::Released) => {
                let spurned = entry.back.take();
                entry.standing = Standing::Free;
                if spurned.is_some() {
                    self.pause(key, now);
                } else {
                    self.wake_one(key);
                }
            }
            Err(CallError::Failed(_)) => {
                self.doubt();
                self.pause(key, now);
            }
            Ok(Reply::Listed(_) | Reply::Lent(_)) | Err(CallError::Refused(_) | CallError::Garbled(_)) => {
                self.pause(key, now);
            }
        }
        self.line_up(key);
    }

    /// An address of the pool is free: who waits for one of its family need not wait for the end of a pause.
    fn wake_one(&mut self, released: &LoanKey) {
        let fits = |key: &LoanKey| key.pool == released.pool && key.family == released.family;
        let waits = |key: &LoanKey| self.loans.get(key).is_some_and(|entry| entry.wanted);
        let mut waiting = self.pausing.iter().filter(|(_, key)| fits(key) && waits(key));
        let Some((until, key)) = waiting.next().cloned() else { return };
        self.end_pause(until, &key);
    }

    fn end(&mut self, key: &LoanKey) -> Option<&mut Entry> {
        self.answers += 1;
        self.under_way = self.under_way.saturating_sub(1);
        let entry = self.loans.get_mut(key)?;
        entry.pace = Pace::Ready;
        Some(entry)
    }

    fn pause(&mut self, key: &LoanKey, now: Instant) {
        let Some(entry) = self.loans.get_mut(key) else { return };
        let until = now + PAUSES.after(entry.failures, self.answers);
        entry.failures = entry.failures.saturating_add(1);
        entry.pace = Pace::Pausing(until);
        self.pausing.insert((until, key.clone()));
    }

    /// A call has failed, or what it lends contradicts itself: what is true is told by the next list, which is due soon.
    pub(in crate::lending) fn doubt(&mut self) {
        if let Health::Up { listed, list_at } = self.health {
            let list_at = list_at.min(listed + BETWEEN_LISTS);
            self.health = Health::Up { listed, list_at };
        }
    }
}
